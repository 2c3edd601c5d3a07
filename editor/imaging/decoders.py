"""Processes that decode untrusted pictures: each one picture, and then no more.

Starting Python takes longer than decoding most pictures, so each is forked from a nursery that has
imported what is needed and never touches a picture itself. The nursery leaves when we do.
"""

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]


class Nursery:
    """A process to fork decoders from, started when first needed, and again when it is gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ours: socket.socket | None = None
        self._owner = 0

    def run(self, order: dict[str, Any], seconds: float) -> "subprocess.CompletedProcess[bytes]":
        """Give `order` to a decoder of its own; its answer, and how it ended. It is killed after
        `seconds`, and its return code is that of SIGKILL then."""
        reading, writing = os.pipe()
        try:
            self._send(json.dumps({**order, "seconds": seconds}).encode(), writing)
        finally:
            os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            said = pipe.read()
        answer, _, code = said.rpartition(b"\n")
        return subprocess.CompletedProcess([], int(code or -1), answer)

    def _send(self, order: bytes, writing: int) -> None:
        with self._lock:
            try:
                socket.send_fds(self._socket(), [order], [writing])
            except OSError:  # it has been killed
                self._ours = None
                socket.send_fds(self._socket(), [order], [writing])

    def _socket(self) -> socket.socket:
        # After a fork the nursery belongs to the other process.
        if self._ours is None or self._owner != os.getpid():
            self._ours, self._owner = _started(), os.getpid()
        return self._ours


def _started() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        subprocess.Popen(
            [sys.executable, "-s", "-E", "-m", "editor.imaging.child", str(theirs.fileno())],
            cwd=_ROOT,
            pass_fds=[theirs.fileno()],
            # no secrets within a decoder's reach; many cores would reserve memory for each thread
            env={"OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us: what is being decoded may be paid for
        )
    return ours


nursery = Nursery()
