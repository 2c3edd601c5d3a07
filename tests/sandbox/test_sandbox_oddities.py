"""Answers that are not what was asked for."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image

from editor.imaging import files, oddities
from editor.sandbox.faults import NAMES, parse
from tests.sandbox.asking import PICTURE, ask, ask_small
from tests.sandbox_server import Sandbox, running_sandbox

SENT = files.open_picture(PICTURE).pixels


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("calm"), SANDBOX_DRIFT="off") as running:
        yield running


def answered(sandbox: Sandbox, fault: str) -> bytes:
    """The picture that comes back when nothing is to be changed, and this goes wrong."""
    headers = {"X-Sandbox-Fault": fault}
    given = {"prompt": "Change nothing", "model": "dall-e-2", "size": "1024x1024"}
    answer = ask(sandbox, headers=headers, response_format="b64_json", **given)
    return base64.b64decode(answer.json()["data"][0]["b64_json"])


def pixels(sandbox: Sandbox, fault: str) -> np.ndarray:
    return files.open_picture(answered(sandbox, fault)).pixels


def test_every_oddity_is_a_fault() -> None:
    assert {f"answer-{name}" for name in oddities.NAMES} <= NAMES
    for name in oddities.NAMES:
        assert parse(f"answer-{name}")[0].name == f"answer-{name}"


def test_without_a_fault_nothing_is_changed(calm: Sandbox) -> None:
    assert np.array_equal(pixels(calm, "ok"), SENT)


def test_rotated_and_mirrored(calm: Sandbox) -> None:
    assert np.array_equal(pixels(calm, "answer-rotated"), np.rot90(SENT))
    assert np.array_equal(pixels(calm, "answer-mirrored"), SENT[:, ::-1])


def test_nothing_to_be_seen(calm: Sandbox) -> None:
    assert not pixels(calm, "answer-black").any()
    assert not pixels(calm, "answer-transparent")[..., 3].any()


def test_another_size_another_aspect_another_picture(calm: Sandbox) -> None:
    assert pixels(calm, "answer-other-size").shape == (768, 768, 3)
    assert pixels(calm, "answer-other-aspect").shape == (1024, 683, 3)
    other = pixels(calm, "answer-other")
    assert other.shape == SENT.shape
    assert np.abs(other.astype(int) - SENT).mean() > 10


@pytest.mark.parametrize(
    ("fault", "format_name", "mode", "frames"),
    [
        ("answer-animated", "PNG", "RGB", 3),
        ("answer-cmyk", "JPEG", "CMYK", 1),
        ("answer-profile", "PNG", "RGB", 1),
    ],
)
def test_files_of_other_kinds(
    calm: Sandbox, fault: str, format_name: str, mode: str, frames: int
) -> None:
    image = Image.open(io.BytesIO(answered(calm, fault)))
    assert (image.format, image.mode, getattr(image, "n_frames", 1)) == (format_name, mode, frames)
    assert ("icc_profile" in image.info) == (fault == "answer-profile")


def test_profile_says_what_its_values_mean(calm: Sandbox) -> None:
    data = answered(calm, "answer-profile")
    raw = np.asarray(Image.open(io.BytesIO(data))).astype(int)
    assert np.abs(raw - SENT).max() > 10
    assert np.abs(files.open_picture(data).pixels.astype(int) - SENT).max() <= 4


def test_16_bits(calm: Sandbox) -> None:
    data = answered(calm, "answer-16-bit")
    assert data[24] == 16  # the bits of a sample, in the header
    assert np.array_equal(files.open_picture(data).pixels, SENT)


def test_truncated_picture_in_a_whole_answer(calm: Sandbox) -> None:
    whole, half = answered(calm, "ok"), answered(calm, "answer-truncated")
    assert half == whole[: len(whole) // 2]


def test_100_megapixels(calm: Sandbox) -> None:
    data = answered(calm, "answer-huge")
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    assert width * height >= 100_000_000
    assert len(data) < 20_000_000


def test_drift_of_one_call(calm: Sandbox) -> None:
    still, mild, strong = (
        pixels(calm, fault).astype(int) for fault in ("ok", "drift-mild", "drift-strong")
    )
    assert np.array_equal(still, SENT)
    assert 2 < np.abs(mild - SENT).mean() < np.abs(strong - SENT).mean()


def test_developer_switches_drift_on_for_all_calls(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, SANDBOX_FAULT="drift-strong") as sandbox:
        one, other = (
            ask_small(sandbox, prompt="Change nothing", response_format="b64_json").json()["data"][
                0
            ]
            for _ in range(2)
        )
    drifted = files.open_picture(base64.b64decode(one["b64_json"])).pixels.astype(int)
    assert one == other
    assert drifted.mean() > 1.08 * SENT.mean()


def test_oddity_comes_by_an_address_too(calm: Sandbox) -> None:
    headers = {"X-Sandbox-Fault": "answer-black"}
    answer = ask_small(calm, headers=headers, prompt="Change nothing", response_format="url")
    data = requests.get(answer.json()["data"][0]["url"], timeout=10).content
    assert not files.open_picture(data).pixels.any()
