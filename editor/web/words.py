"""What options, statuses, frames, amounts and times are called on a page.

Why something was not taken is in `reasons`, what went wrong with an edit in `troubles`.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from editor.models import Edit, Operation, Result, ReviewState, Status
from editor.web.troubles import trouble

Words = Mapping[str, "str | Promise"]
MEGABYTE = 1024 * 1024

QUALITIES: Words = {
    "auto": gettext_lazy("Auto"),
    "low": gettext_lazy("Low"),
    "medium": gettext_lazy("Medium"),
    "high": gettext_lazy("High"),
    "standard": gettext_lazy("Standard"),
    "xhigh": gettext_lazy("Extra high"),
    "max": gettext_lazy("Maximum"),
    "hd": gettext_lazy("HD"),
}


def quality(name: str) -> str:
    return str(QUALITIES.get(name, name))


OPTIONS: Words = {
    "background": gettext_lazy("Background"),
    "output_format": gettext_lazy("File format"),
    "output_compression": gettext_lazy("Compression"),
    "input_fidelity": gettext_lazy("Input fidelity"),
    "moderation": gettext_lazy("Moderation"),
    "complexity": gettext_lazy("Complexity"),
    "style": gettext_lazy("Style"),
    "partial_images": gettext_lazy("Live previews"),
}

OPTION_HELP: Words = {
    "background": gettext_lazy("Transparent needs PNG or WebP."),
    "output_format": gettext_lazy("What the provider sends. PNG loses nothing."),
    "output_compression": gettext_lazy("100 keeps the most, 0 makes the smallest file."),
    "input_fidelity": gettext_lazy("High keeps faces and marks closer, and costs more."),
    "moderation": gettext_lazy("Low lets the provider's filter refuse less."),
    "complexity": gettext_lazy("How much work the model puts into details."),
    "style": gettext_lazy("Vivid exaggerates, natural does not."),
}

CHOICES: Words = {
    "": gettext_lazy("Default"),
    "auto": gettext_lazy("Auto"),
    "opaque": gettext_lazy("Opaque"),
    "transparent": gettext_lazy("Transparent"),
    "png": "PNG",
    "webp": "WebP",
    "jpeg": "JPEG",
    "gif": "GIF",
    "svg": "SVG",
    "low": gettext_lazy("Low"),
    "medium": gettext_lazy("Medium"),
    "high": gettext_lazy("High"),
    "vivid": gettext_lazy("Vivid"),
    "natural": gettext_lazy("Natural"),
}


# What pages list of an edit, in this order.
ASKED: Words = {"size": gettext_lazy("Size"), "quality": gettext_lazy("Quality"), **OPTIONS}


def asked(name: str, value: Any) -> str:
    """What was chosen for an option, as the API calls it."""
    if name == "output_compression":
        return _("%(percent)s %%") % {"percent": value}
    return str(value).replace("x", " × ") if name == "size" else str(value)


def choice(value: str) -> str:
    """What one of the choices of an option is called."""
    return str(CHOICES.get(value, value))


def ending(on: date) -> str:
    return _("ends on %(date)s") % {"date": date_format(on, "j F Y")}


def prices_of(on: date) -> str:
    return _("prices of %(date)s") % {"date": date_format(on, "j M Y")}


# --- statuses -----------------------------------------------------------------------------------

MEANINGS: Words = {
    Status.QUEUED: gettext_lazy("It waits for its turn. Nothing has been sent yet."),
    Status.RUNNING: gettext_lazy("The provider is working on it."),
    Status.STORING: gettext_lazy("The answer is here and safe. It is being put into the picture."),
    Status.SUCCEEDED: gettext_lazy("Done."),
    Status.CANCELED: gettext_lazy("It was canceled before anything was sent. It cost nothing."),
    Status.UNKNOWN: gettext_lazy(
        "The request was sent, but nobody knows whether the provider did it and billed it. "
        "It is not repeated by itself: it may have been paid for."
    ),
}


def meaning(edit: Edit, *, has_results: bool = False, is_accepted_loss: bool = False) -> str:
    if edit.status == Status.CANCELED and (has_results or edit.sent_at):
        return _("It had been sent when it was canceled, so what came back is kept.")
    if edit.status == Status.FAILED:
        accepted = _("Its outcome stayed unknown, and the loss was accepted.")
        return f"{trouble(edit)} {accepted}" if is_accepted_loss else trouble(edit)
    if edit.status == Status.RUNNING and not edit.sent_at:
        return _preparing(edit)
    if edit.status == Status.STORING and not edit.is_stitched:
        return _("The answer is here and safe. It is being stored.")
    return str(MEANINGS.get(edit.status, ""))


def _preparing(edit: Edit) -> str:
    if edit.mask:
        return _("The picture and the mask are being prepared.")
    return _("The request is being prepared.")


def standing(results: list[Result]) -> str:
    """The review state that stands for all results of an edit: one approved makes it approved."""
    states = {result.review for result in results}
    for state in (ReviewState.APPROVED, ReviewState.PENDING, ReviewState.REJECTED):
        if state in states:
            return str(state)
    return ""


CANCELED_WORDS: Words = {
    "canceled": gettext_lazy("Canceled. Nothing was sent, and it costs nothing."),
    "will_be_kept": gettext_lazy(
        "It was already sent and can't be called back. What comes back will be kept, and shown as canceled."
    ),
    "finished": gettext_lazy("It was already finished, so there is nothing to cancel."),
    "unknown": gettext_lazy("Its outcome is unknown. Accept the loss or buy it again instead."),
}


# --- amounts and times --------------------------------------------------------------------------


def _number(value: float, decimals: int) -> str:
    """Rounded first: Django's own formatting cuts off."""
    return number_format(round(value, decimals), decimals)


