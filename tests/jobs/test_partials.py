"""Previews: kept while an edit runs, in its source, and gone when the final picture is there."""

import io
import threading
from uuid import uuid4

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.db import connection
from PIL import Image as Pillow

from editor.images_api.messages import PartialPicture
from editor.jobs import partials, spool
from editor.jobs.pictures import read
from editor.jobs.run import run
from editor.jobs.submit import submit
from editor.models import Attempt, Edit, Partial, Status
from tests.canned_provider import Answer, event
from tests.drawing import photo_png, png
from tests.jobs.several import streamed_in_two_frames
from tests.jobs.test_operations import wish

PARTIAL, COMPLETED = "image_edit.partial_image", "image_edit.completed"
USAGE = {"usage": {"input_tokens": 10, "output_tokens": 20, "total_tokens": 30}}


@pytest.fixture
def streamed(new_edit, photo):
    return submit(new_edit(photo, options={"n": 1, "quality": "low", "partial_images": 2}))


def in_thread(work, *arguments):
    def done():
        try:
            work(*arguments)
        finally:
            connection.close()

    thread = threading.Thread(target=done)
    thread.start()
    return thread


def wait_for(condition):
    for _ in range(400):
        if condition():
            return
        threading.Event().wait(0.025)
    raise AssertionError("it did not happen within ten seconds")


@pytest.mark.django_db(transaction=True)
def test_previews_appear_while_the_edit_runs_and_go_when_it_is_done(streamed, canned):
    go_on = threading.Event()
    canned.usual = Answer(
        stream=[
            event(PARTIAL, 40, partial_image_index=0),
            event(PARTIAL, 90, partial_image_index=1),
            go_on,
            event(COMPLETED, 140, **USAGE),
        ]
    )
    running = in_thread(run, streamed.pk)
    try:
        wait_for(lambda: Edit.objects.get(pk=streamed.pk).partial_count == 2)
        kept = list(Partial.objects.filter(edit=streamed))
        assert [each.number for each in kept] == [1, 2]
        assert [Pillow.open(io.BytesIO(read(each.raw))).size for each in kept] == [(64, 64)] * 2
        assert (kept[0].width, kept[0].height) == (640, 480)
    finally:
        go_on.set()
        running.join(20)
    streamed.refresh_from_db()
    assert streamed.status == Status.SUCCEEDED
    assert streamed.results.count() == 1
    assert not Partial.objects.exists()
    assert not any(
        default_storage.exists(name) for each in kept for name in (each.raw, each.preview)
    )


@pytest.mark.django_db(transaction=True)
def test_a_preview_shows_the_source_outside_the_mask(streamed, canned):
    go_on = threading.Event()
    red = png(np.full((64, 64, 3), (250, 0, 0), np.uint8))
    preview = event(PARTIAL, picture=red)
    canned.usual = Answer(stream=[preview, go_on, event(COMPLETED, 140, **USAGE)])
    running = in_thread(run, streamed.pk)
    try:
        wait_for(lambda: Partial.objects.exists())
        shown = pixels(read(Partial.objects.get().preview))
        source = pixels(read(streamed.source.preview))
    finally:
        go_on.set()
        running.join(20)
    difference = np.abs(shown.astype(int) - source.astype(int)).mean(axis=2)
    assert difference[300:, :].mean() < 4  # WebP twice over
    inside = shown[170:230, 220:280].reshape(-1, 3).mean(axis=0)
    assert inside == pytest.approx((250, 0, 0), abs=12)


