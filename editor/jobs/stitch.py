"""The picture of a result, made from what came for its edit's frames, and stored."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from django.conf import settings

from editor.imaging import files, framing, stitching
from editor.jobs import pictures
from editor.jobs.canvas import contract_of, kept_of, pixels_of_canvas, without_padding
from editor.models import Attempt, Edit, Finish, Piece

NOT_STITCHED = ""


@dataclass(frozen=True)
class Came:
    """One picture that a call brought, decoded."""

    piece: Piece
    picture: files.Picture
    bytes: int

    @classmethod
    def of(cls, piece: Piece) -> "Came":
        """A piece that is kept, decoded apart from this process: its bytes are as they were sent."""
        with tempfile.TemporaryDirectory(dir=settings.UPLOAD_DIR) as folder:
            path, data = Path(folder) / "raw", pictures.read(piece.raw)
            path.write_bytes(data)
            return cls(piece, files.open_untrusted(path), len(data))


@dataclass(frozen=True)
class Made:
    """A stored picture of a result. `measured` are fields of Result, `corrections` one for each piece."""

    stored: pictures.Stored
    finish: str
    measured: dict[str, Any]
    corrections: tuple[dict[str, Any], ...]


class Maker:
    """Makes the pictures of one edit's results: what they have in common is read once."""

    def __init__(self, edit: Edit, attempt: Attempt) -> None:
        self.edit = edit
        self.attempt = attempt

    def make(self, group: Sequence[Came], finish: str = Finish.NATURAL) -> Made:
        """The picture of what came for one result, in storage; no row is written."""
        if self.edit.is_stitched:
            return self._stitched(group, finish)
        came = group[0]
        inner = without_padding(self.edit, came.picture.pixels)
        if inner is not None:
            stored = pictures.stored_picture(inner)
        else:
            raw, sha256 = came.piece.raw, came.piece.raw_sha256
            stored = pictures.stored_answer(came.picture, raw, sha256, came.bytes)
        return Made(stored, NOT_STITCHED, {}, ({},))

    def _stitched(self, group: Sequence[Came], finish: str) -> Made:
        pixels = self._canvas
        for came in group:
            stitched = stitching.stitch(
                pixels,
                came.picture.pixels,
                self._contract,
                framing.Frame.from_dict(self.edit.frames[came.piece.frame]),
                feather=self.edit.feather,
                keep_transparency=self.edit.options.get("background") == "transparent",
                kept=kept_of(self.edit),
                rim=self.edit.grow,
            )
            pixels = stitched.pixels
        measured = {
            "outside_identical": stitched.outside_identical,
            "pixels_compared": stitched.pixels_compared,
            "pixels_changed": stitched.pixels_changed,
            "border_ratio": stitched.border_ratio,
            "drift_px": stitched.drift_px,
        }
        stored = pictures.stored_picture(pixels)
        return Made(stored, finish, measured, ({},) * len(group))

    @cached_property
    def _canvas(self) -> Any:
        return pixels_of_canvas(self.edit)

    @cached_property
    def _contract(self) -> Any:
        return contract_of(self.edit)
