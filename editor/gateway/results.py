"""Which pictures a caller gets, in which size and format.

Of a stitched edit it is the stitched picture, in which only the mask's pixels differ from the source;
of every other edit it is what the provider sent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import repeat
from operator import add
from typing import Any

from editor.gateway.failures import failure_of
from editor.images_api.answers import Description
from editor.images_api.catalogue import UnknownModel
from editor.images_api.entries import Model
from editor.images_api.errors import ProviderError
from editor.images_api.messages import Usage, read_answer
from editor.imaging import files, framing, masters, provenance
from editor.jobs import pictures, spool
from editor.jobs.canvas import frame_of
from editor.jobs.frames import sent_size, shapes_agree
from editor.jobs.provider import known_models
from editor.jobs.sizes import parse, written
from editor.models import Attempt, Edit, Partial, Result, Status, Team

Size = tuple[int, int]
BEST = 95  # of 100: the quality of a lossy picture where the caller names no compression
UNTOLD_QUALITY = "medium"  # events must name one, even where nobody told which "auto" has become
LOSSY = {"jpeg": files.encode_jpeg, "webp": files.encode_webp}


@dataclass(frozen=True)
class Ended:
    """An edit that has pictures, in their order."""

    edit: Edit
    attempt: Attempt
    results: list[Result]
    usage: Usage | None  # of all calls; None where the provider did not tell: unknown is not zero

    @property
    def created(self) -> int:
        return int((self.edit.finished_at or self.edit.created_at).timestamp())


def ended(edit_id: int) -> Ended:
    """The edit, which nobody has to wait for any more. Raises Refusal where there are no pictures."""
    edit = Edit.objects.get(pk=edit_id)
    if edit.status != Status.SUCCEEDED:
        raise failure_of(edit, edit.present_attempt())
    results = list(edit.results.select_related("edit", "image", "attempt").order_by("number"))
    return Ended(edit, results[0].attempt, results, _usage_of(edit, results[0].attempt))


def _usage_of(edit: Edit, attempt: Attempt) -> Usage | None:
    """Of the one call that there was, else the sum of those that brought something."""
    told = [attempt.usage]
    if len(edit.frames) > 1:
        answered = edit.attempts.filter(outcome=Attempt.Outcome.SUCCEEDED)
        told = list(answered.values_list("usage", flat=True))
    known = [Usage(**usage) for usage in told if usage]
    return reduce(add, known) if known and len(known) == len(told) else None


@dataclass(frozen=True)
class Made:
    """One picture as the caller gets it, and the stored file that it is or is made from."""

    stored: str
    stored_format: str
    stored_size: Size
    format: str
    size: Size
    quality: int
    has_alpha: bool
    revised_prompt: str

    @property
    def is_as_stored(self) -> bool:
        return (self.stored_format, self.stored_size) == (self.format, self.size)

    def data(self) -> bytes:
        """As it is stored, or anew in 8-bit sRGB: what the stored file says beside its pixels goes along."""
        stored = pictures.read(self.stored)
        if self.is_as_stored:
            return stored
        with pictures.pixel_gate:
            master = masters.open_master(stored, keep_place=Team.load().keep_place)
            said: dict[str, Any] = {"exif": master.exif, "xmp": provenance.xmp_of(stored)}
            pixels = _scaled(master.srgb(), self.size)
            if self.format in LOSSY:
                return LOSSY[self.format](pixels, self.quality, **said)
            return files.encode_png(pixels, **said)


def made_of(result: Result) -> Made:
    """`result` comes with its edit and its image."""
    edit, image = result.edit, result.image
    compression = edit.options.get("output_compression")
    more: dict[str, Any] = {
        "quality": BEST if compression is None else max(1, compression),
        "has_alpha": image.has_alpha,
        "revised_prompt": result.piece.revised_prompt,
    }
    if not edit.is_stitched:
        sent = result.piece
        size = (sent.raw_width, sent.raw_height)
        wanted = edit.options.get("output_format") or sent.raw_format
        format = wanted if wanted in (*LOSSY, "png") else sent.raw_format
        return Made(sent.raw, sent.raw_format, size, format, size, **more)
    format = edit.options.get("output_format") or image.format
    format = format if format in LOSSY else "png"
    size = _stitched_size(edit, image.size)
    return Made(image.original, image.format, image.size, format, size, **more)


def description_of(
    done: Ended, made: Made, safety_identifier: str, *, of_event: bool = False
) -> Description:
    """What the answer says about its pictures. In JSON, models of the older kind say nothing."""
    if _is_silent(done.edit) and not of_event:
        return Description()
    quality = _quality_asked(done.edit) or _quality_told(done.attempt)
    return Description(
        size=written(made.size),
        quality=quality or (UNTOLD_QUALITY if of_event else ""),
        background="transparent" if made.has_alpha else "opaque",
        output_format=made.format,
        safety_identifier=safety_identifier,
    )


def description_of_partial(edit: Edit, preview: Partial) -> Description:
    frame = frame_of(edit, preview.attempt.frame)
    size = sent_size(edit.api_operation, edit.options, frame)  # type: ignore[arg-type]
    if not size or size == "auto":
        size = written((preview.width, preview.height))  # what is not stitched is shown as it came
    is_transparent = edit.options.get("background") == "transparent"
    return Description(
        size=size,
        quality=_quality_asked(edit) or UNTOLD_QUALITY,
        background="transparent" if is_transparent else "opaque",
        output_format=preview.raw_format,
    )


def shares_of(usage: Usage | None, count: int) -> Iterator[Usage | None]:
    """The usage of each of `count` pictures: clients add them up, and get the whole again."""
    if usage is None:
        yield from repeat(None, count)
        return
    for number in range(count):
        shares = {name: _share(value, number, count) for name, value in vars(usage).items()}
        yield Usage(**shares)


def _share(value: int | None, number: int, count: int) -> Any:
    if value is None:
        return None
    return value // count + (1 if number < value % count else 0)


def _stitched_size(edit: Edit, size: Size) -> Size:
    """The size that was asked for, where the stitched picture is larger and of that shape."""
    asked = edit.options.get("size")
    if not asked or asked == "auto":
        return size
    wanted = parse(asked)
    return min(wanted, size) if shapes_agree(wanted, size) else size


def _scaled(pixels: Any, size: Size) -> Any:
    height, width = pixels.shape[:2]
    if (width, height) == size:
        return pixels
    return framing.cut(pixels, framing.Frame((0, 0, width, height), size))


def _quality_asked(edit: Edit) -> str:
    quality = edit.options.get("quality") or ""
    return "" if quality == "auto" else str(quality)


def _quality_told(attempt: Attempt) -> str:
    """Which one the provider took for "auto": only its answer says so, and that is kept for days."""
    try:
        return read_answer(spool.answer(attempt.key), spool.meta(attempt.key)).quality
    except (OSError, ValueError, ProviderError):
        return ""


def _is_silent(edit: Edit) -> bool:
    model = _model_of(edit)
    return model is not None and model.tokens is None


def _model_of(edit: Edit) -> Model | None:
    try:
        return known_models().get(edit.model)
    except UnknownModel:
        return None  # it was taken out of the operator's file meanwhile
