"""Which window is sent at which size, and when the picture goes as it is."""

import pytest

from editor.imaging.framing import Frame
from editor.jobs.frames import frames_for, sent_size, shapes_agree, with_default_size
from editor.jobs.provider import known_models

BOUNDS = (2000, 1500, 2600, 1900)


def model(name):
    return known_models().get(name)


def one_frame(known, operation, source, bounds, options, fit):
    """The frame for a mask of one island, None where pictures are sent as they are."""
    frames = frames_for(known, operation, source, (bounds,) if bounds else (), options, fit)
    assert len(frames) <= 1
    return frames[0] if frames else None


def test_around_the_mask_a_free_size_model_gets_native_pixels():
    frame = one_frame(model("gpt-image-2"), "edit", (6000, 4000), BOUNDS, {}, "mask")
    assert frame.scale == 1.0
    assert frame.bounds[0] <= 2000 < 2600 <= frame.bounds[2]
    assert sent_size("edit", {}, frame) == f"{frame.size[0]}x{frame.size[1]}"


def test_a_script_that_names_no_size_gets_the_frame_around_its_mask_too():
    asked = one_frame(model("gpt-image-2"), "edit", (6000, 4000), BOUNDS, {"size": "auto"}, "asked")
    painted = one_frame(model("gpt-image-2"), "edit", (6000, 4000), BOUNDS, {}, "mask")
    assert asked == painted


def test_a_size_that_a_script_names_is_that_of_the_whole_picture():
    options = {"size": "1536x1024"}
    frame = one_frame(model("gpt-image-2"), "edit", (6000, 4000), BOUNDS, options, "asked")
    assert frame == Frame((0, 0, 6000, 4000), (1536, 1024))
    assert sent_size("edit", options, frame) == "1536x1024"


def test_a_named_size_larger_than_the_source_sends_it_as_it_is():
    options = {"size": "1024x1024"}
    sent = one_frame(model("gpt-image-2"), "edit", (512, 512), (10, 10, 90, 90), options, "asked")
    assert sent is None
    assert sent_size("edit", options, sent) == "1024x1024"


def test_a_named_size_of_another_shape_sends_the_picture_as_it_is():
    options = {"size": "1024x1024"}
    sent = one_frame(model("gpt-image-2"), "edit", (6000, 4000), BOUNDS, options, "asked")
    assert sent is None
    assert sent_size("edit", options, None) == "1024x1024"


def test_without_a_mask_the_picture_is_sent_as_it_is():
    assert one_frame(model("gpt-image-2"), "edit", (600, 400), None, {}, "asked") is None


def test_a_model_with_a_default_size_means_it_when_a_script_names_none():
    assert with_default_size(model("dall-e-2"), {"n": 2}, "asked") == {"n": 2, "size": "1024x1024"}
    assert with_default_size(model("dall-e-2"), {"n": 2}, "mask") == {"n": 2}
    assert with_default_size(model("gpt-image-2"), {"n": 2}, "asked") == {"n": 2}


@pytest.mark.parametrize(("size", "sent"), [(None, 800), ("256x256", 256), ("1024x1024", 800)])
def test_a_variation_sends_the_middle_square_no_larger_than_it_is(size, sent):
    frame = one_frame(model("dall-e-2"), "vary", (1200, 800), None, {"size": size}, "mask")
    assert frame == Frame((200, 0, 1000, 800), (sent, sent))
    assert sent_size("vary", {"size": size}, frame) == size


def test_a_generation_has_no_frame():
    assert one_frame(model("gpt-image-2"), "generate", None, None, {"size": "auto"}, "mask") is None


def test_shapes_agree_within_a_hundredth():
    assert shapes_agree((6000, 4000), (1536, 1024))
    assert shapes_agree((1000, 1000), (1005, 1000))
    assert not shapes_agree((1000, 1000), (1020, 1000))
