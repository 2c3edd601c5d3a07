"""Generations, variations, references, and masks that scripts send: from the wish to the result."""

import base64
import io
import json
from uuid import uuid4

import numpy as np
import pytest
from PIL import Image as Pillow

from editor.jobs.pictures import add_upload, read
from editor.jobs.run import run
from editor.jobs.submit import NewEdit, NotSubmitted, submit
from editor.models import Edit, Origin, Result, Status
from tests.canned_provider import Answer, pictures
from tests.drawing import mask_png, photo_png, png

MASK = (200, 150, 300, 250)


def wish(person, **fields):
    usual = {
        "person": person,
        "prompt": "A lighthouse at dusk",
        "model": "gpt-image-2",
        "options": {"n": 1, "quality": "low"},
        "key": uuid4(),
    }
    return NewEdit(**{**usual, **fields})


def test_a_generation_is_sent_without_pictures_and_its_answer_is_the_result(alice, canned):
    raw = photo_png((96, 64), shade=120)
    edit = submit(wish(alice, operation="generate", options={"n": 1, "size": "1536x1024"}))
    run(edit.pk)
    edit.refresh_from_db()
    assert edit.status == Status.SUCCEEDED
    assert canned.paths == ["/v1/images/generations"]
    assert canned.requests[0]["prompt"] == b"A lighthouse at dusk"
    assert canned.requests[0]["size"] == b"1536x1024"
    result = edit.results.get()
    assert result.outside_identical is None
    assert read(result.image.original) == read(result.piece.raw)
    assert result.image.size == (64, 64)
    assert result.image.name.startswith("A lighthouse at dusk")
    assert len(raw) > 0


def test_a_generation_holds_and_settles_its_cost(alice, canned):
    edit = submit(wish(alice, operation="generate"))
    assert 0 < edit.estimate_low_microusd <= edit.estimate_microusd == edit.hold_microusd
    assert edit.price_date is not None
    run(edit.pk)
    edit.refresh_from_db()
    assert edit.hold_microusd == 0
    assert edit.cost_microusd == 10 * 5 + 90 * 8 + 200 * 30


def test_a_generation_may_not_name_what_only_edits_take(alice):
    options = {"n": 1, "input_fidelity": "high"}
    with pytest.raises(NotSubmitted) as refused:
        submit(wish(alice, operation="generate", model="gpt-image-1.5", options=options))
    assert [problem.field for problem in refused.value.problems] == ["input_fidelity"]
    assert not Edit.objects.exists()


def test_an_edit_without_its_source_is_refused(alice):
    with pytest.raises(NotSubmitted) as refused:
        submit(wish(alice, fit="asked"))
    assert ("image", "missing") in {(p.field, p.code) for p in refused.value.problems}


def test_a_variation_sends_the_middle_square_and_no_words(photo, canned):
    options = {"n": 2, "size": "256x256"}
    edit = submit(
        wish(
            photo.created_by,
            operation="vary",
            source=photo,
            prompt="",
            model="dall-e-2",
            options=options,
        )
    )
    canned.usual = Answer(body=pictures(2))
    run(edit.pk)
    sent = canned.requests[0]
    assert canned.paths == ["/v1/images/variations"]
    assert "prompt" not in sent
    assert (sent["n"], sent["size"]) == (b"2", b"256x256")
    window = Pillow.open(io.BytesIO(sent["image"]))
    assert (window.size, window.mode) == ((256, 256), "RGBA")
    assert [result.number for result in edit.results.order_by("number")] == [1, 2]


def test_references_go_after_the_source_in_their_order(photo, make_photo, canned):
    alice = photo.created_by
    references = tuple(
        make_photo(alice, size=(90 + step, 50), name=f"{step}.png") for step in range(3)
    )
    edit = submit(wish(alice, source=photo, mask=mask_png(photo.size, MASK), references=references))
    assert [each.image.name for each in edit.references.all()] == ["0.png", "1.png", "2.png"]
    run(edit.pk)
    files = canned.files_sent[0]
    assert [name for name, _ in files] == ["image[]"] * 4 + ["mask"]
    sizes = [Pillow.open(io.BytesIO(data)).size for _, data in files]
    assert sizes[1:4] == [(90, 50), (91, 50), (92, 50)]
    assert sizes[0] == sizes[4]


