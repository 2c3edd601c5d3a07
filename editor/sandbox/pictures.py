"""The sandbox's work on pixels: no model, but real edits, and pictures from a seed.

The same request always gives the same pictures.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from threading import BoundedSemaphore, Lock

from editor.images_api.entries import Model, parse_size
from editor.images_api.messages import Request, Size
from editor.imaging import files, filling, framing, masks, provenance, retouching
from editor.imaging.arrays import Mask, Pixels, size_of
from editor.imaging.filling import Drift
from editor.sandbox import acts
from editor.sandbox.vocabulary import read_wish

AT_ONCE = 2  # pixel work is heavy; calls that wait for it cost next to nothing
REMEMBERED = 4
GROWN = 7  # px, by which each further filling of the same area starts from more
COARSEST, FINEST = 12, 400  # long side, in pixels, of what a preview shows; all lie between


@dataclass(frozen=True)
class Work:
    """A request that the model takes, with its pictures decoded.

    `source` (RGB or RGBA) is the first picture, None for a generation; `mask` is of its size, 255 =
    change, None where none was sent; `references` are the further pictures. `transparent` says that
    a transparent ground was asked for.
    """

    model: Model
    request: Request
    source: Pixels | None = None
    mask: Mask | None = None
    references: tuple[Pixels, ...] = ()
    transparent: bool = False


@dataclass(frozen=True)
class _Ground:
    """A work brought to the size of its answer. `name` stands for everything the pixels hang on."""

    work: Work
    size: Size
    source: Pixels | None  # RGB
    alpha: Mask | None  # of the source, where it has one and the answer keeps it
    mask: Mask | None
    area: str  # stands for source and mask alone
    name: str

    def seed(self, index: int) -> int:
        return _number(f"{self.name} {index}")


class Painter:
    """Makes the pictures of a request. `gate` bounds how many do heavy work at once."""

    def __init__(self, drift: Drift = "mild") -> None:
        self.drift = drift
        self.gate = BoundedSemaphore(AT_ONCE)
        self._kept: OrderedDict[str, Pixels] = OrderedDict()
        self._lock = Lock()

    def paint(self, work: Work, drift: Drift | None = None) -> Iterator[bytes]:
        """The encoded pictures, one at a time, each of `size_of_answer`.

        With `drift` every model changes the rest of an edit so much, instead of those that render it anew.
        """
        with self.gate:
            ground = _ground(work)
        for index in range(work.request.n or 1):
            with self.gate:
                data = _encoded(self._picture(ground, index, drift), work.request)
            yield data

    def partials(self, work: Work, count: int, drift: Drift | None = None) -> Iterator[bytes]:
        """`count` previews of the first picture, of its size and format, from coarse to fine."""
        with self.gate:
            first = self._picture(_ground(work), 0, drift)
        for number in range(count):
            cells = round(COARSEST * (FINEST / COARSEST) ** ((number + 1) / (count + 1)))
            with self.gate:
                data = _encoded(retouching.coarsened(first, cells), work.request)
            yield data

    def _picture(self, ground: _Ground, index: int, drift: Drift | None) -> Pixels:
        """The first picture of a stream is kept: its previews and it itself are asked for in turn."""
        if index == 0 and ground.work.request.stream:
            return self._remembered(
                f"first {ground.size} {drift} {ground.name}",
                lambda: self._made(ground, index, drift),
            )
        return self._made(ground, index, drift)

    def _made(self, ground: _Ground, index: int, drift: Drift | None) -> Pixels:
        work, seed = ground.work, ground.seed(index)
        if ground.source is None:
            return acts.made(work.request, ground.size, seed, transparent=work.transparent)
        if work.request.operation == "vary":
            return acts.varied(ground.source, seed, index)
        return self._edited(ground, ground.source, index, drift)

    def _edited(self, ground: _Ground, source: Pixels, index: int, drift: Drift | None) -> Pixels:
        work, seed = ground.work, ground.seed(0)
        area = acts.Area(
            source, ground.mask, work.references, partial(self._filled, ground, source)
        )
        wish = read_wish(work.request.prompt or "")
        painted = acts.edited(area, wish, seed, index)
        if work.transparent:
            painted = files.with_alpha(painted)
            alpha = painted[..., 3] if ground.alpha is None else ground.alpha
            painted[..., 3] = acts.transparency(area, wish, alpha)
        if drift is None:
            drift = self.drift if work.model.rerenders and wish.act != "keep" else "off"
        return filling.drifted(painted, drift, seed + index)

    def _filled(self, ground: _Ground, source: Pixels, index: int) -> Pixels:
        """Later ones start from somewhat more than the mask, and so find other surroundings."""
        mask = ground.mask
        if mask is None:
            return source
        if index == 0:
            return self._remembered(
                f"filled {ground.area}", lambda: filling.fill_from_surroundings(source, mask)
            )
        wider = filling.fill_from_surroundings(source, masks.grow(mask, GROWN * index))
        grained = retouching.grained(wider, ground.seed(index))
        return retouching.pasted(source, grained, mask)

    def _remembered(self, name: str, make: Callable[[], Pixels]) -> Pixels:
        """The same edit is asked for again and again in benchmarks and drills."""
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        made = make()
        with self._lock:
            self._kept[name] = made
            while len(self._kept) > REMEMBERED:
                self._kept.popitem(last=False)
        return made


def size_of_answer(work: Work) -> Size:
    """The size asked for; "auto" is the fixed size nearest in shape to the source, or to a square."""
    size = parse_size(work.request.size or work.model.sizes.default)
    if size is not None:
        return size
    width, height = (1, 1) if work.source is None else size_of(work.source)
    ratio = width / height
    return min(work.model.sizes.fixed, key=lambda fixed: abs(fixed[0] / fixed[1] - ratio))


def _ground(work: Work) -> _Ground:
    size, named = size_of_answer(work), _named(work)
    if work.source is None:
        return _Ground(work, size, None, None, None, "", named)
    frame = _covering(size_of(work.source), size)
    # colours below transparent pixels are the source's own, as they are for the real models
    source = framing.cut(work.source[..., :3], frame)
    alpha = None
    if work.source.shape[2] == 4 and work.transparent:
        alpha = framing.cut(work.source[..., 3:].repeat(3, axis=2), frame)[..., 0]
    mask = None if work.mask is None else framing.cut_mask(work.mask, frame)
    area = _digest(source, mask)
    others = [
        _digest(each, None) for each in (*work.references, *([alpha] if alpha is not None else []))
    ]
    return _Ground(work, size, source, alpha, mask, area, " ".join([named, area, *others]))


def _named(work: Work) -> str:
    """All of a request that its pixels hang on, but for the pictures in it and its size."""
    request = work.request
    chosen = (request.quality, request.style, work.transparent)
    return repr((request.operation, request.model, request.prompt, *chosen))


def _digest(pixels: Pixels, mask: Mask | None) -> str:
    digest = hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes())
    if mask is not None:
        digest.update(mask.tobytes())
    return digest.hexdigest()


def _number(name: str) -> int:
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)


def _covering(source_size: Size, size: Size) -> framing.Frame:
    """The largest window of the source, centred, of the answer's shape."""
    width, height = source_size
    wide = min(width, max(1, round(height * size[0] / size[1])))
    high = min(height, max(1, round(width * size[1] / size[0])))
    left, top = (width - wide) // 2, (height - high) // 2
    return framing.Frame((left, top, left + wide, top + high), size)


def _encoded(pixels: Pixels, request: Request) -> bytes:
    quality = 100 if request.output_compression is None else max(1, request.output_compression)
    origin = provenance.xmp(
        source="composite" if request.operation == "edit" else "generated",
        tool="Maskroom sandbox",
        edit="",
        model=request.model,
        is_sandbox=True,
    )
    if request.output_format == "jpeg":
        return files.encode_jpeg(pixels, quality, xmp=origin)
    if request.output_format == "webp":
        return files.encode_webp(pixels, quality, xmp=origin)
    return files.encode_png(pixels, xmp=origin)
