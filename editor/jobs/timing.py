"""How long calls usually take."""

from statistics import quantiles

from editor.models import Attempt

SAMPLE = 20


def usual_seconds(model: str, options: dict[str, object] | None = None) -> tuple[int, int] | None:
    """The middle half of the last 20 successful calls of `model` (at the same quality), in whole
    seconds, or None when there are fewer than three to tell from."""
    calls = Attempt.objects.filter(
        edit__model=model, outcome=Attempt.Outcome.SUCCEEDED, answered_at__isnull=False
    )
    quality = (options or {}).get("quality")
    if quality:
        calls = calls.filter(edit__options__quality=quality)
    rows = calls.order_by("-id").values_list("sent_at", "answered_at")[:SAMPLE]
    took = [(answered - sent).total_seconds() for sent, answered in rows if answered]
    if len(took) < 3:
        return None
    low, _median, high = quantiles(took, n=4, method="inclusive")
    return (max(1, round(low)), max(1, round(high)))
