"""Which calls are one and the same, so that nothing is paid for twice.

An `Idempotency-Key` makes calls one, for ever. The official client sends none, but tells when it
repeats a call by itself after a lost connection: that repeat joins the newest call with the same
content whose answer nobody got. Every other call is a new one, however like an earlier one it is.
"""

import hashlib
import json
from datetime import timedelta
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from django.db import IntegrityError, transaction

from editor.gateway.door import Caller
from editor.images_api.messages import FilePart, Request
from editor.images_api.refusals import Refusal
from editor.models import Call, Person

LONGEST_KEY = 255
JOINED_WITHIN = timedelta(minutes=15)
KEYS = uuid5(NAMESPACE_URL, "maskroom:idempotency-key")


def fingerprint_of(asked: Request) -> str:
    """Of everything that was asked: the operation, all parameters, every file."""
    content = {
        "operation": asked.operation,
        "fields": asked.fields(),
        "images": [_digest(part) for part in asked.images],
        "mask": asked.mask and _digest(asked.mask),
        "markup": asked.markup and _digest(asked.markup),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def call_of(request: Caller, fingerprint: str) -> Call:
    """The row of the call that this request makes or repeats. Raises Refusal where its key was used
    for something else."""
    key = _key_in(request)
    if key:
        return _call_with_key(request, fingerprint, key)
    if _is_repeated_by_client(request):
        since = request.called_at - JOINED_WITHIN
        left = Call.objects.undelivered(request.token, fingerprint, since).first()
        if left:
            return left
    return _new(request, fingerprint, edit_key=uuid4())


def _key_in(request: Caller) -> str:
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > LONGEST_KEY or not key.isprintable():
        sentence = f"An Idempotency-Key has up to {LONGEST_KEY} characters that can be printed."
        raise Refusal(400, sentence, code="invalid_idempotency_key", retry=False)
    return key


def _is_repeated_by_client(request: Caller) -> bool:
    count = request.headers.get("x-stainless-retry-count", "")
    return count.isdecimal() and int(count[:9]) > 0


def _call_with_key(request: Caller, fingerprint: str, key: str) -> Call:
    person = request.token.person
    call = _earlier(person, key)
    if call is None:
        try:
            with transaction.atomic():
                return _new(request, fingerprint, edit_key=_edit_key(person, key), key=key)
        except IntegrityError:  # the same call at the same moment
            call = _earlier(person, key)
    if call is None or call.fingerprint != fingerprint:
        raise key_reused()
    return call


def _earlier(person: Person, key: str) -> Call | None:
    return Call.objects.of_key(person, key).order_by("id").first()


def _edit_key(person: Person, key: str) -> UUID:
    return uuid5(KEYS, f"{person.pk} {key}")


def _new(request: Caller, fingerprint: str, *, edit_key: UUID, key: str = "") -> Call:
    return Call.objects.create(
        token=request.token,
        edit_key=edit_key,
        fingerprint=fingerprint,
        idempotency_key=key,
        created_at=request.called_at,
    )


def key_reused() -> Refusal:
    sentence = "This Idempotency-Key was used for a call with other content: take a new one."
    return Refusal(409, sentence, code="idempotency_key_reused", retry=False)


def _digest(part: FilePart) -> str:
    return hashlib.sha256(part.data).hexdigest()
