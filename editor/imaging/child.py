"""`python -m editor.imaging.child FD`: forks a process for each untrusted picture, and confines it.

Started by decoders.py, which sends orders as JSON over the socket FD, each with a pipe for the answer. A decoder
that crashes, hangs or devours memory takes itself away and nothing else.
"""

import errno
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image

from . import decoding, previews
from .refusals import ImageRefused, Limits

LARGEST_ORDER = 65536
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def main() -> None:
    Image.init()  # every format's module, once
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as orders:
        while True:
            order, pipes, _, _ = socket.recv_fds(orders, LARGEST_ORDER, 1)
            if not order:  # they are gone
                return
            told = json.loads(order)
            _import_for(told["act"])
            if os.fork() == 0:
                orders.close()
                _mind(told, pipes[0])
            os.close(pipes[0])


def _import_for(act: str) -> None:
    """What takes long to import is imported here, before the fork, where it is done only once."""
    if act == "select":
        from . import selecting

        acts["select"] = selecting.select_file


def _mind(order: dict[str, Any], pipe: int) -> None:
    """Run the decoder in a process below this one, and tell how it ended. Never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    decoder = os.fork()
    if decoder == 0:
        try:
            _decode(order, pipe)
            os._exit(0)
        except BaseException:
            os._exit(1)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(decoder, signal.SIGKILL))
    signal.setitimer(signal.ITIMER_REAL, order["seconds"])
    _, status = os.waitpid(decoder, 0)
    os.write(pipe, f"\n{os.waitstatus_to_exitcode(status)}".encode())
    os._exit(0)


def _decode(order: dict[str, Any], pipe: int) -> None:
    limits = Limits(**order["limits"])
    _confine(limits)
    # our own limit is checked before anything is decoded, and says the size
    Image.MAX_IMAGE_PIXELS = None
    try:
        answer = acts[order["act"]](Path(order["path"]), Path(order["target"]), limits)
    except ImageRefused as refused:
        answer = {"refused": refused.code, "facts": refused.facts}
    except OSError as error:  # a disk that is full says nothing about the picture
        if error.errno not in NO_ROOM:
            raise
        answer = {"no_room": error.errno}
    answer["peak_bytes"] = _peak_bytes()
    with os.fdopen(pipe, "w") as told:
        told.write(json.dumps(answer))


def write_previews(path: Path, directory: Path, limits: Limits) -> dict[str, Any]:
    decoded = decoding.decode(path, limits, long_side=previews.PREVIEW_SIDE)
    made = previews.previews_of_image(decoded.image)
    for name, data in made.files.items():
        (directory / name).write_bytes(data)
    return {
        "format": decoded.format,
        "size": decoded.size,
        "frames": decoded.frames,
        "has_alpha": decoded.has_alpha,
        "thumb_size": made.thumb_size,
        "preview_size": made.preview_size,
        "files": list(made.files),
        "placeholder": made.placeholder,
    }


def write_pixels(path: Path, target: Path, limits: Limits) -> dict[str, Any]:
    decoded = decoding.decode(path, limits)
    with target.open("wb") as file:
        for _, strip in decoding.strips(decoded.image):
            file.write(strip.tobytes())
    return {
        "format": decoded.format,
        "size": decoded.size,
        "frames": decoded.frames,
        "channels": len(decoded.image.getbands()),
    }


acts: dict[str, Callable[[Path, Path, Limits], dict[str, Any]]] = {
    "previews": write_previews,
    "pixels": write_pixels,
}


def _confine(limits: Limits) -> None:
    wanted = {
        resource.RLIMIT_AS: limits.max_memory,
        resource.RLIMIT_CPU: limits.max_seconds,
        resource.RLIMIT_CORE: 0,
    }
    for name, value in wanted.items():
        with suppress(ValueError, OSError):  # not every system has each of them
            resource.setrlimit(name, (value, value))


def _peak_bytes() -> int:
    """The most memory this process has held; 0 where the system does not say.

    Not getrusage: that inherits the peak of the process that started this one.
    """
    with suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024
    return 0


if __name__ == "__main__":
    main()
