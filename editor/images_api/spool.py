"""Answers on their way to disk: a file appears under its name complete and durable, or not at all."""

import errno
import json
import os
from pathlib import Path
from typing import IO, Any, Self


class SpoolFailed(Exception):
    """Our own disk would not take the bytes: `code` is "no_space" or "not_kept"."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(str(cause))
        is_full = cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        self.code = "no_space" if is_full else "not_kept"
        self.sentence = "The provider's answer could not be written to disk."
        if is_full:
            self.sentence = "There is no space left to keep the provider's answer."
        self.status: int | None = None  # of the answer, as far as it came
        self.request_id = ""


class Spool:
    """Collects bytes in `<into>.part`; `finish` gives them their name.

    Leaving the `with` block without `finish` keeps the part, unless `keep_part` is False.
    """

    def __init__(self, into: Path, *, keep_part: bool = True) -> None:
        self.into = into
        self.part = into.with_name(into.name + ".part")
        self.written = 0
        self._keep_part = keep_part
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.into.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered: what has been received is in the file even if this process dies now.
            self._file = self.part.open("wb", buffering=0)
        except OSError as error:
            raise SpoolFailed(error) from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            if not self._keep_part:
                self.part.unlink(missing_ok=True)

    def write(self, chunk: bytes) -> None:
        assert self._file is not None
        rest = memoryview(chunk)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]  # a nearly full disk takes a part of it first
        except OSError as error:
            raise SpoolFailed(error) from error
        self.written += len(chunk)

    def finish(self, meta: dict[str, Any] | None = None) -> None:
        """Make the bytes durable, then `meta` as `<into>.json`, then rename, then the folder."""
        assert self._file is not None
        try:
            os.fsync(self._file.fileno())
            self._file.close()
            if meta is not None:
                _write_durably(self.into.with_name(self.into.name + ".json"), meta)
            self.part.replace(self.into)
            _sync_folder(self.into.parent)
        except OSError as error:
            raise SpoolFailed(error) from error


def _write_durably(path: Path, meta: dict[str, Any]) -> None:
    with path.open("w") as file:
        json.dump(meta, file)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
