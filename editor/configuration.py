"""Typed readers of environment variables, for settings.py alone.

Each variable may be given as ``NAME`` or, for secrets kept in files, as ``NAME_FILE``. A value that cannot be
used raises ImproperlyConfigured with one sentence that names the variable and what it takes.
"""

import os
import secrets
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str = "") -> str:
    value, file = os.environ.get(name, ""), os.environ.get(f"{name}_FILE", "")
    if value and file:
        raise ImproperlyConfigured(f"give {name} or {name}_FILE, not both.")
    if not file:
        return value.strip() or default
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE can't be read: {error.strerror}.") from error


def number(name: str, default: float, *, least: float = 0, most: float = 1e12) -> float:
    value = text(name)
    try:
        found = float(value) if value else default
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number, not “{value}”.") from None
    if not least <= found <= most:
        raise ImproperlyConfigured(f"{name} must be between {least:g} and {most:g}, not {found:g}.")
    return found


def integer(name: str, default: int, *, least: int = 0, most: int = 10**12) -> int:
    found = number(name, default, least=least, most=most)
    if found != int(found):
        raise ImproperlyConfigured(f"{name} must be a whole number, not {found:g}.")
    return int(found)


def flag(name: str, default: bool = False) -> bool:
    value = text(name).lower()
    if value in ("", "1", "true", "yes", "on", "0", "false", "no", "off"):
        return default if not value else value in ("1", "true", "yes", "on")
    raise ImproperlyConfigured(f"{name} must be yes or no, not “{value}”.")


def one_of(name: str, default: str, taken: tuple[str, ...]) -> str:
    """The one of `taken` that the value names, whichever way it is capitalised."""
    value = text(name, default)
    for known in taken:
        if value.lower() == known.lower():
            return known
    raise ImproperlyConfigured(f"{name} must be {' or '.join(filter(None, taken))}, not “{value}”.")


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def pairs(name: str) -> dict[str, str]:
    """`left=right` pairs, parted by commas."""
    found = [word.partition("=") for word in words(name)]
    if not all(left.strip() and right.strip() for left, _, right in found):
        raise ImproperlyConfigured(f"{name} must be written as model=name, model=name.")
    return {left.strip(): right.strip() for left, _, right in found}


def url(name: str, default: str, schemes: tuple[str, ...]) -> str:
    """A URL of one of `schemes`; the value itself is never repeated, for it may hold a password."""
    value = text(name, default)
    try:
        scheme = urlsplit(value).scheme
    except ValueError:
        scheme = ""
    if scheme not in schemes:
        taken = " or ".join(f"{known}://…" for known in schemes)
        raise ImproperlyConfigured(f"{name} must be {taken}.")
    return value


def writable_folder(name: str, path: Path) -> Path:
    """`path`, made if it is not there yet, and proved to take a file."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name} ({path}) can't be written: {error.strerror}."
        ) from error


def kept_secret(path: Path) -> str:
    """The secret in `path` (mode 600), made on the first start. Safe when two processes start at once."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip() or kept_secret_after_crash(path)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(50))
    return path.read_text().strip()


def kept_secret_after_crash(path: Path) -> str:
    path.unlink()
    return kept_secret(path)
