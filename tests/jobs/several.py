"""Edits of two frames: a photo of 640 x 480 with something painted at the left and at the right."""

from typing import Any

from tests.drawing import mask_png

LEFT, RIGHT = (40, 60, 120, 140), (500, 320, 600, 420)
WINDOWS = (0, 0, 256, 256), (384, 224, 640, 480)
FRAMES = [
    {"bounds": [*window], "size": [256, 256], "pad": [0, 0, 0, 0], "part": [*part]}
    for window, part in zip(WINDOWS, (LEFT, RIGHT), strict=True)
]


def in_two_frames(make_edit: Any, photo: Any, **fields: Any) -> Any:
    """A queued edit of two frames, sent at 256 x 256 to a model that is priced by the picture."""
    usual = {
        "mask": mask_png(photo.size, LEFT, RIGHT), "grow": 0, "feather": 0, "model": "dall-e-2",
        "options": {"n": 1}, "frames": FRAMES, "estimate_microusd": 40_000,
    }  # fmt: skip
    return make_edit(photo, **{**usual, **fields})


# As a model sees them that takes free sizes: all of the photo both times, for another part of it.
PADDED_FRAMES = [
    {
        "bounds": [-192, -80, 832, 560],
        "size": [1024, 640],
        "pad": [192, 80, 192, 80],
        "part": [*part],
    }
    for part in (LEFT, RIGHT)
]


def streamed_in_two_frames(make_edit: Any, photo: Any) -> Any:
    """A queued edit of two frames of which previews are wanted."""
    options = {"n": 1, "quality": "low", "partial_images": 2}
    return in_two_frames(
        make_edit, photo, model="gpt-image-2", options=options, frames=PADDED_FRAMES
    )
