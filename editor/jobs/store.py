"""From the spooled answer to results in the gallery. Idempotent: each step that is done is found done."""

import errno
import hashlib
import logging
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import partial
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
from editor.imaging import files, provenance
from editor.jobs import leases, outcome, pictures, spool
from editor.jobs.canvas import frame_of
from editor.jobs.connections import durable, give_back
from editor.jobs.crashing import crash
from editor.jobs.frames import sent_size
from editor.jobs.hints import hint
from editor.jobs.provider import known_models, provider
from editor.jobs.stitch import Came, Maker
from editor.models import Attempt, Edit, Finished, Piece, Result, Status

log = logging.getLogger(__name__)
FETCH_AGAIN = timedelta(seconds=5)
ROOM_AGAIN = timedelta(seconds=10)
LEAST_FETCH_S = 10.0
MOST_READINGS = 6  # of what can't be read, in about an hour: after 1, 2, 4, ... minutes


class NotOurs(Exception):
    """Somebody else holds the edit by now: a process that was frozen past its lease keeps its hands off."""


class Postponed(Exception):
    """Something is in the way that may go away: a full disk, a server that does not answer."""

    def __init__(
        self, trouble: str, wait: timedelta, text: str = "", *, waits: int | None = None
    ) -> None:
        super().__init__(trouble)
        self.trouble, self.wait, self.text, self.waits = trouble, wait, text, waits


@dataclass
class Answer:
    """What an attempt brought, with its pictures where they can be read. `gone` are those that cannot be
    had (any more) by their index, `unusable` why others are no pictures."""

    response: ImagesResponse
    gone: dict[int, ProviderError]
    unusable: list[ProviderError] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not self.gone and not self.unusable


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


def store_ended_early(edit: Edit) -> bool:
    """Put together what has come, if no more of the edit's frames will. The sweeper would, too."""
    if not outcome.has_several_frames(edit):
        return False
    crash("after-end")
    return store(edit.pk)


def store_held(edit_id: int, token: UUID) -> None:
    """Store the answer of an edit that `token` holds. Ends in a status, or stays `storing` for later;
    with frames left it is queued again."""
    edit = Edit.objects.select_related("source", "created_by").get(pk=edit_id)
    attempt = edit.present_attempt()
    assert attempt is not None, "an edit is only storing after an attempt"
    try:
        _store(edit, attempt, token)
    except NotOurs:
        log.info("edit %s is no longer ours to store", edit_id)
    except ProviderError as error:
        outcome.conclude(edit, attempt, error, token=token)
        store_ended_early(edit)
    except Postponed as later:
        until = timezone.now() + later.wait
        outcome.postpone(
            edit,
            token=token,
            trouble=later.trouble,
            until=until,
            text=later.text,
            waits=later.waits,
        )
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
    answer = None
    if attempt.outcome == Attempt.Outcome.ANSWERED:  # else it was dealt with, and others came
        response = _read(attempt)
        answer = Answer(response, _fetch_all(edit, attempt, response, token))
    crash("after-fetch")
    if answer and outcome.has_several_frames(edit) and _keep_frame(edit, attempt, answer, token):
        return
    with pictures.pixel_gate:
        made = _make_results(edit, attempt, answer, token)
    if answer and not made and not outcome.has_several_frames(edit):
        raise _nothing_kept(answer)
    crash("before-settle")
    trouble, text = _trouble(edit, attempt, answer) if made else ("answer_lost", "")
    bought = _bought(edit, attempt, answer) if answer else None
    outcome.succeed(
        edit, attempt, bought, token=token, trouble=trouble, text=text, is_lost=not made
    )
    crash("after-settle")


def _bought(edit: Edit, attempt: Attempt, answer: Answer) -> outcome.Bought:
    usage = answer.response.usage
    return outcome.Bought(_cost(edit, attempt, answer.response), asdict(usage) if usage else None)


def _trouble(edit: Edit, attempt: Attempt, answer: Answer | None) -> tuple[str, str]:
    """What is to be said of an edit that has pictures: that some, or parts of them, are missing."""
    some_missing = "" if answer is None or answer.is_whole else "some_missing"
    if not outcome.has_several_frames(edit):
        return some_missing, ""
    came = [set[int]() for _ in edit.frames]
    for frame, number in edit.pieces.exclude(result=None).values_list("frame", "number"):
        came[frame].add(number)
    if not all(came):
        told = edit.trouble_text if edit.trouble == outcome.FRAMES_MISSING else ""
        return outcome.FRAMES_MISSING, told or attempt.error_text
    return "some_missing" if some_missing or any(each != came[0] for each in came) else "", ""


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


