"""Random pictures, masks, models and answers, and how many pixels outside of the masks came to differ.

The picture that is stored is read by OpenCV, which has no part in writing it, and compared with the
samples that the source was drawn with.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from benchmarks.stitching_cases import photo
from editor.images_api.catalogue import load
from editor.imaging import filling, framing, islands, oddities
from editor.imaging.arrays import Mask, Pixels, Size
from editor.imaging.files import encode_png, open_picture
from editor.imaging.masters import is_identical_outside, open_master, write_png
from editor.imaging.stitching import Answer, stitch
from editor.jobs.sizes import rule_for
from tests.imaging.profiles import rgb_profile

CASES = 200
LARGE: dict[int, Size] = {
    0: (8000, 6000), 40: (6000, 4000), 80: (4001, 5999), 120: (7999, 1203), 160: (64, 64), 161: (64, 6001),
}  # fmt: skip
SHAPES = (
    "ellipse", "rectangle", "pixel", "rim", "strokes", "islands", "specks", "corner", "whole", "all but one",
)  # fmt: skip
ODD = ("rotated", "mirrored", "other", "other-size", "other-aspect", "black", "transparent")


@dataclass(frozen=True)
class Outcome:
    differing: int
    compared: int
    is_told_right: bool  # by the app's own comparison


def run(count: int = CASES) -> list[Outcome]:
    return [one(number) for number in range(count)]


def one(number: int) -> Outcome:
    rng = np.random.default_rng(number)
    samples = drawn(rng, LARGE.get(number) or random_size(rng))
    data = source_file(rng, samples)
    master = open_master(data)
    size = master.size
    mask = mask_of(SHAPES[number % len(SHAPES)], size, rng)
    frames = framing.frames_for(islands.boxes(mask), size, random_rule(number))
    shown = master.srgb()
    stitched = stitch(
        master,
        [Answer(answer_to(shown, frame, rng), frame) for frame in frames],
        mask,
        finish=rng.choice(["natural", "natural", "model", "hard"]),
        keep_transparency=bool(rng.random() < 0.15),
    )
    stored = write_png(stitched.pixels, profile=master.profile, exif=master.exif)
    found = differing(samples, stored, mask)
    compared = int(np.count_nonzero(mask == 0))
    told = is_identical_outside(master, stored, mask)
    return Outcome(found, compared, told == (found == 0, compared))


def prove_comparison() -> None:
    """Raises unless a single sample that is off by one, outside of the mask, is found."""
    samples = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    mask = mask_of("corner", (80, 60), np.random.default_rng(0))
    spoiled = samples.copy()
    spoiled[0, 0] ^= 255
    spoiled[59, 79, 2] ^= 1
    if differing(samples, encode_png(spoiled), mask) != 1:
        raise AssertionError("the comparison of what is outside of the mask does not see")


def differing(samples: Any, stored: bytes, mask: Mask) -> int:
    """How many pixels outside of the mask have another value in any channel."""
    found = cv2.imdecode(np.frombuffer(stored, np.uint8), cv2.IMREAD_UNCHANGED)
    assert found is not None and found.dtype == samples.dtype, "the stored file has another depth"
    order = cv2.COLOR_BGRA2RGBA if found.shape[2] == 4 else cv2.COLOR_BGR2RGB
    found = cv2.cvtColor(found, order)
    wanted = np.repeat(samples, 3, axis=2) if samples.shape[2] == 1 else samples
    differs = np.zeros(mask.shape, bool)
    for channel in range(3):
        differs |= found[..., channel] != wanted[..., channel]
    if found.shape[2] == 4:
        full = np.iinfo(samples.dtype).max
        differs |= found[..., 3] != (wanted[..., 3] if wanted.shape[2] == 4 else full)
    return int(np.count_nonzero(differs & (mask == 0)))


def random_size(rng: np.random.Generator) -> Size:
    """Every order of magnitude as often, and mostly odd."""
    width, height = (int(side) for side in np.exp(rng.uniform(np.log(64), np.log(1800), 2)))
    return width, height


def drawn(rng: np.random.Generator, size: Size) -> Any:
    """(height, width, 1 | 3 | 4) uint8 or uint16: a photograph over and over, its low bits too."""
    base = photo("hills", (1200, 800))
    top, left = int(rng.integers(400)), int(rng.integers(600))
    part = base[top : top + min(size[1], 400), left : left + min(size[0], 600)]
    times = -(-size[1] // part.shape[0]), -(-size[0] // part.shape[1])
    pixels = np.tile(part, (*times, 1))[: size[1], : size[0]]
    channels = int(rng.choice([1, 3, 3, 3, 4]))
    if channels == 1:
        pixels = pixels[..., :1]
    if channels == 4:
        alpha = cv2.resize(rng.integers(0, 256, (7, 9), np.uint8), size)
        pixels = np.dstack([pixels, alpha])
    if size[0] * size[1] < 8_000_000 and rng.random() < 0.3:
        low = np.tile(
            rng.integers(0, 256, (64, 64, 1), np.uint16), (size[1] // 64 + 1, size[0] // 64 + 1, 1)
        )
        return pixels.astype(np.uint16) * 256 + low[: size[1], : size[0]]
    return np.ascontiguousarray(pixels)


def source_file(rng: np.random.Generator, samples: Any) -> bytes:
    if samples.shape[2] >= 3 and rng.random() < 0.3:
        return write_png(samples, profile=rgb_profile())
    codes = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}
    code = codes.get(samples.shape[2])
    ordered = samples if code is None else cv2.cvtColor(samples, code)
    done, data = cv2.imencode(".png", ordered, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    assert done
    return data.tobytes()


def mask_of(shape: str, size: Size, rng: np.random.Generator) -> Mask:
    width, height = size
    mask = np.zeros((height, width), np.uint8)
    x, y = int(rng.integers(width)), int(rng.integers(height))
    by = max(1, int(min(size) * rng.uniform(0.02, 0.45)))
    if shape == "ellipse":
        cv2.ellipse(mask, (x, y), (by, max(1, by // 2)), rng.uniform(0, 180), 0, 360, 255, -1)
    elif shape == "rectangle":
        mask[y : y + by, x : x + 2 * by] = 255
    elif shape == "pixel":
        mask[y, x] = 255
    elif shape == "rim":
        cv2.rectangle(mask, (0, 0), (width - 1, height - 1), 255, max(1, by // 4))
    elif shape == "strokes":
        points = rng.integers(0, (width, height), (6, 2)).astype(np.int32)
        cv2.polylines(mask, [points], False, 255, max(1, by // 8))
    elif shape == "islands":
        for at in rng.integers(0, (width, height), (5000, 2)):
            cv2.circle(mask, (int(at[0]), int(at[1])), max(1, min(size) // 300), 255, -1)
    elif shape == "specks":
        mask[rng.random((height, width)) < 0.02] = 255
    elif shape == "corner":
        mask[: height // 3, : width // 4] = 255
    elif shape == "whole":
        mask[:] = 255
    else:
        mask[:] = 255
        mask[y, x] = 0
    return mask if mask.any() else mask_of("pixel", size, rng)


def random_rule(number: int) -> framing.SizeRule:
    """Each model's in turn, and each of its sizes."""
    models = load().models()
    model = models[number % len(models)]
    sizes = [None, *(f"{width}x{height}" for width, height in model.sizes.fixed)]
    return rule_for(model, sizes[number // len(models) % len(sizes)])


def answer_to(shown: Pixels, frame: framing.Frame, rng: np.random.Generator) -> Pixels:
    """Drifted, with something else in the middle, and one in five not at all what was asked for."""
    answer = filling.drifted(framing.cut(shown, frame), rng.choice(["mild", "strong"]), 1)
    height, width = answer.shape[:2]
    answer[height // 3 : height // 2, width // 3 : width // 2, :3] = rng.integers(0, 256, 3)
    if rng.random() < 0.2:
        return open_picture(oddities.odd(encode_png(answer), rng.choice(ODD))).pixels
    return answer
