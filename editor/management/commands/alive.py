"""Whether a process of a kind has done its work lately: for health checks of containers."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from editor.jobs.health import recent


class Command(BaseCommand):
    help = "Succeed if the worker (or the sweeper) has been at work within the last 90 seconds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", choices=["worker", "sweeper"])

    def handle(self, *args: Any, **options: Any) -> None:
        state = recent(options["name"])
        if not state["ok"]:
            raise CommandError(f"{options['name']} {state['detail']}")
