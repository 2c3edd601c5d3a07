"""From the spooled answer to results in the gallery. Idempotent: each step that is done is found done."""

import errno
import hashlib
import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any, cast
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from editor.images_api import client, pricing
from editor.images_api.errors import (
    OutcomeUnknown,
    ProviderError,
    ProviderUnavailable,
    ResultGone,
    ResultRefused,
    UnusableAnswer,
)
from editor.images_api.messages import (
    ImagesResponse,
    Operation,
    PictureAnswer,
    picture_bytes,
    read_answer,
)
from editor.imaging import files, framing, stitching
from editor.jobs import leases, outcome, pictures, spool
from editor.jobs.canvas import (
    contract_of,
    first_frame,
    kept_of,
    pixels_of_canvas,
    without_padding,
)
from editor.jobs.connections import give_back
from editor.jobs.crashing import crash
from editor.jobs.frames import sent_size
from editor.jobs.provider import known_models, provider
from editor.models import Attempt, Edit, Piece, Result, Status

log = logging.getLogger(__name__)
FETCH_AGAIN = timedelta(seconds=5)
ROOM_AGAIN = timedelta(seconds=10)
LEAST_FETCH_S = 10.0


class NotOurs(Exception):
    """Somebody else holds the edit by now: a process that was frozen past its lease keeps its hands off."""


class Postponed(Exception):
    """Something is in the way that may go away: a full disk, a server that does not answer."""

    def __init__(self, trouble: str, wait: timedelta, text: str = "") -> None:
        super().__init__(trouble)
        self.trouble, self.wait, self.text = trouble, wait, text


def store(edit_id: int) -> bool:
    """Take up an edit that is `storing` and in nobody's hands. False when there was none to take."""
    token = uuid4()
    if not Edit.objects.claim_to_store(
        edit_id, token=token, now=timezone.now(), lease=leases.length()
    ):
        return False
    with leases.held(token):
        store_held(edit_id, token)
    return True


def store_held(edit_id: int, token: UUID) -> None:
    """Store the answer of an edit that `token` holds. Ends in a status, or stays `storing` for later."""
    edit = Edit.objects.select_related("source", "created_by").get(pk=edit_id)
    attempt = edit.present_attempt()
    assert attempt is not None, "an edit is only storing after an attempt"
    try:
        _store(edit, attempt, token)
    except NotOurs:
        log.info("edit %s is no longer ours to store", edit_id)
    except ProviderError as error:
        outcome.conclude(edit, attempt, error, token=token)
    except Postponed as later:
        until = timezone.now() + later.wait
        outcome.postpone(edit, token=token, trouble=later.trouble, until=until, text=later.text)
    except OSError as error:
        trouble = "no_space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "storage_fails"
        log.warning("edit %s: %s: %s", edit_id, trouble, error.strerror)
        until = timezone.now() + ROOM_AGAIN
        outcome.postpone(edit, token=token, trouble=trouble, until=until)
    except Exception:
        log.exception("edit %s could not be stored", edit_id)
        until = timezone.now() + timedelta(minutes=1)
        outcome.postpone(edit, token=token, trouble="storage_fails", until=until)


def _store(edit: Edit, attempt: Attempt, token: UUID) -> None:
    response = _read(attempt)
    gone = _fetch_all(edit, attempt, response, token)
    crash("after-fetch")
    with pictures.pixel_gate:
        unusable = _keep_all(edit, attempt, response, gone, token)
    if not edit.results.filter(attempt=attempt).exists():
        raise _nothing_kept(gone, unusable)
    crash("before-settle")
    usage = asdict(response.usage) if response.usage else None
    outcome.succeed(
        edit,
        attempt,
        token=token,
        cost=_cost(edit, response),
        usage=usage,
        trouble="some_missing" if gone or unusable else "",
    )
    crash("after-settle")


def _read(attempt: Attempt) -> ImagesResponse:
    try:
        meta = spool.meta(attempt.key)
    except FileNotFoundError:
        raise OutcomeUnknown(
            "The provider's answer was received, but is not on this server's disk any more.",
            code="answer_lost",
        ) from None
    return read_answer(spool.answer(attempt.key), meta, secret=settings.PROVIDER_API_KEY)


def _fetch_all(
    edit: Edit, attempt: Attempt, response: ImagesResponse, token: UUID
) -> dict[int, ProviderError]:
    """Fetch every picture that came as a URL, the earliest deadline first, before anything else is done.

    Returns those that cannot be had (any more), by index. Raises Postponed while there is still time.
    """
    waiting = [
        (client.url_expires_at(picture.url, response.created), picture)
        for picture in response.pictures
        if picture.url and not spool.picture(attempt.key, picture.index).exists()
    ]
    waiting.sort(key=lambda pair: pair[0])
    gone: dict[int, ProviderError] = {}
    failed: ProviderUnavailable | None = None
    if waiting:
        _still_ours(edit, token, expires_at=waiting[0][0])
    for expires_at, picture in waiting:
        try:
            _fetch(attempt, picture, (expires_at - timezone.now()).total_seconds())
        except (ResultGone, ResultRefused) as error:
            gone[picture.index] = error
        except ProviderUnavailable as error:
            failed = error
    if failed is not None:
        raise Postponed("fetching_again", FETCH_AGAIN, failed.message)
    return gone


def _fetch(attempt: Attempt, picture: PictureAnswer, left_s: float) -> None:
    assert picture.url
    if left_s <= 0:
        raise ResultGone("The result was not fetched before its address expired.", code="expired")
    give_back()
    client.fetch(
        picture.url,
        provider=provider(),
        into=spool.picture(attempt.key, picture.index),
        deadline=max(LEAST_FETCH_S, min(left_s, settings.CALL_DEADLINE_S)),
        max_bytes=settings.RESULT_MAX_BYTES,
    )


