"""From a wish to pixels: what each word of the vocabulary does, and what is made from nothing."""

from collections.abc import Callable
from dataclasses import dataclass

from editor.images_api.messages import Request, Size
from editor.imaging import cutting, lettering, retouching, scenes
from editor.imaging.arrays import Mask, Pixels
from editor.sandbox.vocabulary import Act, Wish, read_scene

Change = Callable[[Pixels, Mask | None, float], Pixels]

CHANGES: dict[Act, Change] = {
    "pixelate": retouching.pixelated,
    "blur": retouching.blurred,
    "grayscale": retouching.greyed,
    "sepia": retouching.in_sepia,
    "brighten": retouching.brightened,
    "darken": retouching.darkened,
}

VIVIDNESS = {"vivid": 1.2, "natural": 0.72}
DETAIL = {"low": 0.6, "standard": 0.9, "medium": 1.0, "high": 1.2, "hd": 1.25}
TURNS = (30, -45, 75, -95, 130, 180, -150, 50, -70, 105)  # degrees of hue, by a variation's index


@dataclass(frozen=True)
class Area:
    """What is to be changed: RGB pixels, and the mask (None: all of the picture)."""

    pixels: Pixels
    mask: Mask | None
    references: tuple[Pixels, ...]
    filled: Callable[[int], Pixels]  # by index: the masked area continued from around it


def edited(area: Area, wish: Wish, seed: int, index: int) -> Pixels:
    """The picture as wished; the first (`index` 0) plainly so, the others variations of it."""
    if wish.act == "keep":
        return area.pixels.copy()
    if wish.act in CHANGES:
        changed = CHANGES[wish.act](area.pixels, area.mask, wish.strength)
        return _toned(changed, area.mask, seed, index)
    if wish.act == "recolour" and wish.colour is not None:
        changed = retouching.recoloured(area.pixels, area.mask, wish.colour, wish.strength)
        return _toned(changed, area.mask, seed, index)
    if wish.act == "write":
        return lettering.written(_blank(area, seed, index), area.mask, wish.text, wish.colour)
    if wish.act == "remove" and area.mask is not None:
        return area.filled(index)
    return _stand_in(area, wish, seed, index)


def transparency(area: Area, wish: Wish, alpha: Mask) -> Mask:
    """The alpha of an edit on a transparent ground: what is removed becomes transparent."""
    if wish.act != "remove":
        return alpha
    if area.mask is None:
        return retouching.darker(alpha, cutting.subject_alpha(area.pixels))
    return retouching.darker(alpha, 255 - area.mask)


def made(request: Request, size: Size, seed: int, *, transparent: bool) -> Pixels:
    """A picture from the prompt alone: RGB, or RGBA with its ground transparent."""
    wish = read_scene(request.prompt or "")
    paint = scenes.subject if transparent else scenes.scene
    picture = paint(
        size,
        seed,
        family=wish.family,
        light=wish.light,
        colours=wish.colours,
        vividness=VIVIDNESS.get(request.style or "", 1.0),
        detail=DETAIL.get(request.quality or "", 1.0),
    )
    return lettering.written(picture, None, wish.text) if wish.text else picture


def varied(source: Pixels, seed: int, index: int) -> Pixels:
    """Another version of a picture: another crop, mirrored every other time, in other colours."""
    crop = retouching.reframed(source, seed, mirrored=index % 2 == 0)
    return retouching.turned(crop, TURNS[index % len(TURNS)] + seed % 17 - 8)


def _blank(area: Area, seed: int, index: int) -> Pixels:
    """What letters are written on: without a mask there is nothing to fill from."""
    if area.mask is None:
        return _toned(area.pixels, None, seed, index)
    return area.filled(index)


def _stand_in(area: Area, wish: Wish, seed: int, index: int) -> Pixels:
    """For what the vocabulary does not know: a reference where there is one, or a stamped filling."""
    mask, references = area.mask, area.references
    if references and wish.act == "other":
        if mask is None:
            laid = retouching.side_by_side([area.pixels, *references])
        else:
            laid = retouching.placed(area.pixels, mask, references[index % len(references)])
        return _toned(laid, mask, seed, index // max(1, len(references)))
    if mask is not None:
        return lettering.stamped(area.filled(index), mask)
    soft = _toned(retouching.softened(area.pixels), None, seed, index)
    return lettering.stamped(soft, None)


def _toned(pixels: Pixels, mask: Mask | None, seed: int, index: int) -> Pixels:
    return retouching.retoned(pixels, mask, seed + index) if index else pixels
