"""The contact sheet and the picture of the first screen, as docs/contact-sheet.jpg and docs/before-after.jpg.

What stands in them was put together by the app's own code. The answers are those of a simulated model:
it knows what is to come of the picture, and gives all of it back drifted (stitching_cases.rendered_anew).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks import stitching_cases as cases
from editor.imaging import filling, framing, islands, masks, retouching
from editor.imaging.arrays import Bounds, Mask, Pixels, Size
from editor.imaging.difference import difference
from editor.imaging.files import open_picture
from editor.imaging.filling import Drift
from editor.imaging.framing import Frame, SizeRule
from editor.imaging.masters import Master
from editor.imaging.measuring import border_ratio
from editor.imaging.stitching import Answer, Stitched, stitch

DOCS = Path(__file__).resolve().parent.parent / "docs"
SAMPLE = Path(__file__).resolve().parent.parent / "editor" / "web" / "sample.jpg"
SIZES = SizeRule(fixed=((1024, 1024), (1536, 1024), (1024, 1536)))
TILE = (420, 280)
GAP = 10
GROUND, INK, TINT = (28, 29, 32), (226, 227, 230), (255, 60, 110)
VASE = [(336, 158, 398, 260), (276, 290, 455, 410), (294, 340, 440, 467)]
"""Ellipses in it: bounds in the sample, at a width of 1000."""
COLUMNS = ("source", "mask", "raw", "stitched", "difference x 8")


@dataclass(frozen=True)
class Case:
    """`raw` is what came, laid over the whole picture where it belongs."""

    name: str
    source: Pixels
    mask: Mask
    wanted: Pixels  # what the model was to give
    raw: Pixels
    stitched: Stitched

    @property
    def told(self) -> str:
        found, own = self.stitched, border_ratio(self.wanted[..., :3], self.mask)
        told = [self.name]
        if found.border_ratio is not None and own is not None:
            told.append(f"border ratio {found.border_ratio:.2f} (of the content itself {own:.2f})")
        if found.drift_px is not None:
            told.append(f"drift {found.drift_px:.1f} px")
        return " · ".join(told)


def draw() -> None:
    sheet(drawn()).save(DOCS / "contact-sheet.jpg", quality=86, optimize=True)
    before_after().save(DOCS / "before-after.jpg", quality=88, optimize=True)


def drawn() -> list[Case]:
    return [
        recoloured("mild drift", "mild"),
        recoloured("strong drift", "strong"),
        several_frames(),
        extended(),
        cut_out(),
    ]


def recoloured(name: str, drift: Drift) -> Case:
    """The vase in another colour: what lies around it in the mask goes on as it was."""
    source = sample()
    selected = vase(source)
    mask = grown(masks.grow(selected, 14))  # as painted by hand: around it
    wanted = retouching.recoloured(source, selected, (196, 74, 52))
    return done(name, source, wanted, mask, drift)


def several_frames() -> Case:
    source = cases.photo("sea", (3600, 2400), 8)
    mask = np.zeros(source.shape[:2], np.uint8)
    for at, axes in (((460, 700), (230, 160)), ((3130, 1830), (260, 170))):
        cv2.ellipse(mask, at, axes, 0, 0, 360, 255, -1)
    wanted = filling.fill_from_surroundings(source, mask)
    return done("two frames, strong drift", source, wanted, mask, "strong", rule=SizeRule())


def extended() -> Case:
    """A third more on the right, by a model that knows what is there."""
    whole = cases.photo("hills", (2400, 1500), 11)
    margins = (0, 0, 600, 0)
    rim = 32
    master = Master(np.ascontiguousarray(whole[:, :1800])).extended(margins)
    mask = np.zeros(whole.shape[:2], np.uint8)
    mask[:, 1800 - rim :] = 255
    kept = (0, 0, 1800, 1500)
    return done("extended, strong drift", whole, whole, mask, "strong", master, kept=kept, rim=rim)


def cut_out() -> Case:
    """On a transparent ground: what is removed becomes transparent."""
    source = sample()
    mask = grown(outline(source, [(438, 412, 550, 528)]))
    clear = np.dstack([source, 255 - mask])
    return done("transparent, mild drift", source, clear, mask, "mild", keep_transparency=True)


def done(
    name: str,
    source: Pixels,
    wanted: Pixels,
    mask: Mask,
    drift: Drift,
    master: Master | None = None,
    rule: SizeRule = SIZES,
    **options: Any,
) -> Case:
    master = master or Master(source)
    frames = framing.frames_for(islands.boxes(mask), master.size, rule)
    answers = [Answer(answered(wanted, frame, drift), frame) for frame in frames]
    stitched = stitch(master, answers, mask, **options)
    raw = np.full_like(source, 48)
    for answer in answers:
        lay(raw, answer)
    return Case(name, master.srgb(), mask, wanted, raw, stitched)


def answered(wanted: Pixels, frame: Frame, drift: Drift) -> Pixels:
    answer = cases.rendered_anew(wanted, frame, drift)
    if wanted.shape[2] == 3:
        return answer
    alpha = cases.rendered_anew(wanted[..., 3:].repeat(3, axis=2), frame, "off")[..., 0]
    return np.dstack([answer, alpha])


def lay(ground: Pixels, answer: Answer) -> None:
    left, top, right, bottom = answer.frame.inner
    window = cv2.resize(
        on_squares(answer.pixels), answer.frame.window, interpolation=cv2.INTER_AREA
    )
    x, y = answer.frame.pad[:2]
    ground[top:bottom, left:right] = window[y : y + bottom - top, x : x + right - left]


def sample() -> Pixels:
    return open_picture(SAMPLE).pixels


def outline(source: Pixels, boxes: list[Bounds]) -> Mask:
    """Ellipses in bounds, which are those of the sample at a width of 1000."""
    scale = source.shape[1] / 1000
    mask = np.zeros(source.shape[:2], np.uint8)
    for left, top, right, bottom in boxes:
        middle = round((left + right) / 2 * scale), round((top + bottom) / 2 * scale)
        axes = round((right - left) / 2 * scale), round((bottom - top) / 2 * scale)
        cv2.ellipse(mask, middle, axes, 0, 0, 360, 255, -1)
    return mask


def vase(source: Pixels) -> Mask:
    """Selected in a box around it, at full size: as the studio's tool does, and finer."""
    scale = source.shape[1] / 1000
    left, top, right, bottom = (round(side * scale) for side in (256, 126, 476, 484))
    window = np.ascontiguousarray(source[top:bottom, left:right])
    height, width = window.shape[:2]
    found = np.full((height, width), cv2.GC_PR_BGD, np.uint8)
    inner = outline(source, VASE)[top:bottom, left:right]
    found[inner > 0] = cv2.GC_FGD
    inset = 8
    found[:inset] = found[-inset:] = found[:, :inset] = found[:, -inset:] = cv2.GC_BGD
    red, _, blue = cv2.split(window.astype(np.int16))
    found[(found == cv2.GC_PR_BGD) & (blue > 1.1 * red)] = cv2.GC_PR_FGD
    cv2.setRNGSeed(1)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(window, found, (0, 0, 1, 1), *models, 4, cv2.GC_INIT_WITH_MASK)
    mask = np.zeros(source.shape[:2], np.uint8)
    mask[top:bottom, left:right] = np.where(found % 2, 255, 0)
    neck = cv2.medianBlur(mask, 9)
    body = cv2.medianBlur(cv2.medianBlur(mask, 31), 61)
    body[: round(240 * scale)] = neck[: round(240 * scale)]
    return masks.grow(body, 3)


