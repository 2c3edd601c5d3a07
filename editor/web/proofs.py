"""What was measured on a result, as pages say it: what changed, how it joins, what is doubtful."""

from dataclasses import dataclass
from functools import cached_property

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from editor.imaging.framing import Frame
from editor.jobs.finishing import REASON
from editor.models import Edit, Finish, Piece, Result, Review, ReviewState
from editor.web import doubts, words

SAME_SHAPE = 0.01  # how far two ratios may be apart for one picture to be laid over the other
DECIDED: dict[str, str | Promise] = {
    ReviewState.APPROVED: gettext_lazy("Approved"),
    ReviewState.REJECTED: gettext_lazy("Rejected"),
    ReviewState.PENDING: gettext_lazy("Took the decision back"),
}


@dataclass(frozen=True)
class Proof:
    """The gates of a result's present picture. `result` comes with its edit and its image."""

    edit: Edit
    result: Result

    @property
    def is_stitched(self) -> bool:
        return self.result.outside_identical is not None

    @property
    def is_as_sent(self) -> bool:
        """Whether somebody chose to see what the model sent, of an edit that could be stitched."""
        return self.result.finish == Finish.RAW

    @property
    def compared(self) -> str:
        return words.pixels(self.result.pixels_compared)

    @property
    def changed(self) -> str:
        image = self.result.image
        return words.percent(self.result.pixels_changed / (image.width * image.height))

    @property
    def doubt(self) -> str:
        return doubts.word(self.result.flag)

    @property
    def doubt_sentence(self) -> str:
        return doubts.sentence(self.result.flag)

    @cached_property
    def pieces(self) -> list[Piece]:
        """What the calls brought for it, one for each frame."""
        return list(self.result.pieces.order_by("frame", "number"))

    @property
    def has_c2pa(self) -> bool:
        return any(piece.has_c2pa for piece in self.pieces)

    @property
    def revised_prompt(self) -> str:
        return next((piece.revised_prompt for piece in self.pieces if piece.revised_prompt), "")

    @property
    def is_comparable(self) -> bool:
        """Whether the picture can be laid over its source."""
        if self.edit.source is None or (self.is_as_sent and not self._shows_all):
            return False
        width, height = self.edit.canvas_size
        return abs(self.result.image.ratio * height / width - 1) < SAME_SHAPE

    @property
    def has_difference(self) -> bool:
        """Whether it can be compared with its source pixel by pixel."""
        return self.edit.is_stitched and self.result.image.size == self.edit.canvas_size

    @property
    def _shows_all(self) -> bool:
        """Whether what was sent is the whole of the canvas."""
        frames = map(Frame.from_dict, self.edit.frames)
        return all(frame.bounds == (0, 0, *self.edit.canvas_size) for frame in frames)


@dataclass(frozen=True)
class Decided:
    """One decision about a result, where decisions are listed."""

    review: Review

    @property
    def word(self) -> str:
        if self.is_by_finish:
            return _("Chose another finish, to be decided anew")
        return str(DECIDED[self.review.decision])

    @property
    def reason(self) -> str:
        return "" if self.is_by_finish else self.review.reason

    @property
    def is_by_finish(self) -> bool:
        """Whether nobody decided: another picture was shown, and waits to be decided about."""
        return self.review.decision == ReviewState.PENDING and self.review.reason == REASON
