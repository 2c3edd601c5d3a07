"""How the first administrator gets in."""

import os
import secrets
from pathlib import Path

from editor.models import Person, Role

FILE = "first-login.txt"


def make_first_administrator(username: str, folder: Path) -> tuple[Person, str]:
    """The first administrator and the generated password, which is in the file before the person is
    there: whenever this dies, the next start makes both, or somebody can sign in."""
    password = secrets.token_urlsafe(12)
    keep_first_sign_in(folder, username, password)
    admin = Person.objects.create_user(
        username, password=password, role=Role.ADMIN, display_name=username.capitalize()
    )
    return admin, password


def keep_first_sign_in(folder: Path, username: str, password: str) -> Path:
    """Write name and password to a file that only its owner can read."""
    path = folder / FILE
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"username: {username}\npassword: {password}\n")
    return path