def money(microusd: int | None) -> str:
    """Dollars with as many decimals as the amount needs. What is not known is never shown as zero."""
    if microusd is None:
        return _("not known")
    decimals = 2 if microusd == 0 or microusd >= 1_000_000 or microusd % 10_000 == 0 else 3
    if 0 < microusd < 1_000:
        decimals = 5
    return f"${_number(microusd / 1_000_000, decimals)}"


def money_between(low: int | None, high: int | None) -> str:
    if low is None or high is None:
        return _("Cost not known beforehand")
    if low == high or money(low) == money(high):
        return _("About %(cost)s") % {"cost": money(high)}
    return _("%(low)s to %(high)s") % {"low": money(low), "high": money(high)}


def amounts(low: int | None, high: int | None) -> str:
    """A range of money without a word about it."""
    if low is None or high is None or money(low) == money(high):
        return money(high)
    return _("%(low)s to %(high)s") % {"low": money(low), "high": money(high)}


def seconds(took: timedelta | float) -> str:
    """A duration as people say it: 4.2 s, 38 s, 3 min 20 s. Whole numbers stay whole."""
    total = took.total_seconds() if isinstance(took, timedelta) else took
    if total < 10 and not isinstance(total, int):
        return _("%(seconds)s s") % {"seconds": _number(total, 1)}
    if total < 90:
        return _("%(seconds)d s") % {"seconds": round(total)}
    return _("%(minutes)d min %(seconds)d s") % {"minutes": total // 60, "seconds": total % 60}


def megabytes(count: int) -> str:
    if count < MEGABYTE // 10:
        return _("%(size)d KB") % {"size": max(1, round(count / 1024))}
    return _("%(size)s MB") % {"size": _number(count / MEGABYTE, 1)}


def pixels(count: int) -> str:
    """Digits in groups of three, parted by a space that does not break."""
    return f"{count:,}".replace(",", "\u00a0")


def percent(share: float) -> str:
    return _number(share * 100, 1 if share < 0.995 else 0)


def frame(sent: Any) -> str:
    """A `Frame` in words: its size in pixels, and how much of the source's detail that keeps."""
    width, height = sent.size
    return _("%(width)d × %(height)d at %(percent)s %%") % {
        "width": width,
        "height": height,
        "percent": _number(100 / sent.scale, 0),
    }


def frame_tag(sent: Any, number: int = 1, count: int = 1) -> str:
    """The same, as the studio writes it at the frame; of several frames with which one it is."""
    width, height = sent.size
    told = _("sent at %(percent)s %% · %(width)d × %(height)d") % {
        "width": width,
        "height": height,
        "percent": _number(100 / sent.scale, 0),
    }
    if count == 1:
        return told
    return _("%(number)d of %(count)d · %(told)s") % {
        "number": number,
        "count": count,
        "told": told,
    }


def frames_and_one(quoted: Any) -> str:
    """Of a `Quote` that is for several frames: what they cost, and what one would instead."""
    one = quoted.one_frame
    if one is None or not one.frames or quoted.high_microusd is None:
        return ""
    return _(
        "%(count)d frames, %(cost)s; one frame would be sent at %(percent)s\u00a0%% for %(other)s."
    ) % {
        "count": len(quoted.frames),
        "cost": amounts(quoted.low_microusd, quoted.high_microusd),
        "percent": _number(100 / one.frame.scale, 0),
        "other": amounts(one.low_microusd, one.high_microusd),
    }


def frames_instead(several: Any) -> str:
    """The same the other way round: of a `Quote` for several frames where somebody wants one."""
    if len(several.frames) < 2 or several.high_microusd is None:
        return ""
    return _("%(count)d frames would be sent at %(percent)s\u00a0%% for %(cost)s.") % {
        "count": len(several.frames),
        "percent": _number(100 / max(frame.scale for frame in several.frames), 0),
        "cost": amounts(several.low_microusd, several.high_microusd),
    }


def edge(grow: int, feather: int) -> str:
    """How a mask's edge was taken, in pixels of the picture."""
    numbers = {"grow": grow, "feather": feather}
    if grow:
        return _("grown by %(grow)d px, fading in over %(feather)d px") % numbers
    return _("as painted, fading in over %(feather)d px") % numbers


def extension(margins: Sequence[int], size: tuple[int, int]) -> str:
    """What was added on which side, and what that makes."""
    sides = (_("left"), _("above"), _("right"), _("below"))
    added = [f"{side} {pixels}" for side, pixels in zip(sides, margins, strict=True) if pixels]
    return _("%(sides)s px, to %(width)d × %(height)d") % {
        "sides": ", ".join(added),
        "width": size[0],
        "height": size[1],
    }


def pictures(count: int) -> str:
    return ngettext("%(count)d picture", "%(count)d pictures", count) % {"count": count}


def title_of(prompt: str, length: int = 60) -> str:
    """A prompt cut to one line, for headings and tiles."""
    return Truncator(" ".join(prompt.split())).chars(length) or _("Without a prompt")


def title(edit: Edit, length: int = 60) -> str:
    """What a page calls an edit: its words, or what it varies."""
    if not edit.prompt.strip() and edit.operation == Operation.VARY and edit.source:
        return title_of(_("Variation of %(name)s") % {"name": edit.source.name}, length)
    return title_of(edit.prompt, length)


def on_date(which: date) -> str:
    """A date that says its year, such as "1 December 2026"."""
    return date_format(which, "j F Y")


def day(which: date) -> str:
    """A day as people call it: today, yesterday, a weekday, a date."""
    today = timezone.localdate()
    ago = (today - which).days
    if ago == 0:
        return _("Today")
    if ago == 1:
        return _("Yesterday")
    if 1 < ago < 7:
        return date_format(which, "l")
    return date_format(which, "j F" if which.year == today.year else "j F Y")


def date_of(which: date) -> str:
    """The day's date, "" where `day` says it already."""
    return date_format(which, "j F") if (timezone.localdate() - which).days in range(7) else ""


def moment(at: datetime) -> str:
    """A day and a time, such as "Today 10:42"."""
    local = timezone.localtime(at)
    return f"{day(local.date())} {date_format(local, 'H:i')}"