# --- one of several frames ------------------------------------------------------------------------


def _keep_frame(edit: Edit, attempt: Attempt, answer: Answer, token: UUID) -> bool:
    """Keep what came for one of several frames. True when the edit is queued for the next one, False
    when this was the last that is wanted, or comes after all were canceled.

    Raises UnusableAnswer where nothing that came can be kept.
    """
    is_last = attempt.frame == len(edit.frames) - 1
    is_kept = edit.pieces.filter(attempt=attempt).exists()  # by a process that has died since
    if is_kept and is_last:
        return False
    pieces: list[Piece] = []
    if not is_kept:
        with pictures.pixel_gate:
            pieces = [came.piece for came in _arriving(edit, attempt, answer)]
        if not pieces:
            raise _nothing_kept(answer)
    crash("before-next")
    bought = _bought(edit, attempt, answer)
    with durable():
        goes_on = not is_last and outcome.go_on(edit, attempt, bought, token=token)
        if not goes_on:
            _still_ours(edit, token, lease_until=timezone.now() + leases.length())
        Piece.objects.bulk_create(pieces)
        if goes_on:
            transaction.on_commit(partial(hint, edit.pk), robust=True)
    if goes_on:
        log.info("edit %s queued for frame %s", edit.pk, attempt.frame + 2)
    crash("after-next")
    return goes_on


def _arriving(
    edit: Edit, attempt: Attempt, answer: Answer, done: Collection[int] = ()
) -> Iterator[Came]:
    """Each picture of the answer, its bytes kept and decoded; not those whose numbers are `done`. What
    cannot be used is noted in the answer."""
    for picture in answer.response.pictures:
        if picture.index in answer.gone or picture.index + 1 in done:
            continue
        try:
            came = _came(edit, attempt, answer.response, picture)
        except UnusableAnswer as error:
            answer.unusable.append(error)
            continue
        yield came


def _came(edit: Edit, attempt: Attempt, response: ImagesResponse, picture: PictureAnswer) -> Came:
    data = _raw_bytes(attempt, response, picture)
    sha256 = hashlib.sha256(data).hexdigest()
    decoded = _decoded(edit, attempt, picture, data)
    piece = Piece(
        edit=edit,
        attempt=attempt,
        frame=attempt.frame,
        number=picture.index + 1,
        raw=pictures.save(sha256, f"raw.{decoded.format}", data),
        raw_format=decoded.format,
        raw_sha256=sha256,
        raw_width=decoded.size[0],
        raw_height=decoded.size[1],
        has_c2pa=provenance.has_c2pa(data),
        revised_prompt=picture.revised_prompt,
    )
    crash("after-raw")
    return Came(piece, decoded, len(data))


# --- results --------------------------------------------------------------------------------------


def _make_results(edit: Edit, attempt: Attempt, answer: Answer | None, token: UUID) -> bool:
    """Make a result of what came for each number that is none yet. False when there are none then."""
    is_arriving = answer is not None and not outcome.has_several_frames(edit)
    last = attempt if is_arriving else _last_with_pieces(edit)
    done = set(edit.results.filter(attempt=last).values_list("number", flat=True))
    groups = (
        ([came] for came in _arriving(edit, attempt, answer, set(done)))
        if answer and is_arriving
        else _kept(edit, set(done))
    )
    maker = Maker(edit, attempt)
    for group in groups:
        _add_result(edit, last, group, maker, token)
        done.add(group[0].piece.number)
        crash("after-result")
    return bool(done)


def _last_with_pieces(edit: Edit) -> Attempt:
    return edit.attempts.filter(pieces__isnull=False).order_by("-number")[0]


def _kept(edit: Edit, done: Collection[int]) -> Iterator[list[Came]]:
    """What is kept of each number and can be read, decoded, in the order of the frames."""
    by_number: dict[int, dict[int, Piece]] = {}
    for piece in edit.pieces.order_by("attempt__number", "number"):
        by_number.setdefault(piece.number, {})[piece.frame] = piece
    for number, by_frame in sorted(by_number.items()):
        if number in done:
            continue
        opened = [_opened(edit, by_frame[frame]) for frame in sorted(by_frame)]
        if group := [came for came in opened if came]:
            yield group


