"""What codes, statuses and amounts are called on a page: one sentence that says what happened and what to do.

Codes come from three places: `ImageRefused.code` (an upload), `Problem.code` (an edit that was not
submitted) and `Edit.trouble` (one that was). A code without words here still gets a true sentence.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from editor.models import Edit, Operation, Result, ReviewState, Status

Words = Mapping[str, "str | Promise"]
MEGABYTE = 1024 * 1024

# --- uploads ------------------------------------------------------------------------------------

REFUSALS: Words = {
    "empty": gettext_lazy("The file is empty. Save it again, or choose another one."),
    "too_many_bytes": gettext_lazy(
        "The file is larger than %(limit_mb)s MB. Save it smaller, for example as a JPEG."
    ),
    "not_a_picture": gettext_lazy(
        "This is not a picture, whatever its name says. Choose a PNG, JPEG, WebP, AVIF, GIF or TIFF file."
    ),
    "format_not_taken": gettext_lazy(
        "This kind of picture is not taken. Save it as PNG, JPEG, WebP, AVIF, GIF or TIFF."
    ),
    "too_many_pixels": gettext_lazy(
        "The picture has more than %(limit_mp)s megapixels. Make it smaller and try again."
    ),
    "too_few_pixels": gettext_lazy("The picture is too small to work with. Choose a larger one."),
    "no_area": gettext_lazy("The picture has no width or no height. Choose another file."),
    "truncated": gettext_lazy(
        "The end of the file is missing. Copy or download it again, then upload it once more."
    ),
    "broken": gettext_lazy(
        "The file is damaged and can't be opened. Save it again from a picture editor."
    ),
    "too_slow": gettext_lazy(
        "Reading this file takes too long, so it was given up. Save it again as a plain PNG or JPEG."
    ),
    "no_file": gettext_lazy("No file was chosen. Choose one or more pictures."),
}


def refusal(code: str, facts: Mapping[str, Any] | None = None) -> str:
    """Why a file was not taken, and what to do."""
    sentence = REFUSALS.get(code) or gettext_lazy(
        "The picture can't be used. Save it again as PNG or JPEG and try once more."
    )
    return str(sentence) % {
        "limit_mb": settings.UPLOAD_MAX_BYTES // MEGABYTE,
        "limit_mp": settings.UPLOAD_MAX_PIXELS // 1_000_000,
    }


# --- an edit that was not submitted -------------------------------------------------------------

PROBLEMS: Words = {
    "prompt.missing": gettext_lazy("Say what should change."),
    "generate:prompt.missing": gettext_lazy("Say what the picture should show."),
    "generate:size.not_a_size": gettext_lazy("Give a width and a height, in whole pixels."),
    "generate:.key_used": gettext_lazy(
        "This form was already used for another picture. Press the button once more to make this one too."
    ),
    "vary:.key_used": gettext_lazy(
        "This form was already used for other variations. Press the button once more to make these too."
    ),
    "prompt.too_long": gettext_lazy(
        "This model takes up to %(limit)s characters; this has %(length)s."
    ),
    "prompt.not_text": gettext_lazy("The text contains a character that is none. Type it again."),
    "mask.empty": gettext_lazy("Nothing is painted yet. Paint over what should change."),
    "mask.covers_all": gettext_lazy(
        "The mask covers the whole picture, so nothing would be kept. Leave out what should stay."
    ),
    "mask.wrong_size": gettext_lazy(
        "The mask does not fit this picture. Reload the page and paint it again."
    ),
    "mask.not_a_mask": gettext_lazy("The mask can't be read. Reload the page and try again."),
    "model.unknown_model": gettext_lazy("This model is not offered here. Choose another one."),
    "model.cannot_edit": gettext_lazy("This model can't edit pictures. Choose another one."),
    "model.cannot_generate": gettext_lazy(
        "This model can't make pictures from words alone. Choose another one."
    ),
    "model.cannot_vary": gettext_lazy("This model can't make variations. Choose another one."),
    "n.out_of_range": gettext_lazy("This model gives %(min)s to %(max)s results at a time."),
    "n.not_a_number": gettext_lazy("Give a whole number."),
    "n.not_taken": gettext_lazy("This model does not take a number of results."),
    "size.not_offered": gettext_lazy("This model does not give this size. Choose one of the list."),
    "size.not_a_size": gettext_lazy("This is not a size. Choose one of the list."),
    "quality.not_offered": gettext_lazy(
        "This model does not have this quality. Choose one of the list."
    ),
    "quality.not_taken": gettext_lazy("This model has no qualities to choose from."),
    "size.not_a_multiple": gettext_lazy("Width and height must be multiples of %(multiple)s."),
    "size.edge_too_long": gettext_lazy("No side may be longer than %(max_edge)s pixels."),
    "size.too_narrow": gettext_lazy(
        "The long side may be at most %(max_ratio)s times the short one."
    ),
    "size.too_few_pixels": gettext_lazy(
        "This is too small: width times height must be at least %(min_pixels)s pixels."
    ),
    "size.too_many_pixels": gettext_lazy(
        "This is too large: width times height may be at most %(max_pixels)s pixels."
    ),
    "background.not_offered": gettext_lazy(
        "This model does not give this background. Choose one of the list."
    ),
    "background.not_taken": gettext_lazy("This model has no backgrounds to choose from."),
    "output_format.not_offered": gettext_lazy(
        "This model does not give this format. Choose one of the list."
    ),
    "output_format.not_taken": gettext_lazy("This model has no formats to choose from."),
    "output_compression.not_taken": gettext_lazy("This model can't compress its pictures."),
    "moderation.not_offered": gettext_lazy(
        "This model does not have this. Choose one of the list."
    ),
    "moderation.not_taken": gettext_lazy("With this model, moderation can't be chosen."),
    "style.not_offered": gettext_lazy(
        "This model does not have this style. Choose one of the list."
    ),
    "style.not_taken": gettext_lazy("This model has no styles to choose from."),
    "complexity.not_offered": gettext_lazy(
        "This model does not have this complexity. Choose one of the list."
    ),
    "complexity.not_taken": gettext_lazy("This model has no complexity to choose."),
    "partial_images.out_of_range": gettext_lazy(
        "This model gives up to %(max)s previews while it works."
    ),
    "partial_images.not_taken": gettext_lazy("This model gives no previews while it works."),
    "key_missing": gettext_lazy("The page is out of date. Reload it and run the edit again."),
    "references.too_many": gettext_lazy(
        "This model takes up to %(max)s references; these are %(count)s. Take some out."
    ),
    "references.unreadable": gettext_lazy(
        "The references can't be read. Reload the page and choose them again."
    ),
    "references.gone": gettext_lazy("Reference %(number)s can't be found. Take it out."),
    "references.twice": gettext_lazy("%(name)s is a reference already. Each one counts once."),
    "background.needs_other_format": gettext_lazy(
        "A transparent background needs PNG or WebP as the file format."
    ),
    "output_compression.needs_other_format": gettext_lazy("Only WebP and JPEG can be compressed."),
    "output_compression.out_of_range": gettext_lazy("Give a whole number from %(min)s to %(max)s."),
    "output_compression.not_a_number": gettext_lazy("Give a whole number from 0 to 100."),
    "partial_images.not_a_number": gettext_lazy("Choose one of the numbers."),
    ".key_used": gettext_lazy(
        "This form was already used for another edit. Open the studio again to start a new one."
    ),
    ".over_budget": gettext_lazy(
        "This edit may cost %(wanted)s, and only %(left)s is left this month. Choose fewer pictures "
        "or a lower quality, or ask an administrator."
    ),
}


def problem(found: Any, operation: str = "edit") -> str:
    """A `Problem` in words: ours where the code has some, else the catalogue's own sentence."""
    code = f"{found.field}.{found.code}"
    sentence = PROBLEMS.get(f"{operation}:{code}") or PROBLEMS.get(code)
    if sentence is None:
        return _(found.message)
    try:
        return str(sentence) % _facts(found.facts)
    except KeyError:
        return str(found.message)