def test_more_references_than_the_model_takes_are_refused(photo, make_photo):
    alice = photo.created_by
    references = (make_photo(alice, size=(80, 50)),)
    with pytest.raises(NotSubmitted) as refused:
        submit(
            wish(
                alice,
                source=photo,
                mask=mask_png(photo.size, MASK),
                references=references,
                model="dall-e-2",
                options={"n": 1},
            )
        )
    assert [problem.field for problem in refused.value.problems] == ["references"]


def test_the_same_key_with_other_references_is_a_conflict(photo, make_photo):
    alice = photo.created_by
    first = wish(alice, source=photo, mask=mask_png(photo.size, MASK))
    submit(first)
    other = make_photo(alice, size=(80, 50))
    second = wish(alice, source=photo, mask=first.mask, references=(other,), key=first.key)
    with pytest.raises(NotSubmitted) as refused:
        submit(second)
    assert refused.value.conflict


def test_without_a_mask_a_script_gets_the_whole_picture_as_the_model_made_it(photo, canned):
    edit = submit(wish(photo.created_by, source=photo, fit="asked"))
    run(edit.pk)
    assert "mask" not in canned.requests[0]
    assert "size" not in canned.requests[0]
    sent = Pillow.open(io.BytesIO(canned.requests[0]["image"]))
    assert sent.size == photo.size
    result = Result.objects.get()
    assert (result.outside_identical, result.image.size) == (None, (64, 64))


def test_a_masked_edit_of_a_script_is_stitched_where_the_shapes_agree(make_photo, alice, canned):
    photo = make_photo(alice, size=(1536, 1024))
    mask = mask_png(photo.size, MASK)
    edit = submit(
        wish(alice, source=photo, mask=mask, fit="asked", options={"n": 1, "size": "1536x1024"})
    )
    run(edit.pk)
    result = edit.results.get()
    assert (result.outside_identical, result.image.size) == (True, (1536, 1024))
    source = np.asarray(Pillow.open(io.BytesIO(read(photo.original))).convert("RGB"))
    made = np.asarray(Pillow.open(io.BytesIO(read(result.image.original))).convert("RGB"))
    assert (source[300:] == made[300:]).all()
    assert (source[200, 250] != made[200, 250]).any()


@pytest.mark.parametrize("box", [None, "all"], ids=["empty", "everything"])
def test_a_scripts_mask_of_nothing_or_everything_is_sent_and_not_stitched(photo, canned, box):
    box = (0, 0, *photo.size) if box else (0, 0, 0, 0)
    edit = submit(wish(photo.created_by, source=photo, mask=mask_png(photo.size, box), fit="asked"))
    run(edit.pk)
    mask = np.asarray(Pillow.open(io.BytesIO(canned.requests[0]["mask"])).getchannel("A"))
    assert mask.shape == (480, 640)
    assert set(np.unique(mask)) == ({0} if box[2] else {255})
    assert edit.results.get().outside_identical is None


def test_the_result_of_a_generation_can_be_edited(alice, canned):
    made = submit(wish(alice, operation="generate"))
    canned.usual = Answer(body=pictures(size=(640, 480)))
    run(made.pk)
    image = made.results.get().image
    edit = submit(wish(alice, source=image, mask=mask_png(image.size, MASK)))
    run(edit.pk)
    assert edit.results.get().outside_identical is True


def test_a_model_that_takes_no_pictures_generates(alice):
    options = {"n": 1, "size": "1792x1024", "quality": "hd", "style": "natural"}
    edit = submit(wish(alice, operation="generate", model="dall-e-3", options=options))
    assert edit.estimate_microusd == 120_000


@pytest.fixture
def sent_by_script(alice, tmp_path):
    """A picture of a script's, with its bytes."""

    def store(data):
        path = tmp_path / f"{uuid4()}.png"
        path.write_bytes(data)
        return add_upload(path, "photo.png", alice, origin=Origin.API)

    return store


