"""A personal token for the gateway, from a terminal."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from editor.models import Person, Token


class Command(BaseCommand):
    help = "Make a token with which USERNAME's scripts use the gateway; it is printed this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", default="made in a terminal", help="what it is for")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"].strip()[:80]
        if not name:
            raise CommandError("the name is empty.")
        person = Person.objects.filter(username__iexact=options["username"]).first()
        if person is None:
            raise CommandError(f"there is no person “{options['username']}”.")
        if not person.is_active:
            raise CommandError(f"{person.username} is deactivated: the token would not work.")
        _token, secret = Token.make(person, name)
        self.stdout.write(secret)
