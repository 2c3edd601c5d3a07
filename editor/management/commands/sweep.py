"""The sweeper, in a process of its own."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand

from editor.jobs import leases
from editor.jobs.sweep import Sweeper


class Command(BaseCommand):
    help = "Find edits that were left behind and put them right, every few seconds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="sweep once and leave")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        sweeper = Sweeper(settings.SWEEP_EVERY_S, stop)
        if options["once"]:
            swept = sweeper.once()
            sweeper.pool.shutdown(wait=True)
            self.stdout.write(str(swept))
            return
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: stop.set())
        leases.start()
        sweeper.run()
