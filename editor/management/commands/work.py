"""Do the work straight from the database, with no broker at all."""

import signal
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand
from django.utils import timezone

from editor.jobs import drain, leases
from editor.jobs.sweep import sweep
from editor.models import Heartbeat


class Command(BaseCommand):
    help = "Run everything that is due, straight from the database, then leave (or, with --forever, wait for more)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--forever", action="store_true", help="wait for more until stopped")
        parser.add_argument("--threads", type=int, default=settings.WORKER_THREADS)

    def handle(self, *args: Any, **options: Any) -> None:
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: drain.stopping.set())
        leases.start("worker")
        done = self.once(options["threads"])
        while options["forever"] and not drain.stopping.is_set():
            time.sleep(0.5)
            done += self.once(options["threads"])
        self.stdout.write(f"{done} done")

    def once(self, threads: int) -> int:
        Heartbeat.beat("worker", timezone.now())
        sweep(hint=lambda _edit_id: True)
        return drain.drain(max(1, threads))