def _facts(facts: Mapping[str, Any]) -> dict[str, str]:
    """Numbers as people write them, and amounts as money."""
    said = {
        name: number_format(value, force_grouping=True) if isinstance(value, int) else str(value)
        for name, value in facts.items()
    }
    for name, value in facts.items():
        if name.endswith("_microusd"):
            said[name.removesuffix("_microusd")] = money(value)
    return said


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


# --- an edit that failed, waits or is unknown ---------------------------------------------------

TROUBLES_OF_THE_PROVIDER: Words = {
    "server_error": gettext_lazy("The provider had an error of its own."),
    "server_is_overloaded": gettext_lazy("The provider had more to do than it could take."),
    "moderation_blocked": gettext_lazy(
        "The provider's safety system refused this request. Change the prompt or the picture, then run it again."
    ),
    "content_policy_violation": gettext_lazy(
        "The provider's safety system refused this request. Change the prompt or the picture, then run it again."
    ),
    "invalid_api_key": gettext_lazy(
        "The provider does not accept our key. An administrator has to set a valid one; then run the edit again."
    ),
    "http_401": gettext_lazy(
        "The provider does not accept our key. An administrator has to set a valid one; then run the edit again."
    ),
    "http_402": gettext_lazy(
        "The provider's account is out of credit. An administrator has to pay; then run the edit again."
    ),
    "http_403": gettext_lazy(
        "The provider does not allow this request for our account. An administrator can look into it."
    ),
    "http_404": gettext_lazy(
        "The provider does not know this model. Choose another one and run the edit again."
    ),
    "model_not_found": gettext_lazy(
        "The provider does not know this model. Choose another one and run the edit again."
    ),
    "http_413": gettext_lazy(
        "The request was too large for the provider. Choose a smaller size and run the edit again."
    ),
    "insufficient_quota": gettext_lazy(
        "The provider's account has no credit left. An administrator has to add some; then run the edit again."
    ),
    "credit_balance_exhausted": gettext_lazy(
        "The provider's account has no credit left. An administrator has to add some; then run the edit again."
    ),
    "organization_spend_limit_exceeded": gettext_lazy(
        "The provider's spending limit is reached. An administrator can raise it; then run the edit again."
    ),
    "project_spend_limit_exceeded": gettext_lazy(
        "The provider's spending limit is reached. An administrator can raise it; then run the edit again."
    ),
    "organization_usage_limit_exceeded": gettext_lazy(
        "The provider's usage limit is reached. An administrator can raise it; then run the edit again."
    ),
    "billing_hard_limit_reached": gettext_lazy(
        "The provider's spending limit is reached. An administrator can raise it; then run the edit again."
    ),
    "redirected": gettext_lazy(
        "The provider's address leads elsewhere. An administrator has to correct it; then run the edit again."
    ),
    "rate_limit_exceeded": gettext_lazy("The provider was too busy each time it was asked. Run the edit again later."),
    "http_429": gettext_lazy("The provider was too busy each time it was asked. Run the edit again later."),
}  # fmt: skip

