"""Pixels that are needed again are kept, within bounds, and cannot be written to."""

import numpy as np
import pytest

from editor.jobs.pictures import Decoded, pixels_of
from editor.jobs.run import run


def array(value, size=10):
    return np.full((size, size, 3), value, np.uint8)


def test_what_was_made_is_kept_until_others_need_the_room():
    kept, made = Decoded(most_bytes=700), []

    def get(name):
        return kept.get(name, lambda: made.append(name) or array(len(made)))

    for name in ("a", "b", "a", "c", "a", "b"):
        get(name)
    assert made == ["a", "b", "c", "b"]


def test_what_is_larger_than_the_room_is_not_kept():
    kept, made = Decoded(most_bytes=299), []
    for _ in range(2):
        kept.get("a", lambda: made.append("a") or array(1))
    assert made == ["a", "a"]


def test_kept_pixels_cannot_be_written_to(photo):
    pixels = pixels_of(photo)
    with pytest.raises(ValueError, match="read-only"):
        pixels[0, 0, 0] = 1


def test_a_second_edit_of_a_picture_starts_from_the_same_pixels(photo, make_edit, canned):
    results = []
    for _ in range(2):
        edit = make_edit(photo)
        run(edit.pk)
        results.append(edit.results.get())
    assert [result.outside_identical for result in results] == [True, True]
    assert canned.requests[0]["image"] == canned.requests[1]["image"]
    assert results[0].piece.raw_sha256 == results[1].piece.raw_sha256
