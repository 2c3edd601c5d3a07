"""What a gallery shows: edits and uploads as tiles, newest first, page by page.

Two tables are read in one order, (created_at, kind, id) descending, each from where the last page ended.
No page is found by counting, so the hundred-thousandth costs what the first one does.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from editor.images_api.entries import parse_size
from editor.models import Edit, Image, Operation, Person, Result, ReviewState, Status
from editor.web import doubts, facts, words
from editor.web.waiting import Preview, Waiting, preview_of, waiting

PAGE = 40
KINDS = ("image", "edit")  # of the same moment, the edit comes first: it was made from the image
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RATIO_STEP = 1.05
RATIO_STEPS = (-20, 24)  # 0.38 to 3.2: what is narrower or wider is cropped to that
SQUARE = (1024, 1024)  # stands for a size that nobody knows yet


@dataclass(frozen=True, order=True)
class Cursor:
    """The last tile of a page; the next page begins after it."""

    at: datetime
    kind: int
    pk: int

    def __str__(self) -> str:
        return f"{(self.at - EPOCH) // timedelta(microseconds=1)}.{self.kind}.{self.pk}"

    @classmethod
    def read(cls, text: str) -> "Cursor | None":
        try:
            microseconds, kind, pk = map(int, text.split("."))
            return cls(EPOCH + timedelta(microseconds=microseconds), kind, pk)
        except (ValueError, OverflowError):
            return None

    def rest_of(self, kind: str) -> Q:
        """The rows of `kind` that come after this one. The first condition is what an index can use."""
        index = KINDS.index(kind)
        if index < self.kind:
            return Q(created_at__lte=self.at)
        if index > self.kind:
            return Q(created_at__lt=self.at)
        return Q(created_at__lte=self.at) & (Q(created_at__lt=self.at) | Q(pk__lt=self.pk))


@dataclass(frozen=True)
class Filters:
    """What a gallery is narrowed to. Empty: not narrowed by that."""

    q: str = ""
    person: Person | None = None
    status: str = ""
    model: str = ""
    review: str = ""
    operation: str = ""

    @property
    def are_set(self) -> bool:
        return bool(self.q or self.person or self.takes_edits_only)

    @property
    def takes_edits_only(self) -> bool:
        return bool(self.status or self.model or self.review or self.operation)


@dataclass(frozen=True)
class Tile:
    """One cell of a gallery. `image` is what it shows: an upload, a result, or the source of an edit;
    None for what is made from words and not there yet."""

    key: str
    url: str
    cursor: Cursor
    image: Image | None
    title: str
    by: Person
    edit: Edit | None = None
    count: int = 1
    review: str = ""
    doubt: str = ""  # what is odd about the result that is shown, in a word or two

    @property
    def at(self) -> datetime:
        return self.cursor.at

    @property
    def shows_picture(self) -> bool:
        return self.edit is None or self.count > 0

    @property
    def is_waited_for(self) -> bool:
        return self.edit is not None and self.edit.is_waited_for

    @property
    def ratio(self) -> str:
        return ratio_class(*self._size)

    @property
    def sizes(self) -> str:
        """How wide the tile is about to be, for the browser to choose a thumbnail by."""
        width, height = self._size
        ratio = min(max(width / height, 0.38), 3.2)
        return f"(width < 40rem) {ratio * 9:.0f}rem, (width < 56rem) {ratio * 12:.0f}rem, {ratio * 17:.0f}rem"

    @property
    def small_width(self) -> int:
        return _thumb_width(self._size, 320)

    @property
    def thumb_width(self) -> int:
        return _thumb_width(self._size, 512)

    @property
    def _size(self) -> tuple[int, int]:
        if self.image:
            return self.image.size
        return expected_size(self.edit) if self.edit else SQUARE

    @property
    def meaning(self) -> str:
        return words.meaning(self.edit, has_results=self.count > 0) if self.edit else ""

    @property
    def waiting(self) -> Waiting | None:
        return waiting(self.edit) if self.edit and self.is_waited_for else None

    @property
    def preview(self) -> Preview | None:
        return preview_of(self.edit) if self.edit and self.is_waited_for else None

    @property
    def price(self) -> str:
        return facts.price_tag(self.edit) if self.edit else ""


@dataclass(frozen=True)
class Day:
    day: date
    tiles: list[Tile]
    is_continued: bool = False  # the page before gave it its heading

    @property
    def heading(self) -> str:
        return words.day(self.day)

    @property
    def date(self) -> str:
        """The date beside a heading that does not say it itself."""
        return words.date_of(self.day)


@dataclass(frozen=True)
class Page:
    days: list[Day]
    more: Cursor | None

    @property
    def tiles(self) -> list[Tile]:
        return [tile for day in self.days for tile in day.tiles]


def page_of(person: Person, filters: Filters, after: Cursor | None, *, continued: bool) -> Page:
    """At most PAGE tiles that `person` may see. Four queries, however many there are.

    With `continued`, a day that the page before had begun gets no heading again.
    """
    newest = merge(
        _edit_tiles(_edits(person, filters, after)),
        _image_tiles(_images(person, filters, after)),
        key=lambda tile: tile.cursor,
        reverse=True,
    )
    tiles = list(islice(newest, PAGE + 1))
    more = tiles[PAGE - 1].cursor if len(tiles) > PAGE else None
    shown_day = timezone.localdate(after.at) if after and continued else None
    return Page(_by_day(tiles[:PAGE], shown_day), more)


def _edits(person: Person, filters: Filters, after: Cursor | None) -> QuerySet[Edit]:
    edits = Edit.objects.for_person(person)
    if after:
        edits = edits.filter(after.rest_of("edit"))
    if filters.person:
        edits = edits.filter(created_by=filters.person)
    if filters.status:
        edits = edits.filter(status=filters.status)
    if filters.model:
        edits = edits.filter(model=filters.model)
    if filters.operation:
        edits = edits.filter(operation=filters.operation)
    if filters.review:
        edits = edits.filter(
            Exists(Result.objects.filter(edit=OuterRef("pk"), review=filters.review))
        )
    if filters.q:
        edits = edits.filter(Q(prompt__icontains=filters.q) | Q(source__name__icontains=filters.q))
    return with_pictures(edits).order_by("-created_at", "-pk")[: PAGE + 1]


def with_pictures(edits: QuerySet[Edit]) -> QuerySet[Edit]:
    """Edits with all that a tile shows, in two queries."""
    results = Result.objects.select_related("image").order_by("edit_id", "number")
    return edits.select_related("source", "created_by").prefetch_related(
        Prefetch("results", queryset=results, to_attr="pictures")
    )


def _images(person: Person, filters: Filters, after: Cursor | None) -> Iterable[Image]:
    if filters.takes_edits_only:
        return ()
    images = Image.objects.for_person(person).uploads()
    if after:
        images = images.filter(after.rest_of("image"))
    if filters.person:
        images = images.filter(created_by=filters.person)
    if filters.q:
        images = images.filter(name__icontains=filters.q)
    return images.select_related("created_by").order_by("-created_at", "-pk")[: PAGE + 1]


def _edit_tiles(edits: Iterable[Edit]) -> Iterable[Tile]:
    return map(edit_tile, edits)


def _image_tiles(images: Iterable[Image]) -> Iterable[Tile]:
    return map(image_tile, images)


def edit_tile(edit: Any) -> Tile:
    """The tile of an edit that was read by `with_pictures`."""
    pictures: list[Result] = edit.pictures
    front = _front(pictures) if pictures else None
    return Tile(
        key=f"edit-{edit.pk}",
        url=reverse("edit_show", args=[edit.pk]),
        cursor=Cursor(edit.created_at, KINDS.index("edit"), edit.pk),
        image=front.image if front else edit.source,
        title=words.title(edit, 120),
        by=edit.created_by,
        edit=edit,
        count=len(pictures),
        review=words.standing(pictures),
        doubt=doubts.word(front.flag) if front else "",
    )


def image_tile(image: Image) -> Tile:
    return Tile(
        key=f"image-{image.pk}",
        url=reverse("image_show", args=[image.pk]),
        cursor=Cursor(image.created_at, KINDS.index("image"), image.pk),
        image=image,
        title=image.name,
        by=image.created_by,
    )


def _front(results: list[Result]) -> Result:
    """The result that stands for its edit: an approved one, else the first that is not rejected; one
    without a flag before those that have one."""
    ranks = (ReviewState.APPROVED, ReviewState.PENDING, ReviewState.REJECTED)
    return min(
        results,
        key=lambda each: (ranks.index(ReviewState(each.review)), bool(each.flag), each.number),
    )


def _by_day(tiles: list[Tile], shown_day: date | None) -> list[Day]:
    days: list[Day] = []
    for tile in tiles:
        day = timezone.localdate(tile.at)
        if not days or days[-1].day != day:
            days.append(Day(day, [], is_continued=day == shown_day))
        days[-1].tiles.append(tile)
    return days


def expected_size(edit: Edit) -> tuple[int, int]:
    """What an edit's pictures will measure, as far as its shape is concerned."""
    if edit.is_stitched and edit.source:
        return edit.canvas_size
    asked = parse_size(str(edit.options.get("size") or ""))
    return asked or (edit.source.size if edit.source else SQUARE)


def ratio_class(width: int, height: int) -> str:
    """The CSS class that gives a tile this aspect ratio to within 2.5 %, for numbers cannot be inline."""
    least, most = RATIO_STEPS
    step = round(math.log(width / height) / math.log(RATIO_STEP))
    return ratio_class_of_step(min(max(step, least), most))


def ratio_class_of_step(step: int) -> str:
    return f"ratio-{round(100 * RATIO_STEP**step)}"


def _thumb_width(size: tuple[int, int], long_side: int) -> int:
    return max(1, round(size[0] * min(1, long_side / max(size))))


STATUSES = Status.choices
REVIEWS = ReviewState.choices
OPERATIONS = Operation.choices