TROUBLES_OF_OURS: Words = {
    # nothing was sent
    "not_connected": gettext_lazy("The provider could not be reached. Nothing was sent; run the edit again later."),
    "connect_timeout": gettext_lazy(
        "The provider could not be reached in time. Nothing was sent; run the edit again later."
    ),
    "name_not_found": gettext_lazy(
        "The provider's address was not found. Nothing was sent; an administrator can check it."
    ),
    "tls_failed": gettext_lazy(
        "No safe connection to the provider could be made. Nothing was sent; an administrator can look into it."
    ),
    "not_prepared": gettext_lazy(
        "The picture or its mask could not be read from storage. Nothing was sent; run the edit again."
    ),
    "not_prepared_yet": gettext_lazy("The picture could not be read from storage yet; it is tried again."),
    # sent, and then silence
    "deadline": gettext_lazy("No whole answer came within the time allowed."),
    "read_timeout": gettext_lazy("The provider stopped answering after the request was sent."),
    "connection_lost": gettext_lazy("The connection broke after the request was sent."),
    "truncated": gettext_lazy("The connection broke in the middle of the answer."),
    "stream_ended": gettext_lazy("The provider's answer ended before the picture was there."),
    "worker_lost": gettext_lazy("The process that had sent the request stopped before an answer came."),
    "not_kept": gettext_lazy("The answer came, but it could not be written to our disk."),
    # answered, and of no use
    "no_space": gettext_lazy("The disk is full. The edit finishes by itself once there is room."),
    "storage_fails": gettext_lazy("The result can't be written to storage yet. It is tried again by itself."),
    "fetching_again": gettext_lazy("The result could not be fetched from the provider yet. It is tried again."),
    "answer_lost": gettext_lazy("The provider's answer was received, but it is not on this server's disk any more."),
    "expired": gettext_lazy(
        "The provider's links to the result expired before they could be fetched. Run the edit again."
    ),
    "private_address": gettext_lazy(
        "The provider's link to the result leads into a private network, so it was not opened. "
        "An administrator can look into it."
    ),
    "too_large": gettext_lazy("The provider sent far more than a picture, so it was not kept."),
    "bad_base64": gettext_lazy("The provider's answer holds no readable picture. Run the edit again."),
    "empty_picture": gettext_lazy("The provider's answer holds an empty picture. Run the edit again."),
    "bad_picture": gettext_lazy("The provider's answer is not a picture. Run the edit again."),
    "not_a_picture": gettext_lazy("The provider's answer is not a picture. Run the edit again."),
    "not_json": gettext_lazy("The provider's answer makes no sense. Its bytes are kept; run the edit again."),
    "error_body": gettext_lazy("The provider answered with an error instead of a picture. Run the edit again."),
    "no_pictures": gettext_lazy("The provider's answer holds no picture. Run the edit again."),
    "too_much_text": gettext_lazy(
        "The provider's answer is not a picture. Its bytes are kept; run the edit again."
    ),
    "not_https": gettext_lazy("The link to a picture is no https address, so it was not opened."),
    "odd_url": gettext_lazy("The provider's link to the result is no web address. Run the edit again."),
    "odd_port": gettext_lazy(
        "The provider's link to the result leads to a port that is not opened. An administrator can look into it."
    ),
    "too_many_redirects": gettext_lazy(
        "The provider's link to the result leads on and on. Run the edit again."
    ),
    "some_missing": gettext_lazy("Some of the pictures could not be stored. Those that could are shown."),
}  # fmt: skip