@pytest.mark.django_db(transaction=True)
def test_the_previews_of_a_frame_lie_in_its_part_and_nowhere_else(photo, make_edit, canned):
    edit = streamed_in_two_frames(make_edit, photo)
    go_on = threading.Event()
    red = png(np.full((640, 1024, 3), (250, 0, 0), np.uint8))
    canned.script = [
        Answer(stream=[event(PARTIAL, picture=red), event(COMPLETED, picture=red, **USAGE)]),
        Answer(stream=[event(PARTIAL, picture=red), go_on, event(COMPLETED, 140, **USAGE)]),
    ]
    run(edit.pk)
    running = in_thread(run, edit.pk)
    try:
        wait_for(lambda: Edit.objects.get(pk=edit.pk).partial_count == 1)
        kept = Partial.objects.get(attempt__number=2)
        shown = pixels(read(kept.preview)).astype(int)
        source = pixels(read(edit.source.preview)).astype(int)
    finally:
        go_on.set()
        running.join(30)
    assert np.abs(shown - (250, 0, 0))[330:410, 510:590].mean() < 12
    assert np.abs(shown - source)[60:140, 40:120].mean() < 4
    edit.refresh_from_db()
    assert edit.status == Status.SUCCEEDED
    assert not Partial.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_stream_that_ends_without_its_picture_is_unknown_and_keeps_its_previews(streamed, canned):
    canned.usual = Answer(stream=[event(PARTIAL, 40)])
    run(streamed.pk)
    wait_for(lambda: Edit.objects.get(pk=streamed.pk).status == Status.UNKNOWN)
    streamed.refresh_from_db()
    assert streamed.trouble == "stream_ended"
    assert streamed.hold_microusd > 0
    assert spool.has_answer(streamed.attempts.get().key)


@pytest.mark.django_db(transaction=True)
def test_a_preview_that_is_no_picture_is_left_out_and_harms_nothing(streamed, canned):
    rubbish = event(PARTIAL, 40).replace(b'"b64_json": "', b'"b64_json": "AAAA')
    canned.usual = Answer(stream=[rubbish, event(COMPLETED, 140, **USAGE)])
    run(streamed.pk)
    streamed.refresh_from_db()
    assert streamed.status == Status.SUCCEEDED
    assert streamed.partial_count == 0


@pytest.mark.django_db(transaction=True)
def test_a_preview_that_comes_after_the_edit_has_moved_on_leaves_nothing_behind(streamed):
    token = uuid4()
    attempt = Attempt.objects.create(
        edit=streamed,
        number=1,
        token=token,
        provider="http://127.0.0.1/v1",
        sent_at=streamed.created_at,
    )
    keeper = partials.Keeper(streamed, attempt, token)
    keeper(PartialPicture(0, photo_png((64, 64)), "png", "64x64"))
    assert keeper.last is not None
    keeper.last.result(20)
    assert not Partial.objects.exists()
    assert not default_storage.exists(f"partials/{attempt.key}.1.png")


@pytest.mark.django_db(transaction=True)
def test_plain_json_answering_a_stream_is_stored_as_what_it_is(streamed, canned):
    run(streamed.pk)
    streamed.refresh_from_db()
    assert canned.requests[0]["stream"] == b"true"
    assert canned.requests[0]["partial_images"] == b"2"
    assert streamed.status == Status.SUCCEEDED


def test_several_results_are_not_streamed(new_edit, photo, canned):
    edit = submit(new_edit(photo, options={"n": 2, "partial_images": 2}))
    run(edit.pk)
    assert "stream" not in canned.requests[0]


def test_previews_are_part_of_the_estimate(alice):
    plain = submit(wish(alice, operation="generate"))
    options = {"n": 1, "quality": "low", "partial_images": 3}
    shown = submit(wish(alice, operation="generate", options=options))
    assert shown.estimate_microusd - plain.estimate_microusd == 3 * 100 * 30


def test_left_behind_previews_of_ended_edits_are_removed(streamed):
    attempt = Attempt.objects.create(
        edit=streamed,
        number=1,
        token=uuid4(),
        provider="http://127.0.0.1/v1",
        sent_at=streamed.created_at,
    )
    Partial.objects.create(
        edit=streamed, attempt=attempt, number=1, raw="partials/a.png", raw_format="png",
        preview="partials/a.preview.webp", width=1, height=1,
    )  # fmt: skip
    assert partials.forget_left_behind() == 0
    Edit.objects.filter(pk=streamed.pk).update(status=Status.SUCCEEDED)
    assert partials.forget_left_behind() == 1
    assert not Partial.objects.exists()


def pixels(data: bytes):
    return np.asarray(Pillow.open(io.BytesIO(data)).convert("RGB"))
