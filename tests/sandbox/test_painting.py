"""What the painter makes of a request, without the HTTP around it."""

from typing import Any

import cv2
import numpy as np
import pytest

from editor.images_api.catalogue import load
from editor.images_api.messages import Request
from editor.imaging import files, provenance
from editor.sandbox import acts
from editor.sandbox.pictures import Painter, Work, size_of_answer
from tests.drawing import mask_pixels, photo_pixels

CATALOGUE = load()
SIZE = (1024, 1024)
SOURCE = photo_pixels(SIZE)
BOX = (300, 300, 500, 500)
MASK = mask_pixels(SIZE, BOX)
INSIDE, OUTSIDE = MASK > 0, MASK == 0
CORE = mask_pixels(SIZE, (310, 310, 490, 490)) > 0
KEEPS = "dall-e-2"  # a model that leaves alone what is outside the mask
DRIFTS = "gpt-image-1.5"


def work(prompt: str | None = "", *, model: str = KEEPS, **given: Any) -> Work:
    pictures = {name: given.pop(name) for name in ("mask", "references") if name in given}
    source = given.pop("source", SOURCE if given.get("operation") != "generate" else None)
    given.setdefault("size", "1024x1024")
    request = Request(model=model, prompt=prompt, **given)
    return Work(
        model=CATALOGUE.get(model),
        request=request,
        source=source,
        transparent=request.background == "transparent",
        **pictures,
    )


def painted(asked: Work, painter: Painter | None = None) -> list[np.ndarray]:
    return [files.open_picture(data).pixels for data in (painter or Painter()).paint(asked)]


@pytest.mark.parametrize(
    "prompt",
    [
        "remove it",
        "blur it",
        "pixelate it",
        "make it dark red",
        "brighten it",
        "darken it",
        "grayscale",
        "sepia",
        'write "Open"',
        "put a hat on it",
    ],
)
def test_every_act_changes_the_masked_area_and_nothing_else(prompt: str) -> None:
    source = SOURCE.copy()
    source[350:450, 350:450] = (20, 200, 90)  # so that there is something to blur and remove
    (result,) = painted(work(prompt, mask=MASK, source=source))
    assert np.array_equal(result[OUTSIDE], source[OUTSIDE])
    assert np.any(result[CORE] != source[CORE], axis=1).mean() > 0.05


def test_removing_takes_away_what_was_there() -> None:
    source = SOURCE.copy()
    source[INSIDE] = (255, 0, 255)
    (result,) = painted(work("Please remove the sign", mask=MASK, source=source))
    assert np.abs(result[INSIDE].astype(int) - SOURCE[INSIDE]).mean() < 12


def test_recolouring_gives_the_colour_that_is_named() -> None:
    (result,) = painted(work("paint the wall blue", mask=MASK))
    red, _green, blue = np.median(result[CORE], axis=0)
    assert blue > red + 80


def test_grayscale_leaves_no_colour() -> None:
    (result,) = painted(work("make it black and white", mask=MASK))
    assert np.all(result[CORE].max(axis=1) == result[CORE].min(axis=1))


def test_quoted_text_is_written_on_a_filled_ground() -> None:
    source = SOURCE.copy()
    source[INSIDE] = (255, 0, 255)
    (result,) = painted(work("Replace it with “OPEN”", mask=MASK, source=source))
    light = np.all(result[CORE] > 225, axis=1)
    assert 0.05 < light.mean() < 0.6
    magenta = np.all(np.abs(result[INSIDE].astype(int) - (255, 0, 255)) < 40, axis=1)
    assert magenta.mean() < 0.01


def test_what_is_not_understood_is_filled_and_stamped() -> None:
    (removed,) = painted(work("remove it", mask=MASK))
    (stamped,) = painted(work("a dragon", mask=MASK))
    differ = np.any(removed != stamped, axis=2)
    assert not differ[OUTSIDE].any()
    assert 0.01 < differ[INSIDE].mean() < 0.4