def _keep_all(
    edit: Edit,
    attempt: Attempt,
    response: ImagesResponse,
    gone: dict[int, ProviderError],
    token: UUID,
) -> list[ProviderError]:
    """Make a result of each picture that is there and not one yet. Returns what could not be used."""
    kept = set(edit.results.filter(attempt=attempt).values_list("number", flat=True))
    todo = [
        picture
        for picture in response.pictures
        if picture.index not in gone and picture.index + 1 not in kept
    ]
    if not todo:
        return []
    stitch = _stitcher(edit)
    unusable: list[ProviderError] = []
    for picture in todo:
        try:
            _keep(edit, attempt, response, picture, stitch, token)
        except UnusableAnswer as error:
            unusable.append(error)
        crash("after-result")
    return unusable


def _stitcher(edit: Edit) -> Callable[[Any], stitching.Stitched] | None:
    """How an answer is put back into the source; None where it is the whole picture by itself."""
    if not edit.is_stitched:
        return None
    canvas, contract = pixels_of_canvas(edit), contract_of(edit)
    frame, kept = framing.Frame.from_dict(edit.frames[0]), kept_of(edit)
    transparent = edit.options.get("background") == "transparent"
    return lambda answer: stitching.stitch(
        canvas,
        answer,
        contract,
        frame,
        feather=edit.feather,
        keep_transparency=transparent,
        kept=kept,
        rim=edit.grow,
    )


def _keep(
    edit: Edit,
    attempt: Attempt,
    response: ImagesResponse,
    picture: PictureAnswer,
    stitch: Callable[[Any], stitching.Stitched] | None,
    token: UUID,
) -> None:
    number = picture.index + 1
    data = _raw_bytes(attempt, response, picture)
    sha256 = hashlib.sha256(data).hexdigest()
    answer = _decoded(attempt, picture, data)
    raw = pictures.save(sha256, f"raw.{answer.format}", data)
    crash("after-raw")
    stitched = stitch(answer.pixels) if stitch else None
    pixels = stitched.pixels if stitched else without_padding(edit, answer.pixels)
    name = f"{edit.subject} · {edit.pk}.{number}"
    with transaction.atomic():
        _still_ours(edit, token, lease_until=timezone.now() + leases.length())
        if pixels is not None:
            image = pictures.store_result(pixels, name=name, person=edit.created_by)
        else:
            image = pictures.store_answer(answer, raw, data, name=name, person=edit.created_by)
        result = Result.objects.create(
            edit=edit,
            attempt=attempt,
            number=number,
            image=image,
            **(_measured(stitched) if stitched else {}),
        )
        sent = {
            "edit": edit,
            "result": result,
            "raw": raw,
            "raw_format": answer.format,
            "raw_sha256": sha256,
            "raw_width": answer.size[0],
            "raw_height": answer.size[1],
            "revised_prompt": picture.revised_prompt,
        }
        Piece.objects.update_or_create(attempt=attempt, number=number, defaults=sent)


def _measured(stitched: stitching.Stitched) -> dict[str, Any]:
    return {
        "outside_identical": stitched.outside_identical,
        "pixels_compared": stitched.pixels_compared,
        "pixels_changed": stitched.pixels_changed,
        "border_ratio": stitched.border_ratio,
        "drift_px": stitched.drift_px,
    }


def _still_ours(edit: Edit, token: UUID, **changes: Any) -> None:
    """Change the edit if `token` still holds it, and keep others off its row until the transaction ends."""
    if not Edit.objects.change(edit.pk, was=Status.STORING, where=Q(token=token), **changes):
        raise NotOurs


def _raw_bytes(attempt: Attempt, response: ImagesResponse, picture: PictureAnswer) -> bytes:
    if picture.is_inline:
        return picture_bytes(response, picture.index)
    return spool.picture(attempt.key, picture.index).read_bytes()


def _decoded(attempt: Attempt, picture: PictureAnswer, data: bytes) -> files.Picture:
    """The picture that the provider sent, decoded apart from this process, for nobody has looked at it."""
    path = spool.picture(attempt.key, picture.index)
    if picture.is_inline:
        path = path.with_suffix(".inline")
        path.write_bytes(data)
    try:
        return files.open_untrusted(path)
    except files.ImageRefused as refused:
        pictures.save(
            hashlib.sha256(data).hexdigest(), "unusable", data
        )  # paid for: kept, never served
        raise UnusableAnswer(
            "The provider sent something that is not a usable picture.", code="not_a_picture"
        ) from refused
    finally:
        if picture.is_inline:
            path.unlink(missing_ok=True)


def _nothing_kept(gone: dict[int, ProviderError], unusable: list[ProviderError]) -> ProviderError:
    """All pictures were paid for and none can be kept."""
    first = unusable[0] if unusable else next(iter(gone.values()))
    code = "expired" if isinstance(first, ResultGone) else first.code
    return UnusableAnswer(first.message, code=code, status=None)


def _cost(edit: Edit, response: ImagesResponse) -> int | None:
    model = known_models().get(edit.model)
    frame = first_frame(edit)
    asked = sent_size(cast(Operation, edit.api_operation), edit.options, frame)
    return pricing.cost(
        model,
        response.usage,
        n=len(response.pictures),
        size=response.size or asked or model.sizes.default,
        quality=response.quality or edit.options.get("quality") or "",
    )
