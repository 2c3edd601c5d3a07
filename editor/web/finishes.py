"""The ways to finish a result, for who may choose: what each one does, and why one can't be made."""

import errno
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from editor.imaging.files import ImageRefused
from editor.jobs.finishing import CannotRefinish, finishes_of
from editor.models import Edit, Finish, Person, Result, ReviewState

TROUBLES = (CannotRefinish, ImageRefused, OSError)  # what making pictures from kept files meets

EXPLAINED: dict[str, str | Promise] = {
    Finish.NATURAL: gettext_lazy(
        "Aligned, in the photo’s colours, and faded in at the mask’s edge."
    ),
    Finish.MODEL: gettext_lazy("Aligned and faded in, in the colours that the model gave it."),
    Finish.HARD: gettext_lazy("As natural, but cut at the mask’s edge: nothing fades."),
    Finish.RAW: gettext_lazy("The model’s own picture at its own size, not put into the photo."),
}
WHY_NOT: dict[str, str | Promise] = {
    "not_stitched": gettext_lazy(
        "This result was not put into a photo, so there is no other way to finish it."
    ),
    "unknown_finish": gettext_lazy("There is no such finish. Choose one of the list."),
    "several_frames": gettext_lazy(
        "It was sent in several frames, so there is no one picture as it was sent. What came for"
        " each frame can be downloaded."
    ),
    "file_gone": gettext_lazy(
        "A file that is needed for this is not in storage any more. What is shown stays as it is."
    ),
    "unreadable": gettext_lazy(
        "A file that is needed for this can’t be read any more. What is shown stays as it is."
    ),
    "no_space": gettext_lazy(
        "The disk is full. Nothing was lost; try it again once there is room."
    ),
    "storage_fails": gettext_lazy("Storage does not answer. Nothing was lost; try it again later."),
}


@dataclass(frozen=True)
class Choice:
    value: str
    is_current: bool

    @property
    def label(self) -> str:
        return str(Finish(self.value).label)

    @property
    def explained(self) -> str:
        return str(EXPLAINED[self.value])


@dataclass(frozen=True)
class Finishes:
    """`asked` is what somebody chose of a result that was decided about: it is asked once more."""

    choices: list[Choice]
    may_choose: bool
    is_open: bool
    asked: Choice | None

    @property
    def current(self) -> Choice | None:
        return next((choice for choice in self.choices if choice.is_current), None)


def finishes_for(person: Person, edit: Edit, result: Result, chosen: str = "") -> Finishes:
    """`chosen` is what `person` wanted last: the choices are shown then."""
    choices = [Choice(value, value == result.finish) for value in finishes_of(result)]
    wanted = next((choice for choice in choices if choice.value == chosen), None)
    asks = wanted is not None and is_decided_about(result, wanted.value)
    return Finishes(
        choices=choices,
        may_choose=may_finish(person, edit),
        is_open=wanted is not None,
        asked=wanted if asks else None,
    )


def may_finish(person: Person, edit: Edit) -> bool:
    return person.may_review or person.may_manage(edit.created_by_id)


def is_decided_about(result: Result, finish: str) -> bool:
    """Whether a decision is taken back by choosing `finish`."""
    return result.review != ReviewState.PENDING and finish != result.finish


def why_not(error: Exception) -> str:
    """One of TROUBLES as a sentence."""
    return str(WHY_NOT.get(_code(error), WHY_NOT["storage_fails"]))


def _code(error: Exception) -> str:
    if isinstance(error, CannotRefinish):
        return error.code
    if isinstance(error, ImageRefused):
        return "unreadable"
    if isinstance(error, FileNotFoundError):
        return "file_gone"
    is_full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    return "no_space" if is_full else "storage_fails"
