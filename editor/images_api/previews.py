"""The partial images of a stream, while the rest of it is awaited."""

import binascii
import json
import logging
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from editor.images_api.errors import safe_sentence
from editor.images_api.messages import PartialPicture
from editor.images_api.sse import COMPLETED, PARTIAL, Event, EventReader, kind_of

log = logging.getLogger(__name__)

OnPartial = Callable[[PartialPicture], None]

LONGEST_PREVIEW = 48 * 1024 * 1024  # bytes of one event's text; a larger one is only spooled
LARGEST_INDEX = 1000


class Previews:
    """Watches a stream that is being spooled at `part`, and hands each preview on as it arrives.

    An event's text is read back from the spool when the event is whole, so at most one is in memory.
    """

    def __init__(self, part: Path, on_partial: OnPartial) -> None:
        self._part = part
        self._on_partial = on_partial
        self._reader = EventReader()

    def see(self, chunk: bytes) -> None:
        """Look at what has just been written to the spool."""
        for event in self._reader.feed(chunk):
            preview = self._preview(event)
            if preview is not None:
                self._hand_on(preview)

    def _preview(self, event: Event) -> PartialPicture | None:
        if event.length > LONGEST_PREVIEW or event.name.endswith(COMPLETED):
            return None
        said = self._said(event)
        encoded, index = said.get("b64_json"), said.get("partial_image_index", 0)
        if not kind_of(event, said).endswith(PARTIAL) or not isinstance(encoded, str):
            return None
        if type(index) is not int or not 0 <= index <= LARGEST_INDEX:
            return None
        try:
            data = binascii.a2b_base64(encoded, strict_mode=True)
        except ValueError:  # binascii.Error is one, and so is what it says about other letters
            return None
        texts = [safe_sentence(said.get(name))[:40] for name in ("output_format", "size")]
        return PartialPicture(index, data, *texts) if data else None

    def _said(self, event: Event) -> dict[str, Any]:
        try:
            with self._part.open("rb") as spooled:
                said = json.loads(b"\n".join(_lines(spooled, event)))
        except (OSError, ValueError, RecursionError):
            return {}
        return said if isinstance(said, dict) else {}

    def _hand_on(self, preview: PartialPicture) -> None:
        try:
            self._on_partial(preview)
        except Exception as error:
            # Its message may quote the picture, so only its kind and its place are told.
            place = "".join(traceback.format_tb(error.__traceback__))
            log.error("preview %s was lost: %s\n%s", preview.index, type(error).__name__, place)


def _lines(spooled: BinaryIO, event: Event) -> Iterator[bytes]:
    for start, stop in event.data:
        spooled.seek(start)
        yield spooled.read(stop - start)
