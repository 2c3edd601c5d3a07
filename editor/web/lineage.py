"""Where an edit comes from, and what came of it: from the first source over the edits in between."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from editor.models import Edit, Finished, Image, Origin, Reference, Result, Status
from editor.web import tiles, words

MOST_ANCESTORS = 8
MOST_CHILDREN = 12


@dataclass(frozen=True)
class Place:
    """One place in the line: a picture, if there is one yet, and what it is."""

    url: str
    image: Image | None
    title: str
    meta: str
    is_here: bool = False


def line_of(edit: Edit, results: list[Result], chosen: Result | None) -> list[Place]:
    """From the first source to `edit`, which shows its `chosen` result, and to what was made from it."""
    here = Place(
        url=reverse("edit_show", args=[edit.pk]),
        image=chosen.image if chosen else edit.source,
        title=words.title(edit, 32),
        meta=_meta(edit),
        is_here=True,
    )
    return [*_before(edit), here, *_after(results)]


def maker_of(image: Image) -> Result | None:
    """The result that `image` is one finish of."""
    results = Result.objects.filter(finished__image=image)
    return results.select_related("edit__source__created_by", "edit__created_by").first()


def made_with(images: Iterable[int] | QuerySet[Any, Any]) -> Q:
    """The edits that change one of these pictures, or take one for a reference."""
    references = Reference.objects.filter(image__in=images).values("edit")
    return Q(source__in=images) | Q(pk__in=references)


def _before(edit: Edit) -> list[Place]:
    found: list[Place] = []
    source = edit.source
    while source and source.origin == Origin.RESULT and len(found) < MOST_ANCESTORS:
        made_by = maker_of(source)
        if made_by is None:
            break
        found.append(_result(made_by, source))
        source = made_by.edit.source
    if source:
        found.append(_source(source))
    return found[::-1]


def _result(result: Result, image: Image) -> Place:
    return Place(
        url=f"{reverse('edit_show', args=[result.edit_id])}?result={result.number}",
        image=image,
        title=words.title(result.edit, 32),
        meta=_meta(result.edit),
    )


def _source(image: Image) -> Place:
    return Place(
        url=reverse("image_show", args=[image.pk]),
        image=image,
        title=_("Source"),
        meta=f"{image.created_by.name} · {image.width} × {image.height}",
    )


def _after(results: list[Result]) -> list[Place]:
    if not results:
        return []
    finishes = Finished.objects.filter(result__in=results).values("image")
    made = Edit.objects.filter(made_with(finishes))
    newest = tiles.with_pictures(made).order_by("-created_at", "-pk")[:MOST_CHILDREN]
    return [
        Place(tile.url, tile.image, words.title(tile.edit, 32), _meta(tile.edit))
        for tile in map(tiles.edit_tile, reversed(newest))
        if tile.edit
    ]


def _meta(edit: Edit) -> str:
    told = (
        edit.created_by.name
        if edit.status == Status.SUCCEEDED
        else edit.get_status_display().lower()
    )
    return f"{edit} · {told}"
