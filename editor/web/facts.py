"""What an edit was asked for, what its calls brought, and what they cost, in words."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from editor.imaging import stitching
from editor.imaging.framing import Frame
from editor.jobs.canvas import contract_bounds
from editor.jobs.provider import is_sandbox
from editor.models import Attempt, Edit, Finish, Operation, Status
from editor.web import troubles, words

Pairs = list[tuple[str, str]]


def facts(edit: Edit, attempts: list[Attempt], finish: str = Finish.NATURAL) -> Pairs:
    """What was asked for and what it cost, beside a result that is shown with `finish`."""
    told = [*_asked(edit), *_sent(edit, attempts), *_area(edit), *_edge(edit, finish)]
    return [*told, *_paid(edit), *_came(edit, attempts)]


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


def _sent(edit: Edit, attempts: list[Attempt]) -> Pairs:
    if not edit.frames:
        whole = edit.api_operation == Operation.EDIT
        return [(_("Sent"), _("the whole picture"))] if whole else []
    frames = [words.frame(Frame.from_dict(frame)) for frame in edit.frames]
    if len(frames) == 1:
        return [(_("Sent"), frames[0])]
    listed = [(_("Frame %(number)d") % {"number": i}, told) for i, told in enumerate(frames, 1)]
    return [(_("Sent"), _frames_and_calls(len(frames), len(attempts))), *listed]


def _frames_and_calls(frames: int, calls: int) -> str:
    told = ngettext("%(count)d frame", "%(count)d frames", frames) % {"count": frames}
    if not calls:
        return told
    return f"{told}, " + ngettext("%(count)d call", "%(count)d calls", calls) % {"count": calls}


def _area(edit: Edit) -> Pairs:
    found = []
    if any(edit.margins):
        found.append((_("Extended"), words.extension(edit.margins, edit.canvas_size)))
    if edit.mask:
        share = {"share": words.percent(edit.mask_share)}
        found.append((_("Mask"), _("%(share)s %% of the picture") % share))
    return found


def _edge(edit: Edit, finish: str) -> Pairs:
    if not edit.is_stitched or finish == Finish.RAW:
        return []
    return [(_("Edge"), words.edge(edit.grow, 0 if finish == Finish.HARD else _feather(edit)))]


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
    """Whether our own local stand-in made the pictures."""
    return is_sandbox(attempt.provider)


def attempt_in_words(attempt: Attempt, frames: int = 1) -> dict[str, Any]:
    """One call: how it ended, how long it took, what it cost, what came back; of several `frames` for
    which."""
    outcome = attempt.get_outcome_display()
    took = attempt.took
    came = [words.moment(attempt.sent_at)]
    if frames > 1:
        came.append(_("frame %(number)d") % {"number": attempt.frame + 1})
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
