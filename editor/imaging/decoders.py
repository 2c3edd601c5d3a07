"""Processes that decode untrusted pictures: each one picture, and then no more.

Starting Python takes longer than decoding most pictures, so one process stands ready. It has imported
what it needs and waits for its order; when this process ends, its pipe closes and it leaves.
"""

import os
import subprocess
import sys
import threading
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


class Decoders:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ready: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def run(self, order: bytes, timeout: float) -> "subprocess.CompletedProcess[bytes]":
        """Give `order` to a fresh process. Raises subprocess.TimeoutExpired, and then it is killed."""
        process = self._take()
        try:
            answer, _ = process.communicate(order, timeout=timeout)
        except BaseException:
            process.kill()
            process.communicate()
            raise
        return subprocess.CompletedProcess(process.args, process.returncode, answer)

    def _take(self) -> "subprocess.Popen[bytes]":
        with self._lock:
            # After a fork the one that stands ready belongs to the other process.
            ready = self._ready if self._owner == os.getpid() else None
            if ready is None or ready.poll() is not None:
                ready = _started()
            self._ready, self._owner = _started(), os.getpid()
            return ready


def _started() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-s", "-E", "-m", "editor.imaging.child"],
        cwd=_ROOT,
        # no secrets within a decoder's reach; many cores would reserve memory for each thread
        env={"OPENBLAS_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


decoders = Decoders()