def _opened(edit: Edit, piece: Piece) -> Came | None:
    """A piece that is kept. Where storage does not give its bytes any more, those of the spool take their
    place. What can't be read for an hour is left out (None): its row and its bytes stay."""
    try:
        return Came.of(piece)
    except (files.ImageRefused, FileNotFoundError) as error:
        log.warning("edit %s: piece %s can't be read: %s", edit.pk, piece.pk, error)
    _put_back(piece)
    try:
        return Came.of(piece)
    except (files.ImageRefused, FileNotFoundError):
        _read_again(edit)
        return None


def _put_back(piece: Piece) -> None:
    """Store a piece's bytes again, if the spool still has them."""
    attempt = piece.attempt
    try:
        response = _read(attempt)
        sent = next(each for each in response.pictures if each.index + 1 == piece.number)
        data = _raw_bytes(attempt, response, sent)
    except (FileNotFoundError, ProviderError, StopIteration):
        return
    if hashlib.sha256(data).hexdigest() == piece.raw_sha256:
        pictures.put_back(piece.raw, data)


def _read_again(edit: Edit) -> None:
    """Raises Postponed, but not for ever: what can't be read now may be later, by a machine that has
    less to do or a storage that is there again."""
    readings = max(0, edit.waits - outcome.MAX_WAITS)  # below are those for a busy provider
    if readings < MOST_READINGS:
        waits = outcome.MAX_WAITS + readings + 1
        raise Postponed("storage_fails", timedelta(minutes=2**readings), waits=waits)


def _add_result(edit: Edit, attempt: Attempt, group: list[Came], maker: Maker, token: UUID) -> None:
    number = group[0].piece.number
    made = maker.make(group)
    name = f"{edit.subject} · {edit.pk}.{number}"
    with transaction.atomic():
        _still_ours(edit, token, lease_until=timezone.now() + leases.length())
        image = made.stored.add(name=name, person=edit.created_by)
        result = Result.objects.create(
            edit=edit,
            attempt=attempt,
            number=number,
            image=image,
            finish=made.finish,
            **made.measured,
        )
        Finished.objects.create(
            result=result, finish=made.finish, image=image, measured=made.measured
        )
        for came, measured in zip(group, made.corrections, strict=True):
            came.piece.result, came.piece.measured = result, measured
            came.piece.save()


def _still_ours(edit: Edit, token: UUID, **changes: Any) -> None:
    """Change the edit if `token` still holds it, and keep others off its row until the transaction ends."""
    if not Edit.objects.change(edit.pk, was=Status.STORING, where=Q(token=token), **changes):
        raise NotOurs


def _raw_bytes(attempt: Attempt, response: ImagesResponse, picture: PictureAnswer) -> bytes:
    if picture.is_inline:
        return picture_bytes(response, picture.index)
    return spool.picture(attempt.key, picture.index).read_bytes()


def _decoded(edit: Edit, attempt: Attempt, picture: PictureAnswer, data: bytes) -> files.Picture:
    """The picture that the provider sent, decoded apart from this process, for nobody has looked at it."""
    path = spool.picture(attempt.key, picture.index)
    if picture.is_inline:
        path = path.with_suffix(".inline")
        path.write_bytes(data)
    try:
        return files.open_untrusted(path)
    except files.ImageRefused as refused:
        if refused.code == "too_slow":
            _read_again(edit)
        pictures.save(
            hashlib.sha256(data).hexdigest(), "unusable", data
        )  # paid for: kept, never served
        raise UnusableAnswer(
            "The provider sent something that is not a usable picture.", code="not_a_picture"
        ) from refused
    finally:
        if picture.is_inline:
            path.unlink(missing_ok=True)


def _nothing_kept(answer: Answer) -> ProviderError:
    """All pictures were paid for and none can be kept."""
    first = answer.unusable[0] if answer.unusable else next(iter(answer.gone.values()))
    code = "expired" if isinstance(first, ResultGone) else first.code
    return UnusableAnswer(first.message, code=code, status=None)


def _cost(edit: Edit, attempt: Attempt, response: ImagesResponse) -> int | None:
    model = known_models().get(edit.model)
    frame = frame_of(edit, attempt.frame)
    asked = sent_size(cast(Operation, edit.api_operation), edit.options, frame)
    return pricing.cost(
        model,
        response.usage,
        n=len(response.pictures),
        size=response.size or asked or model.sizes.default,
        quality=response.quality or edit.options.get("quality") or "",
    )
