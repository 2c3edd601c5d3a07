"""What a reviewer has before them: the result being looked at, and those before and after it."""

from dataclasses import dataclass, field

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.timesince import timesince

from editor.models import Person, Result, Review, ReviewState
from editor.models.edits import ResultQuerySet
from editor.web import doubts, words

EARLIER, LATER, DONE = 20, 80, 3  # how many rows are listed around the current one


@dataclass(frozen=True)
class Row:
    """One line of the queue."""

    result: Result
    is_current: bool = False

    @property
    def title(self) -> str:
        return words.title(self.result.edit, 80)

    @property
    def age(self) -> str:
        return timesince(self.result.created_at, depth=1)

    @property
    def doubt(self) -> str:
        return doubts.word(self.result.flag)

    @property
    def is_done(self) -> bool:
        return self.result.review != ReviewState.PENDING


@dataclass(frozen=True)
class Queue:
    state: str
    waiting: int  # results nobody has decided about
    decided: int  # by this reviewer, today
    done: list[Row] = field(default_factory=list)  # their newest decisions
    rows: list[Row] = field(default_factory=list)
    current: Result | None = None
    previous: Result | None = None
    next: Result | None = None
    undo: Result | None = None  # the last decision, while nobody has decided otherwise

    @property
    def undo_title(self) -> str:
        return words.title(self.undo.edit) if self.undo else ""

    @property
    def all(self) -> int:
        return self.waiting + self.decided

    @property
    def place(self) -> int:
        return min(self.decided + 1, self.all)


def queue_for(person: Person, state: str, current: Result | None = None) -> Queue:
    """The queue of results in `state` around `current`, or from its beginning on."""
    rows = shown(person).filter(review=state)
    # What waits is taken oldest first; what is decided is looked up newest first.
    onward = "pk" if state == ReviewState.PENDING else "-pk"
    current = current or rows.order_by(onward).first()
    before, after = around(rows, current, onward)
    here = [current] if current and current.review == state else []
    mine = decided_today(person)
    newest = [review.result for review in mine[:DONE]]
    done = [result for result in newest if result != current and state == ReviewState.PENDING]
    return Queue(
        state=state,
        waiting=Result.objects.for_person(person).pending().count(),
        decided=mine.count(),
        done=[Row(result) for result in reversed(done)],
        rows=[Row(result, result == current) for result in [*before, *here, *after]],
        current=current,
        previous=before[-1] if before else None,
        next=after[0] if after else None,
        undo=newest[0] if newest else None,
    )


def shown(person: Person) -> ResultQuerySet:
    return Result.objects.for_person(person).select_related(
        "image", "attempt", "edit__created_by", "edit__source"
    )


def around(
    rows: QuerySet[Result], current: Result | None, onward: str
) -> tuple[list[Result], list[Result]]:
    """The rows before `current`, nearest last, and those after it, nearest first."""
    if current is None:
        return [], []
    lower, higher = rows.filter(pk__lt=current.pk), rows.filter(pk__gt=current.pk)
    if onward == "pk":
        before, after = lower.order_by("-pk")[:EARLIER], higher.order_by("pk")[:LATER]
    else:
        before, after = higher.order_by("pk")[:EARLIER], lower.order_by("-pk")[:LATER]
    return list(before)[::-1], list(after)


def following(person: Person, result: Result) -> Result | None:
    """What to look at after deciding about `result`: the next that waits, else the first that does."""
    waiting = Result.objects.for_person(person).pending().order_by("pk")
    return waiting.filter(pk__gt=result.pk).first() or waiting.first()


def decided_today(person: Person) -> QuerySet[Review]:
    """This person's decisions of today that are still in force, the newest first."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    newest = Review.objects.filter(result=OuterRef("result")).order_by("-pk")
    mine = Review.objects.filter(by=person, at__gte=midnight, pk=Subquery(newest.values("pk")[:1]))
    related = ("result__image", "result__edit__created_by", "result__edit__source")
    decided = mine.exclude(decision=ReviewState.PENDING)
    return decided.select_related(*related).order_by("-pk")