def test_without_a_mask_the_whole_picture_is_changed() -> None:
    (result,) = painted(work("make it sepia"))
    assert np.any(result != SOURCE, axis=2).mean() > 0.95
    assert np.all(result[..., 0] >= result[..., 2])


@pytest.mark.parametrize("prompt", ["a dragon", "remove the dragon"])
def test_without_a_mask_what_cannot_be_done_is_a_soft_stamped_picture(prompt: str) -> None:
    (result,) = painted(work(prompt))
    assert np.abs(result.astype(int) - SOURCE).mean() < 15
    corner = np.abs(result[900:, 700:].astype(int) - SOURCE[900:, 700:]).max()
    assert corner > 60  # the stamp
    assert np.abs(result[:700].astype(int) - SOURCE[:700]).max() < 40


def test_a_reference_is_used_where_the_words_are_not_understood() -> None:
    red = np.full((300, 500, 3), (250, 10, 20), np.uint8)
    (result,) = painted(work("as in the second picture", mask=MASK, references=(red,)))
    assert np.all(result[390:410, 390:410] == (250, 10, 20))
    assert np.array_equal(result[OUTSIDE], SOURCE[OUTSIDE])


def test_a_reference_is_not_used_where_the_words_are_understood() -> None:
    red = np.full((300, 500, 3), (250, 10, 20), np.uint8)
    with_it, without = (
        painted(work("blur it", mask=MASK, references=references))[0] for references in ((red,), ())
    )
    assert np.array_equal(with_it, without)


def test_without_a_mask_references_stand_beside_the_picture() -> None:
    red = np.full((300, 500, 3), (250, 10, 20), np.uint8)
    (result,) = painted(work("combine them", references=(red,)))
    assert np.array_equal(result[:, :400], SOURCE[:, :400])
    assert np.all(result[:, 700:] == (250, 10, 20))


def test_models_that_render_anew_drift_outside_the_mask() -> None:
    asked = work("blur it", model=DRIFTS, mask=MASK)
    for drift, changes in (("off", False), ("mild", True), ("strong", True)):
        (result,) = painted(asked, Painter(drift))  # type: ignore[arg-type]
        assert bool(np.any(result[OUTSIDE] != SOURCE[OUTSIDE])) is changes


@pytest.mark.parametrize(
    "prompt", ["remove it", "blur it", "make it blue", "a dragon", 'write "Open"']
)
@pytest.mark.parametrize("mask", [MASK, None])
def test_several_answers_differ_inside_the_mask_only(prompt: str, mask: np.ndarray | None) -> None:
    results = painted(work(prompt, mask=mask, n=3))
    for one, other in [(0, 1), (0, 2), (1, 2)]:
        assert np.any(results[one] != results[other])
        if mask is not None:
            assert np.array_equal(results[one][OUTSIDE], results[other][OUTSIDE])


def test_the_same_request_gives_the_same_bytes_from_any_painter() -> None:
    for asked in (
        work("remove it", model=DRIFTS, mask=MASK, n=2),
        work("a quiet harbour", model=DRIFTS, operation="generate", n=2),
        work(None, operation="vary", n=2),
    ):
        assert list(Painter().paint(asked)) == list(Painter().paint(asked))


def test_a_generation_shows_what_its_words_say() -> None:
    def mean(prompt: str) -> np.ndarray:
        (picture,) = painted(work(prompt, model=DRIFTS, operation="generate"))
        return np.asarray(picture.mean(axis=(0, 1)))

    assert mean("dunes at night").sum() < 0.7 * mean("dunes at noon").sum()
    red, blue = mean("waves in red"), mean("waves in blue")
    assert red[0] - red[2] > blue[0] - blue[2] + 40


def test_generations_differ_by_prompt_and_by_number() -> None:
    first, second = painted(work("a forest", model=DRIFTS, operation="generate", n=2))
    (other,) = painted(work("a forest in spring", model=DRIFTS, operation="generate"))
    assert np.abs(first.astype(int) - second).mean() > 5
    assert np.abs(first.astype(int) - other).mean() > 5


