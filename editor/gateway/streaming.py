"""An answer as server-sent events: previews as they come, then the pictures, or why there are none."""

import logging
import time
from collections.abc import Iterator

from django.conf import settings

from editor.gateway.door import own_mistake
from editor.gateway.failures import still_running
from editor.gateway.results import (
    description_of,
    description_of_partial,
    ended,
    made_of,
    shares_of,
)
from editor.gateway.waiting import State, Watch, watcher
from editor.images_api import answers
from editor.images_api.messages import Operation
from editor.images_api.refusals import Refusal
from editor.jobs import pictures
from editor.jobs.connections import give_back
from editor.models import Edit

log = logging.getLogger(__name__)
KEEP_ALIVE_S = 10.0  # proxies cut what is silent for long


class Events:
    """The events of one edit. `is_final` tells whether the last one said how it ended."""

    def __init__(self, edit_id: int, operation: Operation, safety_identifier: str) -> None:
        self.edit_id = edit_id
        self.operation = operation
        self.safety_identifier = safety_identifier
        self.is_final = False
        self._attempt = 0  # whose previews are shown: with several frames there are several
        self._shown = 0  # the number of the last of them
        self._count = 0  # of all

    def __iter__(self) -> Iterator[bytes]:
        yield answers.KEEP_ALIVE
        try:
            yield from self._until_over()
            yield from self._pictures()
            self.is_final = True
        except Refusal as refusal:
            self.is_final = refusal.code != "still_running"
            yield answers.error_event(refusal.body)
        except Exception:
            log.exception("the stream of edit %s failed", self.edit_id)
            yield answers.error_event(own_mistake().body)

    def _until_over(self) -> Iterator[bytes]:
        ends = time.monotonic() + settings.GATEWAY_WAIT_S
        state: State | None = None
        with watcher.watching(self.edit_id) as watch:
            while state is None or not state.is_over:
                news = _next(watch, state, ends)
                if news is None:
                    yield answers.KEEP_ALIVE
                    continue
                state = news
                if state.partial_count and not state.is_over:
                    yield from self._previews()

    def _previews(self) -> Iterator[bytes]:
        edit = Edit.objects.get(pk=self.edit_id)
        attempt = edit.present_attempt()
        if attempt is None:
            return
        if attempt.pk != self._attempt:
            self._attempt, self._shown = attempt.pk, 0
        new = attempt.partials.filter(number__gt=self._shown).order_by("number")
        for preview in list(new.select_related("attempt")):
            give_back()
            try:
                data = pictures.read(preview.raw)
            except FileNotFoundError:  # the edit has ended meanwhile
                return
            self._shown = preview.number
            self._count += 1
            yield answers.partial_event(
                self.operation,
                data,
                self._count - 1,
                int(preview.created_at.timestamp()),
                description_of_partial(edit, preview),
            )

    def _pictures(self) -> Iterator[bytes]:
        done = ended(self.edit_id)
        give_back()
        usages = shares_of(done.usage, len(done.results))
        for result, usage in zip(done.results, usages, strict=True):
            made = made_of(result)
            description = description_of(done, made, self.safety_identifier, of_event=True)
            yield answers.completed_event(
                self.operation, made.data(), done.created, description, usage
            )


def _next(watch: Watch, state: State | None, ends: float) -> State | None:
    """News of the edit, or None when it is time for a sign of life. Raises Refusal at the end."""
    left = ends - time.monotonic()
    if left <= 0:
        raise still_running(watch.edit_id, settings.GATEWAY_WAIT_S)
    return watch.next(state, min(KEEP_ALIVE_S, left))
