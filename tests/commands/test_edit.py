"""`manage.py edit`: the main job from a terminal."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from editor.imaging import masks
from editor.imaging.framing import Frame, Framing
from editor.jobs.quotes import HELPER
from editor.management.commands.edit import framing_in, sent_in_words
from editor.models import Edit, LedgerEntry, Spending, Status
from tests.drawing import mask_pixels, mask_png, photo_pixels, photo_png, pixels_of, png

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]
SIZE = (320, 240)
BOX = (100, 80, 180, 150)


@pytest.fixture
def photo_file(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(photo_png(SIZE))
    return path


@pytest.fixture
def mask_file(tmp_path):
    path = tmp_path / "mask.png"
    path.write_bytes(mask_png(SIZE, BOX))
    return path


@pytest.fixture
def edit(adam, photo_file, mask_file, tmp_path):
    """Run the command; what it printed as JSON lines."""

    def run(**options):
        given = {"mask": mask_file, "prompt": "Remove the sign", "model": "dall-e-2"}
        out = io.StringIO()
        wanted = {**given, "size": "256x256", "out": tmp_path / "out", **options}
        call_command("edit", wanted.pop("photo", photo_file), stdout=out, **wanted)
        return [json.loads(line) for line in out.getvalue().splitlines()]

    return run


def test_references_are_taken_in_their_order(edit, tmp_path, provider):
    paths = []
    for shade in (60, 90):
        paths.append(tmp_path / f"{shade}.png")
        paths[-1].write_bytes(photo_png((64, 48), shade=shade))
    edit(model="gpt-image-2", size="1024x1024", reference=paths)
    references = Edit.objects.get().references.select_related("image")
    assert [each.image.name for each in references] == ["60.png", "90.png"]


def outside_is_untouched(path, grow=4):
    found, source = pixels_of(Path(path).read_bytes()), photo_pixels(SIZE)
    inside = masks.grow(mask_pixels(SIZE, BOX), grow) > 0
    return (
        np.array_equal(found[~inside], source[~inside]) and (found[inside] != source[inside]).any()
    )


def test_it_writes_each_result_and_prints_a_line_of_json_for_it(provider, edit):
    lines = edit(n=2)
    assert len(lines) == 2
    for line in lines:
        assert set(line) == {"id", "edit", "file", "cost_usd", "gates"}
        assert outside_is_untouched(line["file"])
        assert line["gates"]["outside_identical"] is True
        grown = np.count_nonzero(masks.grow(mask_pixels(SIZE, BOX), 4))
        assert line["gates"]["pixels_compared"] + grown == SIZE[0] * SIZE[1]
        assert line["gates"]["pixels_changed"] == grown > 80 * 70
    kept = Edit.objects.get()
    assert kept.status == Status.SUCCEEDED
    assert [line["id"] for line in lines] == list(kept.results.values_list("id", flat=True))
    assert lines[0]["cost_usd"] == kept.cost_microusd / 1_000_000 > 0
    assert len(provider.calls()) == 1


def test_mask_alpha_takes_transparent_as_what_changes(provider, edit, tmp_path):
    alpha = np.dstack([photo_pixels(SIZE), 255 - mask_pixels(SIZE, BOX)])
    path = tmp_path / "alpha.png"
    path.write_bytes(png(alpha))
    (line,) = edit(mask=path, mask_alpha=True)
    assert outside_is_untouched(line["file"])
    assert Edit.objects.get().mask_bounds == list(BOX)


def test_the_person_who_is_named_made_it(provider, edit, alice):
    edit(person="alice")
    assert Edit.objects.get().created_by == alice


def refused(edit, **options):
    with pytest.raises(CommandError) as error:
        edit(**options)
    assert not LedgerEntry.objects.exists(), "nothing may be held for what is refused"
    return str(error.value)


def test_what_cannot_be_edited_is_refused_in_a_sentence_and_holds_no_money(edit, tmp_path):
    text = tmp_path / "text.png"
    text.write_text("no picture")
    assert "text.png" in refused(edit, photo=text)
    assert "is not a file" in refused(edit, photo=tmp_path / "nothing.png")
    assert "is not a file" in refused(edit, mask=tmp_path / "nothing.png")
    assert "text.png" in refused(edit, mask=text)
    other_size = tmp_path / "small.png"
    other_size.write_bytes(mask_png((100, 100), (10, 10, 20, 20)))
    assert "small.png" in refused(edit, mask=other_size)
    empty = tmp_path / "empty.png"
    empty.write_bytes(mask_png(SIZE))
    assert "mask" in refused(edit, mask=empty)
    opaque = tmp_path / "opaque.png"
    Image.new("RGB", SIZE).save(opaque)
    assert "opaque.png" in refused(edit, mask=opaque, mask_alpha=True)
    assert "model" in refused(edit, model="no-such-model")
    assert "prompt" in refused(edit, prompt=" ")
    assert "n:" in refused(edit, n=99)
    assert "nobody" in refused(edit, person="nobody")


def test_without_an_administrator_it_says_so(photo_file, mask_file, db):
    with pytest.raises(CommandError, match="there is no person"):
        call_command("edit", photo_file, mask=mask_file, prompt="x")


def test_an_edit_that_fails_ends_with_the_providers_words(provider, edit):
    provider.fault("400-moderation")
    with pytest.raises(CommandError, match="failed: "):
        edit()
    assert Edit.objects.get().status == Status.FAILED


def test_stopped_spending_is_said_and_leaves_the_edit_queued(provider, edit, adam):
    Spending.switch(stopped=True, by=adam)
    with pytest.raises(CommandError, match="stays queued: an administrator has stopped spending"):
        edit()
    assert Edit.objects.get().status == Status.QUEUED
    assert provider.calls() == []


def test_it_works_with_no_app_running_and_no_provider_set_up(tmp_path, photo_file, mask_file):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = {**kept, "DATA_DIR": str(tmp_path / "data"), "PORT": "1"}

    def manage(*words):
        command = [sys.executable, str(ROOT / "manage.py"), *map(str, words)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90)

    assert manage("migrate", "-v0").returncode == 0
    assert manage("first_admin").returncode == 0
    done = manage(
        "edit", photo_file, "--mask", mask_file, "--prompt", "Remove the sign", "--model",
        "dall-e-2", "--size", "256x256", "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert outside_is_untouched(json.loads(done.stdout)["file"])
    for word in ("queued", "succeeded"):
        assert word in done.stderr


def test_it_extends_a_photo_with_or_without_a_mask(provider, edit):
    (line,) = edit(mask=None, extend=(60, 0, 0, 40))
    found = pixels_of(Path(line["file"]).read_bytes())
    assert found.shape == (280, 380, 3)
    kept = Edit.objects.get()
    assert (kept.operation, kept.margins) == ("extend", [60, 0, 0, 40])
    assert np.array_equal(
        found[: 240 - kept.grow, 60 + kept.grow :],
        photo_pixels(SIZE)[: 240 - kept.grow, kept.grow :],
    )
    assert line["gates"]["outside_identical"] is True


def test_the_edge_of_the_mask_can_be_chosen(provider, edit):
    (line,) = edit(grow=15, feather=2)
    assert outside_is_untouched(line["file"], grow=15)
    assert (Edit.objects.get().grow, Edit.objects.get().feather) == (15, 2)


def test_without_a_mask_and_without_margins_it_says_what_is_missing(edit):
    with pytest.raises(CommandError, match="--mask, or --extend"):
        edit(mask=None)
    assert not Edit.objects.exists()


@pytest.mark.parametrize("text", ["1,2,3", "a,b,c,d", "-1,0,0,0", "1,2,3,4,5", "9999999,0,0,0", ""])
def test_margins_that_are_no_four_numbers_are_refused(photo_file, text):
    with pytest.raises(CommandError, match="--extend"):
        call_command("edit", str(photo_file), "--prompt", "Wider", f"--extend={text}")


@pytest.mark.parametrize(
    ("text", "framing"),
    [
        ("mask", Framing()),
        ("whole", Framing("whole")),
        ("10,20,300,200", Framing("own", own=(10, 20, 300, 200))),
    ],
)
def test_a_frame_is_named_or_given_by_its_bounds(text, framing):
    assert framing_in(text) == framing


@pytest.mark.parametrize("text", ["own", "all", "1,2,3", "-1,0,9,9", ""])
def test_a_frame_that_is_none_is_refused(photo_file, text):
    with pytest.raises(CommandError, match=r"--frame.*: give mask, whole, or four whole numbers"):
        call_command("edit", str(photo_file), "--prompt", "Wider", f"--frame={text}")


def test_the_frame_and_the_helping_sentence_can_be_chosen(provider, edit):
    own = Framing("own", own=(90, 70, 200, 170))
    (line,) = edit(frame=own, context=1.0, one_frame=True, helper=True)
    assert outside_is_untouched(line["file"])
    kept = Edit.objects.get()
    wanted = {"mode": "own", "own": [90, 70, 200, 170], "context": 1.0, "split": False}
    assert (kept.framing, kept.helper) == (wanted, HELPER)
    left, top, right, bottom = kept.frames[0]["bounds"]
    assert left <= 90 and top <= 70 and right >= 200 and bottom >= 170


def test_a_context_out_of_range_is_refused(edit):
    assert "context: Give 0.25 to 1.5" in refused(edit, context=2.0)


def test_it_tells_each_frame_and_how_many_calls_are_made(photo, make_edit):
    made = make_edit(photo)
    made.frames = [Frame((0, 0, 2048, 1280), (1024, 640)).to_dict()]
    assert sent_in_words(made).splitlines() == [
        f"edit {made.pk}: gpt-image-2, 1 frame, 1 call",
        "frame 0,0,2048,1280: 1 × 1024 × 640, sent at 50%",
    ]
    made.frames *= 2
    first, *frames = sent_in_words(made).splitlines()
    assert first == f"edit {made.pk}: gpt-image-2, 2 frames, 2 calls"
    assert len(frames) == 2