def grown(mask: Mask) -> Mask:
    return masks.grow(mask, masks.grow_radius(masks.bounds(mask)))


def sheet(rows: list[Case]) -> Image.Image:
    width = len(COLUMNS) * (TILE[0] + GAP) + GAP
    page = Image.new("RGB", (width, 40 + len(rows) * (TILE[1] + 40)), GROUND)
    pen = ImageDraw.Draw(page)
    for column, words in enumerate(COLUMNS):
        pen.text((GAP + column * (TILE[0] + GAP), 10), words, INK, font(20))
    for row, case in enumerate(rows):
        top = 40 + row * (TILE[1] + 40)
        pen.text((GAP, top + TILE[1] + 6), case.told, INK, font(18))
        for column, tile in enumerate(tiles(case)):
            page.paste(Image.fromarray(tile), (GAP + column * (TILE[0] + GAP), top))
    return page


def tiles(case: Case) -> list[Pixels]:
    source, stitched = case.source, case.stitched.pixels
    apart = difference(source, stitched, longest=TILE[0])
    shown = (source, tinted(source, case.mask), case.raw, on_squares(stitched), apart)
    return [fitted(pixels) for pixels in shown]


def tinted(source: Pixels, mask: Mask) -> Pixels:
    pixels = source.copy()
    pixels[mask > 0] = (0.45 * pixels[mask > 0] + 0.55 * np.array(TINT)).astype(np.uint8)
    return pixels


def on_squares(pixels: Pixels) -> Pixels:
    """What is transparent shows a chequered ground."""
    if pixels.shape[2] == 3:
        return pixels
    rows, columns = np.indices(pixels.shape[:2]) // 24
    squares = np.where((rows + columns) % 2, 200, 240)[..., None]
    alpha = pixels[..., 3:] / 255
    return (pixels[..., :3] * alpha + squares * (1 - alpha) + 0.5).astype(np.uint8)


def fitted(pixels: Pixels, size: Size = TILE) -> Pixels:
    height, width = pixels.shape[:2]
    ratio = min(size[0] / width, size[1] / height)
    inner = min(size[0], round(ratio * width)), min(size[1], round(ratio * height))
    small = cv2.resize(pixels, inner, interpolation=cv2.INTER_AREA)
    tile = np.full((size[1], size[0], 3), GROUND, np.uint8)
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    tile[top : top + inner[1], left : left + inner[0]] = small
    return tile


def before_after() -> Image.Image:
    """The vase in another colour: photo, mask, the answer pasted in as it came, and stitched.

    Small the whole picture, below it a part of it at its full sharpness.
    """
    case = recoloured("", "strong")
    pasted = case.source.copy()
    pasted[case.mask > 0] = case.raw[case.mask > 0]
    shown = case.source, tinted(case.source, case.mask), pasted, case.stitched.pixels
    scale, (width, high, cut) = case.source.shape[1] / 1000, (390, 260, 250)
    left, top = round(370 * scale), round(335 * scale)
    page = Image.new("RGB", (4 * width + 3 * GAP, high + GAP + cut), GROUND)
    for column, pixels in enumerate(shown):
        at = column * (width + GAP)
        page.paste(Image.fromarray(fitted(pixels, (width, high))), (at, 0))
        part = np.ascontiguousarray(pixels[top : top + cut, left : left + width])
        page.paste(Image.fromarray(part), (at, high + GAP))
    return page


def font(size: int) -> Any:
    return ImageFont.load_default(size)
