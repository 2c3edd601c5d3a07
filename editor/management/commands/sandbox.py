"""`manage.py sandbox`: serve the local provider."""

import logging
import os
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, DjangoHelpFormatter

from editor.sandbox.manual import manual
from editor.sandbox.server import options_from, serve

DEFAULT_PORT = 8001


class Formatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Leaves the manual's lines as they are."""


class Command(BaseCommand):
    help = "Serve the local provider, which speaks the Images API and costs nothing."
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        told = {"epilog": manual(), "formatter_class": Formatter}
        return super().create_parser(prog_name, subcommand, **told, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=settings.SANDBOX_PORT or None)
        parser.add_argument(
            "--key",
            default=settings.SANDBOX_KEY,  # not the variable: this is what the app will send
            help="The bearer key that callers must send, instead of SANDBOX_KEY (%(default)s).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
        port: int = options["port"] or urlsplit(settings.PROVIDER_BASE_URL).port or DEFAULT_PORT
        environment = {
            "SANDBOX_DIR": str(settings.DATA_DIR / "sandbox"),
            **os.environ,
            "SANDBOX_KEY": options["key"],
            "CATALOGUE_FILE": str(settings.CATALOGUE_FILE or ""),
        }
        try:
            serve(port, host=options["host"], options=options_from(environment))
        except (OSError, ValueError) as error:
            raise CommandError(f"the sandbox cannot start: {error}") from error
