"""Results as people take them away: in the format they want, or with the whole record."""

import json
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from editor.imaging import files, labelling, masters, provenance
from editor.imaging.masks import mask_png
from editor.jobs import pictures
from editor.jobs.canvas import contract_of
from editor.models import Attempt, Edit, Finished, Image, Piece, Result

Format = Literal["png", "jpeg", "webp"]
FORMATS: tuple[Format, ...] = ("png", "jpeg", "webp")
LABEL = "Edited with AI · Maskroom"
BEST, LEAST_QUALITY, MOST_QUALITY = 92, 40, 100
RECORD_VERSION = 1


def download_of(image: Image, format: Format, *, quality: int = BEST, label: bool = False) -> bytes:
    """A finished picture in `format`, with what is written into it: profile, EXIF and provenance.

    A PNG without a label is the stored file where that is one: every pixel as it was compared. JPEG and
    WebP (`quality` 40 to 100) are encoded anew, with 8 bits. `label` draws a small one into a corner.
    """
    stored = pictures.read(image.original)
    if format == image.format == "png" and not label:
        return stored
    with pictures.pixel_gate:
        master = masters.open_master(stored, keep_place=True)
        pixels, profile = _shallow(master)
        if label:
            pixels = labelling.labelled(pixels, LABEL)
        about: dict[str, Any] = {
            "profile": profile,
            "exif": master.exif,
            "xmp": provenance.xmp_of(stored),
        }
        if format == "jpeg":
            return files.encode_jpeg(pixels, quality, **about)
        if format == "webp":
            return files.encode_webp(pixels, quality, **about)
        return files.encode_png(pixels, **about)


def record_of(result: Result, folder: Path, *, with_originals: bool) -> Path:
    """A ZIP in `folder` with everything that made `result`, enough to make it again.

    source, references, the mask as painted and what could change, the provider's bytes for each
    frame, the finished picture, and record.json. The originals are put in as they came
    `with_originals`; for who may not have what a camera wrote into them, as PNGs of the same pixels.
    """
    edit = result.edit
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".zip", delete=False) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as record:
            named = {}
            for name, data in _files_of(result, with_originals):
                named[name] = len(data)
                record.writestr(name, data)
            text = json.dumps(
                _told(result, list(named)), indent=2, ensure_ascii=False, default=_plain
            )
            record.writestr("record.json", text, zipfile.ZIP_DEFLATED)
            record.writestr("README.txt", _READ_ME.format(edit=edit.pk))
    return Path(file.name)


_READ_ME = """\
Edit {edit} of Maskroom, with everything that made it.

source.*       the picture that was edited
reference-*.*  further pictures that the model was given, in this order
mask.png       what was painted: white was to change
contract.png   the same, grown: nothing outside of the white has changed
markup.png     what a script drew over the source, to show what is meant
raw-*.*        what the provider sent, untouched; one file for each frame
result.png     the finished picture
record.json    all parameters, measurements and calls
"""


def _files_of(result: Result, with_originals: bool) -> Iterator[tuple[str, bytes]]:
    """Names and bytes, one at a time: none is held while the next is read."""
    edit = result.edit
    if edit.source:
        yield _original("source", edit.source, with_originals)
    for reference in edit.references.select_related("image"):
        yield _original(f"reference-{reference.number}", reference.image, with_originals)
    if edit.mask:
        yield "mask.png", pictures.read(edit.mask)
        yield "contract.png", mask_png(contract_of(edit))
    if edit.markup:
        yield "markup.png", pictures.read(edit.markup)
    for piece in result.pieces.order_by("frame"):
        yield f"raw-{piece.frame + 1}.{piece.raw_format}", pictures.read(piece.raw)
    yield f"result.{result.image.format}", pictures.read(result.image.original)


def _original(name: str, image: Image, as_it_came: bool) -> tuple[str, bytes]:
    data = pictures.read(image.original)
    if as_it_came:
        return f"{name}.{image.format}", data
    with pictures.pixel_gate:
        master = masters.open_master(data)
        about = {"profile": master.profile, "exif": master.exif, "xmp": None}
        return f"{name}.png", masters.write_png(master.pixels, **about)


def _shallow(master: masters.Master) -> tuple[Any, bytes | None]:
    """8 bits, in the picture's own colours where it has 8, else in sRGB; and the profile of these."""
    if master.pixels.dtype.itemsize == 1:
        return master.pixels, master.profile
    return master.srgb(), None


# --- record.json ----------------------------------------------------------------------------------


def _told(result: Result, names: list[str]) -> dict[str, Any]:
    edit = result.edit
    return {
        "record": RECORD_VERSION,
        "tool": {"name": "Maskroom", "libraries": _libraries()},
        "files": names,
        "edit": _edit(edit),
        "result": _result(result),
        "calls": [_call(attempt) for attempt in edit.attempts.order_by("number")],
    }


def _libraries() -> dict[str, str]:
    """What pixels depend on: another version may round otherwise."""
    return {name: version(name) for name in ("numpy", "opencv-python-headless", "pillow")}


def _edit(edit: Edit) -> dict[str, Any]:
    plain = (
        "operation", "prompt", "helper", "model", "options", "margins", "grow", "feather", "marks", "markup_as",
        "mask_bounds", "mask_share", "framing", "frames", "status", "created_at", "finished_at",
    )  # fmt: skip
    return {
        "id": edit.pk,
        "key": str(edit.key),
        "by": edit.created_by.username,
        "source": edit.source and _image(edit.source),
        "references": [_image(each.image) for each in edit.references.select_related("image")],
        **{name: getattr(edit, name) for name in plain},
        "cost_microusd": edit.cost_microusd,
        "estimate_microusd": [edit.estimate_low_microusd, edit.estimate_microusd],
        "prices_of": edit.price_date and edit.price_date.isoformat(),
    }


def _image(image: Image) -> dict[str, Any]:
    return {
        "id": image.pk,
        "name": image.name,
        "sha256": image.sha256,
        "format": image.format,
        "size": list(image.size),
    }


def _result(result: Result) -> dict[str, Any]:
    measured = (
        "outside_identical", "pixels_compared", "pixels_changed", "border_ratio", "wide_step", "wide_step_p95",
        "drift_px", "drift_colour", "flag",
    )  # fmt: skip
    finished = result.finished.order_by("made_at")
    return {
        "number": result.number,
        "finish": result.finish,
        "review": result.review,
        "picture": _image(result.image),
        "measured": {name: getattr(result, name) for name in measured},
        "pieces": [_piece(piece) for piece in result.pieces.order_by("frame")],
        "finishes": [_finished(each) for each in finished.select_related("image")],
    }


def _piece(piece: Piece) -> dict[str, Any]:
    return {
        "frame": piece.frame,
        "call": piece.attempt.number,
        "number": piece.number,
        "sha256": piece.raw_sha256,
        "format": piece.raw_format,
        "size": [piece.raw_width, piece.raw_height],
        "has_c2pa": piece.has_c2pa,
        "revised_prompt": piece.revised_prompt,
        "corrected": piece.measured,
    }


def _finished(finished: Finished) -> dict[str, Any]:
    return {
        "finish": finished.finish,
        "sha256": finished.image.sha256,
        "made_at": finished.made_at,
        "measured": finished.measured,
    }


def _call(attempt: Attempt) -> dict[str, Any]:
    plain = (
        "number", "frame", "provider", "sent", "sent_at", "answered_at", "outcome", "http_status", "request_id",
        "usage", "cost_microusd",
    )  # fmt: skip
    return {"key": str(attempt.key), **{name: getattr(attempt, name) for name in plain}}


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in a record")