def test_quoted_text_is_written_on_a_generation() -> None:
    plain, lettered = (
        acts.made(Request(model=DRIFTS, prompt=prompt), (512, 512), 7, transparent=False).astype(
            int
        )
        for prompt in ("a quiet sea at night", 'a quiet sea at night, "HELLO"')
    )
    changed = np.abs(plain - lettered).max(axis=2)
    assert 0.03 < (changed > 90).mean() < 0.5
    assert np.all(changed[:60] == 0)  # but for the letters it is the same picture


@pytest.mark.parametrize("prompt", ["a vase", "a portrait", "mountains"])
def test_a_subject_stands_on_a_transparent_ground(prompt: str) -> None:
    (result,) = painted(work(prompt, model=DRIFTS, operation="generate", background="transparent"))
    assert result.shape == (1024, 1024, 4)
    assert np.all(result[0, :, 3] == 0)
    assert 0.03 < (result[..., 3] == 255).mean() < 0.7


def test_what_is_removed_on_a_transparent_ground_becomes_transparent() -> None:
    asked = work("remove it", model=DRIFTS, mask=MASK, background="transparent")
    (result,) = painted(asked, Painter("off"))
    assert np.all(result[INSIDE][:, 3] == 0) and np.all(result[OUTSIDE][:, 3] == 255)


def test_what_else_is_done_on_a_transparent_ground_keeps_the_transparency() -> None:
    alpha = np.where(mask_pixels(SIZE, (0, 0, 200, 1024)) > 0, 0, 255).astype(np.uint8)
    source = np.dstack([SOURCE, alpha])
    asked = work("blur it", model=DRIFTS, mask=MASK, source=source, background="transparent")
    (result,) = painted(asked, Painter("off"))
    assert np.array_equal(result[..., 3], alpha)
    (opaque,) = painted(work("blur it", model=DRIFTS, mask=MASK, source=source), Painter("off"))
    assert opaque.shape == (1024, 1024, 3)


def test_the_ground_of_a_picture_is_removed() -> None:
    source = np.full((1024, 1024, 3), (70, 140, 80), np.uint8)
    cv2.circle(source, (512, 512), 250, (210, 60, 40), -1)
    asked = work("remove the background", model=DRIFTS, source=source, background="transparent")
    (result,) = painted(asked, Painter("off"))
    assert result[512, 512, 3] == 255 and result[40, 40, 3] == 0
    assert abs((result[..., 3] > 127).mean() - np.pi * 250**2 / 1024**2) < 0.02


def test_variations_are_other_pictures_of_the_same_thing() -> None:
    results = painted(work(None, operation="vary", n=4))
    assert {each.shape for each in results} == {(1024, 1024, 3)}
    pictures = [SOURCE, *results]
    for number, one in enumerate(pictures):
        for other in pictures[:number]:
            assert np.abs(one.astype(int) - other).mean() > 8


def test_previews_come_nearer_and_nearer_to_the_first_picture() -> None:
    painter = Painter()
    for asked in (
        work("a forest", model=DRIFTS, operation="generate", stream=True),
        work("blur it", model=DRIFTS, mask=MASK, stream=True),
    ):
        previews = [files.open_picture(each).pixels for each in painter.partials(asked, 3)]
        final = painted(asked, painter)[0]
        distances = [float(np.abs(each.astype(int) - final).mean()) for each in previews]
        assert distances == sorted(distances, reverse=True)
        assert distances[0] > 1.3 * distances[2] > 0
        assert {each.shape for each in previews} == {final.shape}


def test_a_kept_first_picture_is_not_mistaken_for_another() -> None:
    painter = Painter()
    asked = [
        work("a forest", model=DRIFTS, operation="generate", stream=True, size=size)
        for size in ("1024x1024", "1536x1024")
    ]
    shapes = [painted(each, painter)[0].shape for each in asked * 2]
    assert shapes == [(1024, 1024, 3), (1024, 1536, 3)] * 2


