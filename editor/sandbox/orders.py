"""One call at work: what it is to give, and what is said about it."""

import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from editor.images_api import pricing
from editor.images_api.answers import Description
from editor.images_api.entries import Model, written
from editor.images_api.messages import Operation, Request, Usage
from editor.sandbox.calls import Call
from editor.sandbox.faults import Fault
from editor.sandbox.pictures import Work, size_of_answer

if TYPE_CHECKING:
    from editor.sandbox.handlers import Handler


@dataclass
class Order:
    """A call whose request was taken, with the fault that it meets."""

    handler: "Handler"
    call: Call
    fault: Fault
    work: Work

    @property
    def request(self) -> Request:
        return self.work.request

    @property
    def model(self) -> Model:
        return self.work.model

    @property
    def operation(self) -> Operation:
        return self.request.operation

    @property
    def delay(self) -> float:
        """Seconds that the call takes besides the work."""
        slowness = self.fault.seconds() if self.fault.name == "slow" else 0.0
        return self.handler.server.options.delay + slowness

    @cached_property
    def created(self) -> float:
        return time.time()

    @cached_property
    def description(self) -> Description:
        """What models priced by tokens say besides their pictures; the others say nothing."""
        if self.model.tokens is None:
            return Description()
        return Description(
            size=written(size_of_answer(self.work)),
            quality=self._quality,
            background="transparent" if self.work.transparent else "opaque",
            output_format=self.request.output_format or "png",
            safety_identifier=self.request.safety_identifier or "",
        )

    def usage(self, pictures: int, *, first: bool = True, previews: int = 0) -> Usage | None:
        """The tokens of so many pictures. What came in counts with the first of them only."""
        if self.model.tokens is None:
            return None
        text = pricing.text_tokens(len(self.request.prompt or "")) if first else 0
        image = sum(self._input_tokens) if first else 0
        each = pricing.output_tokens(self.model, self._quality, size_of_answer(self.work))
        made = pictures * each + previews * self.model.partial_tokens
        return Usage(
            input_tokens=text + image,
            output_tokens=made,
            input_text_tokens=text,
            input_image_tokens=image,
            output_text_tokens=0,
            output_image_tokens=made,
        )

    @property
    def revised_prompt(self) -> str:
        """Models with styles say how they read the prompt; nobody rewrites it here, so it is only
        completed by the style."""
        if not self.model.takes("style", self.operation):
            return ""
        manner = {"natural": "A natural-looking picture"}.get(self.request.style or "")
        return f"{manner or 'A vivid and dramatic picture'}: {(self.request.prompt or '').strip()}"

    @property
    def _quality(self) -> str:
        quality = self.request.quality or self.model.default_quality or ""
        return "medium" if quality == "auto" else quality

    @property
    def _input_tokens(self) -> list[int]:
        fidelity = self.request.input_fidelity
        return [
            pricing.input_tokens(self.model, part.size, fidelity) for part in self.request.images
        ]
