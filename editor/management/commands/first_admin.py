"""The first administrator of an installation without one."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from editor.management.first_sign_in import make_first_administrator
from editor.models import Link, Person


class Command(BaseCommand):
    help = "Make the first administrator, with a generated password and a one-time sign-in link."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", default="admin")

    def handle(self, *args: Any, **options: Any) -> None:
        if Person.objects.exists():
            raise CommandError("there are people already. An administrator invites others.")
        admin, password = make_first_administrator(options["username"], Path(settings.DATA_DIR))
        self.stdout.write(f"username: {admin.username}\npassword: {password}")
        self.stdout.write(f"sign in once at: /enter/{Link.sign_in(admin)}/")