@pytest.mark.parametrize(("kind", "channels"), [("png", 4), ("webp", 4), ("jpeg", 3)])
def test_answers_and_previews_have_the_format_asked_for(kind: str, channels: int) -> None:
    asked = work(
        "a vase",
        model=DRIFTS,
        operation="generate",
        output_format=kind,
        background="transparent" if channels == 4 else None,
    )
    painter = Painter()
    for data in (*painter.partials(asked, 1), *painter.paint(asked)):
        picture = files.open_picture(data)
        assert (picture.format, picture.pixels.shape) == (kind, (1024, 1024, channels))


def test_more_compression_gives_smaller_files() -> None:
    sizes = [
        len(
            next(
                Painter().paint(
                    work(
                        "hills",
                        model=DRIFTS,
                        operation="generate",
                        output_format="webp",
                        output_compression=c,
                    )
                )
            )
        )
        for c in (10, 50, 100)
    ]
    assert sizes == sorted(sizes) and sizes[0] < 0.5 * sizes[2]


@pytest.mark.parametrize(
    ("model", "size", "shape", "expected"),
    [
        (DRIFTS, "auto", (900, 600), (1536, 1024)),
        (DRIFTS, None, (600, 900), (1024, 1536)),
        (DRIFTS, "auto", None, (1024, 1024)),
        (KEEPS, None, (512, 512), (1024, 1024)),
        (KEEPS, "256x256", (512, 512), (256, 256)),
    ],
)
def test_the_size_of_an_answer(
    model: str, size: str | None, shape: tuple[int, int] | None, expected: tuple[int, int]
) -> None:
    source = None if shape is None else photo_pixels(shape)
    operation = "generate" if shape is None else "edit"
    asked = work("remove it", model=model, size=size, source=source, operation=operation)
    assert size_of_answer(asked) == expected
    (result,) = painted(asked)
    assert (result.shape[1], result.shape[0]) == expected


def test_style_makes_a_generation_more_or_less_colourful() -> None:
    def colourful(style: str) -> float:
        asked = work("a forest at sunset", model=DRIFTS, operation="generate", style=style)
        picture = painted(asked)[0].astype(int)
        return float((picture.max(axis=2) - picture.min(axis=2)).mean())

    assert colourful("natural") < 0.95 * colourful("vivid")


@pytest.mark.parametrize("model", [KEEPS, DRIFTS])
@pytest.mark.parametrize("mask", [MASK, None])
def test_changing_nothing_gives_back_the_very_pixels(model: str, mask: np.ndarray | None) -> None:
    asked = work("Change nothing", model=model, mask=mask, n=2)
    first, second = painted(asked, Painter("strong"))
    assert np.array_equal(first, SOURCE)
    assert np.array_equal(second, SOURCE)


@pytest.mark.parametrize("model", [KEEPS, DRIFTS])
def test_drift_that_is_asked_for_meets_every_model_and_prompt(model: str) -> None:
    painter = Painter("off")
    asked = work("Change nothing", model=model, mask=MASK)
    mild, strong = (
        files.open_picture(next(painter.paint(asked, drift))).pixels.astype(int)
        for drift in ("mild", "strong")
    )
    assert 2 < np.abs(mild - SOURCE)[OUTSIDE].mean() < np.abs(strong - SOURCE)[OUTSIDE].mean()


@pytest.mark.parametrize("output_format", ["png", "jpeg", "webp"])
@pytest.mark.parametrize(
    ("operation", "kind"), [("edit", "compositeSynthetic"), ("generate", "algorithmicMedia")]
)
def test_pictures_say_that_an_algorithm_made_them(
    operation: str, kind: str, output_format: str
) -> None:
    asked = work("a forest", operation=operation, model=DRIFTS, output_format=output_format)
    (data,) = Painter().paint(asked)
    assert f"digitalsourcetype/{kind}<".encode() in (provenance.xmp_of(data) or b"")
