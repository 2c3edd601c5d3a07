"""How long calls usually take."""

from statistics import quantiles

from editor.models import Attempt

SAMPLE = 20
LOOKED_AT = 300  # the newest calls, whatever their model: a search through all of them would grow with the history


def usual_seconds(model: str, options: dict[str, object] | None = None) -> tuple[int, int] | None:
    """The middle half of the last 20 successful calls of `model` (at the same quality), in whole
    seconds, or None when there are fewer than three to tell from."""
    newest = (
        Attempt.objects.filter(answered_at__isnull=False).select_related("edit").order_by("-id")
    )
    quality = (options or {}).get("quality")
    took = [
        call.took.total_seconds()
        for call in newest.only(
            "sent_at", "answered_at", "outcome", "edit__model", "edit__options"
        )[:LOOKED_AT]
        if call.took
        and call.outcome == Attempt.Outcome.SUCCEEDED
        and call.edit.model == model
        and (not quality or call.edit.options.get("quality") == quality)
    ][:SAMPLE]
    if len(took) < 3:
        return None
    low, _median, high = quantiles(took, n=4, method="inclusive")
    return (max(1, round(low)), max(1, round(high)))
