"""What an edit was asked for, what its calls brought, and what they cost, in words."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from editor.imaging import stitching
from editor.imaging.framing import Frame
from editor.jobs.canvas import contract_bounds
from editor.models import Attempt, Edit, Operation, Status
from editor.web import troubles, words

Pairs = list[tuple[str, str]]


def facts(edit: Edit, attempts: list[Attempt]) -> Pairs:
    """What was asked for and what it cost."""
    return [*_asked(edit), *_sent(edit), *_paid(edit), *_came(edit, attempts)]


def _asked(edit: Edit) -> Pairs:
    found = [(_("Kind"), edit.get_operation_display()), (_("Model"), edit.model)]
    if edit.n > 1:
        found.append((_("Number"), words.pictures(edit.n)))
    chosen = ((name, edit.options.get(name)) for name in words.ASKED)
    return found + [
        (str(words.ASKED[name]), words.asked(name, value))
        for name, value in chosen
        if value not in (None, "")
    ]


def _sent(edit: Edit) -> Pairs:
    found = []
    if edit.frames:
        found.append((_("Sent"), words.frame(Frame.from_dict(edit.frames[0]))))
    elif edit.api_operation == Operation.EDIT:
        found.append((_("Sent"), _("the whole picture")))
    if any(edit.margins):
        found.append((_("Extended"), words.extension(edit.margins, edit.canvas_size)))
    if edit.mask:
        share = {"share": words.percent(edit.mask_share)}
        found.append((_("Mask"), _("%(share)s %% of the picture") % share))
    if edit.is_stitched:
        found.append((_("Edge"), words.edge(edit.grow, _feather(edit))))
    return found


def _feather(edit: Edit) -> int:
    """Over how many pixels what changed fades in: as was chosen, else as stitching does by itself."""
    if edit.feather is not None:
        return edit.feather
    return stitching.default_feather(contract_bounds(edit))


def _paid(edit: Edit) -> Pairs:
    """The estimate from before, and what it came to, with the date of the prices behind both."""
    found = [
        (_("Estimate"), estimate(edit)),
        (_("Cost"), cost(edit)),
    ]
    if edit.price_date:
        found.append((_("Prices of"), words.on_date(edit.price_date)))
    return found


def estimate(edit: Edit) -> str:
    low, high = edit.estimate_low_microusd, edit.estimate_microusd
    return words.amounts(high if low is None else low, high)


def cost(edit: Edit) -> str:
    if edit.is_waited_for or edit.status == Status.UNKNOWN:
        held = {"held": words.money(edit.hold_microusd)}
        return _("%(held)s held") % held if edit.hold_microusd else _("not known yet")
    return words.money(edit.cost_microusd)


def price_tag(edit: Edit) -> str:
    """What a result's card says of money: of all pictures of its edit together, before and after."""
    parts = {"cost": cost(edit), "estimate": estimate(edit), "pictures": words.pictures(edit.n)}
    if edit.n > 1:
        return _("%(cost)s for %(pictures)s, estimate %(estimate)s") % parts
    return _("%(cost)s, estimate %(estimate)s") % parts


def _came(edit: Edit, attempts: list[Attempt]) -> Pairs:
    found = []
    request_id = next((attempt.request_id for attempt in attempts if attempt.request_id), "")
    if request_id:
        found.append((_("Request"), request_id))
    call = edit.calls.select_related("token").first()
    if call:
        token = {"token": call.token.name}
        found.append((_("Asked"), _("Through the API, token “%(token)s”") % token))
    return found


def tokens(attempts: list[Attempt]) -> Pairs:
    """The provider's own count of the newest call that has one; parts that it did not give are left out."""
    usage = next((attempt.usage for attempt in attempts if attempt.usage), None)
    if usage is None:
        return []
    counts = (
        (_("Text in"), usage.get("input_text_tokens")),
        (_("Pictures in"), usage.get("input_image_tokens")),
        (_("In, all"), usage.get("input_tokens")),
        (_("Text out"), usage.get("output_text_tokens")),
        (_("Pictures out"), usage.get("output_image_tokens")),
        (_("Out, all"), usage.get("output_tokens")),
    )
    return [(name, words.pixels(count)) for name, count in counts if count is not None]


def is_from_sandbox(attempt: Attempt) -> bool:
    """Whether our own local stand-in made the pictures, also where the settings name another by now."""
    sandbox = f"http://127.0.0.1:{settings.SANDBOX_PORT or settings.PORT + 1}/v1"
    return attempt.provider == sandbox or (
        settings.PROVIDER_IS_SANDBOX and attempt.provider == settings.PROVIDER_BASE_URL
    )


def attempt_in_words(attempt: Attempt) -> dict[str, Any]:
    """One call: how it ended, how long it took, what it cost, what came back."""
    outcome = attempt.get_outcome_display()
    took = attempt.took
    came = [words.moment(attempt.sent_at)]
    if attempt.http_status:
        came.append(f"HTTP {attempt.http_status}")
    if attempt.bytes:
        came.append(_("%(size)s kept as received") % {"size": words.megabytes(attempt.bytes)})
    if attempt.bought_by:
        came.append(_("bought again by %(name)s") % {"name": attempt.bought_by.name})
    if attempt.bought_because:
        came.append(f"“{attempt.bought_because}”")
    is_open = attempt.outcome in (Attempt.Outcome.SENT, Attempt.Outcome.ANSWERED)
    return {
        "outcome": attempt.outcome,
        "said": f"{outcome}, {words.seconds(took)}" if took else outcome,
        "cost": "" if is_open else words.money(attempt.cost_microusd),
        "meta": " · ".join(came),
        "error": attempt.error_text,
        "refused": troubles.moderation(attempt.error),
    }
