"""The picture of a result, made from what came for its edit's frames, and stored."""

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

from django.conf import settings

from editor.imaging import files, framing, masters, provenance, stitching
from editor.jobs import pictures
from editor.jobs.canvas import contract_of, kept_of, master_of_canvas, without_padding
from editor.jobs.provider import is_sandbox
from editor.models import Attempt, Edit, Finish, Piece, Team

VERSION = "0.1.0"
TOOL = f"Maskroom {VERSION}"
NOT_STITCHED = ""
MEASURED = (
    "pixels_changed", "border_ratio", "wide_step", "wide_step_p95", "drift_px", "drift_colour", "flag",
)  # fmt: skip


@dataclass(frozen=True)
class Came:
    """One picture that a call brought, decoded."""

    piece: Piece
    picture: files.Picture
    bytes: int

    @classmethod
    def of(cls, piece: Piece) -> "Came":
        """A piece that is kept, decoded apart from this process: its bytes are as they were sent.

        Raises ImageRefused where they can't be read, or are others by now; FileNotFoundError.
        """
        data = pictures.read(piece.raw)
        if hashlib.sha256(data).hexdigest() != piece.raw_sha256:
            raise files.ImageRefused("broken")
        with tempfile.TemporaryDirectory(dir=settings.UPLOAD_DIR) as folder:
            path = Path(folder) / "raw"
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
    """Makes the pictures of one edit's results: what they have in common is read once. `attempt` is one
    that brought something of them."""

    def __init__(self, edit: Edit, attempt: Attempt) -> None:
        self.edit = edit
        self.attempt = attempt

    def make(self, group: Sequence[Came], finish: str = Finish.NATURAL) -> Made:
        """The picture of what came for one result, in storage; no row is written.

        What is put into its source has all of its pixels there, in the source's own colours and depth.
        Else it is what the provider sent, byte by byte, unless padding has to be cut off.
        """
        if self.edit.is_stitched:
            return self._in_source(group, finish)
        came = group[0]
        inner = without_padding(self.edit, came.picture.pixels)
        if inner is not None:
            stored = pictures.stored_picture(inner, xmp=self._xmp("generated"))
        else:
            raw, sha256 = came.piece.raw, came.piece.raw_sha256
            stored = pictures.stored_answer(came.picture, raw, sha256, came.bytes)
        return Made(stored, NOT_STITCHED, {}, ({},))

    def _in_source(self, group: Sequence[Came], finish: str) -> Made:
        stitched = self._stitched(group, finish)
        measured = {name: getattr(stitched, name) for name in MEASURED}
        corrections = tuple(each.to_dict() for each in stitched.corrections)
        compared: list[tuple[bool, int]] = []
        stored = pictures.stored_master(
            replace(self._master, pixels=stitched.pixels),
            xmp=self._xmp("composite"),
            look=lambda data: compared.append(
                masters.is_identical_outside(self._master, data, self._contract)
            ),
        )
        measured["outside_identical"], measured["pixels_compared"] = compared[0]
        return Made(stored, finish, measured, corrections)

    def _stitched(self, group: Sequence[Came], finish: str) -> stitching.Stitched:
        frames = [framing.Frame.from_dict(frame) for frame in self.edit.frames]
        return stitching.stitch(
            self._master,
            [stitching.Answer(came.picture.pixels, frames[came.piece.frame]) for came in group],
            self._contract,
            finish=cast(stitching.Finish, finish),
            feather=self.edit.feather,
            keep_transparency=self.edit.options.get("background") == "transparent",
            kept=kept_of(self.edit),
            rim=self.edit.grow,
        )

    def _xmp(self, source: Literal["composite", "generated"]) -> bytes:
        return provenance.xmp(
            source=source,
            tool=TOOL,
            edit=str(self.edit.pk),
            model=self.edit.model,
            prompt=self.edit.prompt if self._team.prompt_in_files else "",
            is_sandbox=is_sandbox(self.attempt.provider),
        )

    @cached_property
    def _master(self) -> masters.Master:
        return master_of_canvas(self.edit, keep_place=self._team.keep_place)

    @cached_property
    def _contract(self) -> Any:
        return contract_of(self.edit)

    @cached_property
    def _team(self) -> Team:
        return Team.load()
