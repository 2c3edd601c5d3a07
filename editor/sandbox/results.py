"""Result URLs that really expire."""

import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from urllib.parse import urlencode

from editor.sandbox.faults import NONE, Fault

EXACT_ABOVE = 60.0  # seconds; shorter lifetimes are written with milliseconds


class Expired(Exception):
    """The URL's time is over."""


class Unknown(Exception):
    """There never was such a URL."""


@dataclass(frozen=True)
class Result:
    path: Path
    fault: Fault
    tries: int  # how often it was asked for before


class Results:
    """Pictures in a folder, each under a token that says when it ends. They outlive a restart."""

    def __init__(self, folder: Path, lifetime: float) -> None:
        self._folder = folder
        self._lifetime = lifetime
        self._faults: dict[str, Fault] = {}
        self._tries: dict[str, int] = {}
        self._lock = Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, data: bytes, suffix: str, created: float, fault: Fault) -> str:
        """Keep a picture; gives `/files/<token>?…&se=…`, shaped like the signed URLs of the original."""
        self._clean()
        exact = self._lifetime >= EXACT_ABOVE
        ends = (int(created) if exact else created) + self._lifetime
        token = f"{int(ends * 1000):x}-{secrets.token_hex(16)}.{suffix}"
        (self._folder / token).write_bytes(data)
        if fault is not NONE:
            with self._lock:
                self._faults[token] = fault
        times = {
            "st": _written(created - self._lifetime, exact),
            "se": _written(ends, exact),
            "sp": "r",
            "sr": "b",
            "rscd": "inline",
            "sig": secrets.token_urlsafe(32),
        }
        return f"/files/{token}?{urlencode(times)}"

    def find(self, token: str) -> Result:
        """Raises Unknown and Expired."""
        ends = _ends_at(token)
        if ends <= time.time():
            raise Expired
        path = self._folder / token
        if not path.is_file():
            raise Unknown
        with self._lock:
            tries = self._tries.get(token, 0)
            self._tries[token] = tries + 1
            return Result(path, self._faults.get(token, NONE), tries)

    def _clean(self) -> None:
        now = time.time()
        for path in self._folder.iterdir():
            try:
                over = _ends_at(path.name) <= now
            except Unknown:
                continue
            if over:
                path.unlink(missing_ok=True)
                with self._lock:
                    self._faults.pop(path.name, None)
                    self._tries.pop(path.name, None)


def _ends_at(token: str) -> float:
    """A token is `<milliseconds since 1970 in hex>-<random>.<suffix>`. Raises Unknown for others."""
    stem, _, suffix = token.partition(".")
    if not stem.replace("-", "").isalnum() or not suffix.isalnum():
        raise Unknown
    try:
        return int(stem.partition("-")[0], 16) / 1000
    except ValueError:
        raise Unknown from None


def _written(moment: float, exact: bool) -> str:
    text = datetime.fromtimestamp(moment, UTC)
    if exact:
        return text.strftime("%Y-%m-%dT%H:%M:%SZ")
    return text.isoformat(timespec="milliseconds").replace("+00:00", "Z")
