"""What went wrong with an edit that was submitted, as one sentence that says what to do.

Codes are those of `Edit.trouble`; one without words here still gets a true sentence.
"""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from editor.models import Edit, Status

Words = Mapping[str, "str | Promise"]

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
    "storage_fails": gettext_lazy("The result can't be read from or written to storage yet. It is tried again by itself."),
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
    "frames_missing": gettext_lazy(
        "Not all of its frames came. Those that did are put in; where the others belong, the picture is"
        " as it was."
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
    if edit.trouble == "frames_missing":
        return edit.trouble_text.strip()
    is_unsent = edit.status == Status.FAILED and not edit.sent_at
    is_ours = is_unsent or edit.trouble in TROUBLES_OF_OURS or edit.trouble.startswith("http_")
    shows = edit.status in (Status.FAILED, Status.UNKNOWN, Status.QUEUED)
    return edit.trouble_text.strip() if shows and not is_ours else ""


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