UNREACHED = ("not_connected", "connect_timeout", "name_not_found", "tls_failed")
TROUBLES: Words = {**TROUBLES_OF_THE_PROVIDER, **TROUBLES_OF_OURS}


def trouble(edit: Edit) -> str:
    """What went wrong with an edit, as one sentence; "" when nothing did."""
    code = edit.trouble
    if code and edit.status == Status.QUEUED:
        return _trouble_so_far(edit)
    if code == "no_space" and edit.status == Status.UNKNOWN:
        code = "not_kept"  # it was the answer itself that found no room
    words = TROUBLES.get(code)
    if words:
        return str(words)
    if edit.trouble.startswith("http_5"):
        return _("The provider had an error of its own.")
    if edit.status == Status.FAILED:
        own = _(edit.trouble_text) if edit.trouble_text and not edit.sent_at else ""
        return own or _("The edit could not be done. Change it, or run it again.")
    return _("Something went wrong on the way.") if edit.trouble else ""


def _trouble_so_far(edit: Edit) -> str:
    """Why an edit went back to the queue, and when it is tried again."""
    if edit.trouble in UNREACHED:
        said = _("The provider can't be reached at the moment. Nothing was sent.")
    elif edit.trouble == "not_prepared_yet":
        said = _("The picture or its mask could not be read from storage.")
    else:
        said = _("The provider is too busy at the moment and did not take it.")
    at = date_format(timezone.localtime(edit.not_before), "H:i:s")
    return said + " " + _("It is tried again by itself, next at %(time)s.") % {"time": at}


def providers_words(edit: Edit) -> str:
    """The provider's own sentence, where it gave one: then the code is its own, too."""
    is_unsent = edit.status == Status.FAILED and not edit.sent_at
    is_ours = is_unsent or edit.trouble in TROUBLES_OF_OURS or edit.trouble.startswith("http_")
    shows = edit.status in (Status.FAILED, Status.UNKNOWN, Status.QUEUED)
    return edit.trouble_text.strip() if shows and not is_ours else ""


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


def moderation(error: Mapping[str, Any]) -> str:
    """What a provider's safety system found, and where, if it said so."""
    found = ", ".join(str(name) for name in error.get("moderation_categories") or ())
    if not found:
        return ""
    if error.get("moderation_stage") == "output":
        return _("Found in the result: %(categories)s") % {"categories": found}
    if error.get("moderation_stage") == "input":
        return _("Found in the request: %(categories)s") % {"categories": found}
    return _("Found: %(categories)s") % {"categories": found}


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


def frame_tag(sent: Any) -> str:
    """The same, as the studio writes it at the frame."""
    width, height = sent.size
    return _("sent at %(percent)s %% · %(width)d × %(height)d") % {
        "width": width,
        "height": height,
        "percent": _number(100 / sent.scale, 0),
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