@pytest.mark.parametrize("masked", [True, False], ids=["mask", "no mask"])
def test_a_scripts_picture_goes_to_the_provider_byte_for_byte(
    alice, canned, sent_by_script, masked
):
    data = photo_png((1024, 1024))
    photo = sent_by_script(data)
    mask = mask_png(photo.size, MASK) if masked else None
    options = {"n": 1, "size": "1024x1024"}
    edit = submit(wish(alice, source=photo, mask=mask, fit="asked", options=options))
    run(edit.pk)
    assert canned.requests[0]["image"] == data
    assert edit.results.get().outside_identical is (True if masked else None)


def test_a_scripts_picture_that_may_lie_on_its_side_is_sent_upright(alice, canned, sent_by_script):
    turned = Pillow.open(io.BytesIO(photo_png((120, 80))))
    exif = turned.getexif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    turned.save(buffer, "PNG", exif=exif)
    photo = sent_by_script(buffer.getvalue())
    assert photo.size == (80, 120)
    run(submit(wish(alice, source=photo, fit="asked")).pk)
    sent = Pillow.open(io.BytesIO(canned.requests[0]["image"]))
    assert (sent.size, len(sent.getexif())) == ((80, 120), 0)


def test_a_transparent_background_is_transparent_inside_the_mask(photo, canned):
    answer = np.zeros((64, 64, 4), np.uint8)
    encoded = base64.b64encode(png(answer)).decode()
    canned.usual = Answer(body=json.dumps({"created": 1, "data": [{"b64_json": encoded}]}).encode())
    options = {"n": 1, "background": "transparent"}
    edit = submit(
        wish(
            photo.created_by,
            source=photo,
            mask=mask_png(photo.size, MASK),
            model="gpt-image-2.5-flare",
            options=options,
        )
    )
    run(edit.pk)
    result = edit.results.get()
    made = np.asarray(Pillow.open(io.BytesIO(read(result.image.original))))
    assert (result.outside_identical, result.image.has_alpha) == (True, True)
    assert made[200, 250, 3] == 0
    assert made[:100, :, 3].min() == 255


def drawing(size, alpha=200):
    """A red bar on glass."""
    pixels = np.zeros((size[1], size[0], 4), np.uint8)
    pixels[10:20, 10:60] = (255, 0, 0, alpha)
    return png(pixels)


def drawn(photo, **fields):
    usual = {"source": photo, "fit": "asked", "model": "gpt-image-2.5-flare"}
    return wish(photo.created_by, **{**usual, "markup": drawing(photo.size), **fields})


def test_a_drawing_over_the_picture_goes_along_in_place_of_a_mask(photo, canned):
    edit = submit(drawn(photo))
    run(edit.pk)
    assert [name for name, _ in canned.files_sent[0]] == ["image", "markup"]
    sent = np.asarray(Pillow.open(io.BytesIO(canned.requests[0]["markup"])))
    assert np.array_equal(sent, np.asarray(Pillow.open(io.BytesIO(drawing(photo.size)))))
    assert edit.results.get().outside_identical is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"model": "gpt-image-2"}, "not_taken"),
        ({"mask": mask_png((640, 480), MASK)}, "mask_and_markup"),
        ({"markup": drawing((64, 48))}, "wrong_size"),
        ({"markup": b"no picture"}, "not_a_picture"),
    ],
)
def test_a_drawing_that_cannot_go_along_is_refused_before_anything_is_held(photo, change, code):
    with pytest.raises(NotSubmitted) as refused:
        submit(drawn(photo, **change))
    assert [(p.field, p.code) for p in refused.value.problems] == [("markup", code)]
    assert not Edit.objects.exists()


def test_the_same_key_with_another_drawing_is_a_conflict(photo):
    first = drawn(photo)
    assert submit(first).pk == submit(first).pk
    other = drawn(photo, key=first.key, markup=drawing(photo.size, alpha=100))
    with pytest.raises(NotSubmitted) as refused:
        submit(other)
    assert refused.value.conflict
