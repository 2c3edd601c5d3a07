"""The sandbox's work on pixels: no model, but real edits of the masked area.

The same request always gives the same pictures.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from threading import BoundedSemaphore, Lock
from typing import Any, Literal

from editor.images_api.entries import Model, parse_size
from editor.images_api.messages import Request, Size
from editor.imaging import files, filling, framing
from editor.sandbox.forms import Checked

Drift = Literal["off", "mild", "strong"]
AT_ONCE = 2  # pixel work is heavy; calls that wait for it cost next to nothing
REMEMBERED_FILLS = 4


class Painter:
    """Makes the pictures of an edit. `gate` bounds how many do heavy work at once."""

    def __init__(self, drift: Drift = "mild") -> None:
        self.drift = drift
        self.gate = BoundedSemaphore(AT_ONCE)
        self._fills: OrderedDict[str, Any] = OrderedDict()
        self._lock = Lock()

    def paint(self, checked: Checked) -> Iterator[bytes]:
        """The encoded pictures, one at a time, each of `size_of_answer`."""
        size = size_of_answer(checked.model, checked.request, _size_of(checked.source))
        name = _digest(checked.request, size)
        for index in range(checked.request.n or 1):
            with self.gate:
                yield self._picture(checked, size, name, index)

    def _picture(self, checked: Checked, size: Size, name: str, index: int) -> bytes:
        frame = _covering(_size_of(checked.source), size)
        source = framing.cut(checked.source, frame)
        seed = int(hashlib.sha256(f"{name} {checked.request.prompt}".encode()).hexdigest()[:8], 16)
        if checked.mask is None:
            painted = _softened(source)
        else:
            mask = framing.cut_mask(checked.mask, frame)
            painted = _variant(self._filled(name, source, mask), mask, seed, index)
        if checked.model.rerenders:
            painted = filling.drifted(painted, self.drift, seed + index)
        return _encoded(painted, checked.request)

    def _filled(self, name: str, source: Any, mask: Any) -> Any:
        """The filled picture: the same edit is asked for again and again in benchmarks and drills."""
        with self._lock:
            if name in self._fills:
                self._fills.move_to_end(name)
                return self._fills[name]
        filled = filling.fill_from_surroundings(source, mask)
        with self._lock:
            self._fills[name] = filled
            while len(self._fills) > REMEMBERED_FILLS:
                self._fills.popitem(last=False)
        return filled


def size_of_answer(model: Model, request: Request, source_size: Size) -> Size:
    """The size asked for; "auto" is the fixed size whose shape is nearest to the source's."""
    asked = request.size or model.sizes.default
    size = parse_size(asked)
    if size is not None:
        return size
    ratio = source_size[0] / source_size[1]
    return min(model.sizes.fixed, key=lambda fixed: abs(fixed[0] / fixed[1] - ratio))


def _digest(request: Request, size: Size) -> str:
    parts = [*request.images, *([request.mask] if request.mask else [])]
    digest = hashlib.sha256(f"{request.model} {size}".encode())
    for part in parts:
        digest.update(hashlib.sha256(part.data).digest())
    return digest.hexdigest()


def _covering(source_size: Size, size: Size) -> framing.Frame:
    """The largest window of the source, centred, of the answer's shape."""
    width, height = source_size
    wide = min(width, max(1, round(height * size[0] / size[1])))
    high = min(height, max(1, round(width * size[1] / size[0])))
    left, top = (width - wide) // 2, (height - high) // 2
    return framing.Frame((left, top, left + wide, top + high), size)


def _variant(filled: Any, mask: Any, seed: int, index: int) -> Any:
    """The first picture is the plain filling; the others differ from it inside the mask."""
    if index == 0:
        return filled
    other = filling.drifted(filled, "strong", seed + index)
    varied = filled.copy()
    varied[mask > 0] = other[mask > 0]
    return varied


def _softened(pixels: Any) -> Any:
    """A soft, slightly flattened rendering of the whole picture: what an edit without a mask gives."""
    wide = pixels.astype("uint16")
    for _ in range(3):
        wide[1:-1] = (wide[:-2] + 2 * wide[1:-1] + wide[2:]) // 4
        wide[:, 1:-1] = (wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:]) // 4
    flat = wide // 24 * 24 + 12
    return ((wide + flat) // 2).clip(0, 255).astype("uint8")


def _encoded(pixels: Any, request: Request) -> bytes:
    quality = 100 if request.output_compression is None else max(1, request.output_compression)
    if request.output_format == "jpeg":
        return files.encode_jpeg(pixels, quality)
    if request.output_format == "webp":
        return files.encode_webp(pixels, quality)
    return files.encode_png(pixels)


def _size_of(pixels: Any) -> Size:
    return int(pixels.shape[1]), int(pixels.shape[0])
