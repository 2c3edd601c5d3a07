"""The further pictures of an edit: read from a form, told to the page, and chosen from the team's."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from editor.models import Edit, Image, Person
from editor.web import reasons
from editor.web.access import Request, signed_in

MOST_READ = 64  # no model takes as many; more than that is no list that the page has made
PAGE = 24


@dataclass
class Chosen:
    """The pictures that a form names, in its order, and what is wrong with them in words."""

    images: tuple[Image, ...] = ()
    problems: list[str] = field(default_factory=list)


def chosen(person: Person, sent: QueryDict) -> Chosen:
    """Of `references`: numbers of pictures, parted by commas."""
    numbers = numbers_in(sent)
    if numbers is None:
        return Chosen(problems=[str(reasons.PROBLEMS["references.unreadable"])])
    known = _by_number(person, numbers)
    result = Chosen(tuple(known[number] for number in numbers if number in known))
    for place, number in enumerate(numbers):
        if number not in known:
            result.problems.append(reasons.PROBLEMS["references.gone"] % {"number": place + 2})
        elif number in numbers[:place]:
            twice = reasons.PROBLEMS["references.twice"] % {"name": known[number].name}
            result.problems.append(twice)
    return result


def numbers_in(sent: QueryDict) -> list[int] | None:
    """None: no list of numbers."""
    texts = [text.strip() for text in ",".join(sent.getlist("references")).split(",")]
    texts = [text for text in texts if text]
    if len(texts) > MOST_READ or not all(map(_is_number, texts)):
        return None
    return [int(text) for text in texts]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 18


def _by_number(person: Person, numbers: list[int]) -> dict[int, Image]:
    return Image.objects.for_person(person).in_bulk(numbers)


# --- as the page starts from them ---------------------------------------------------------------


def pictures_of(person: Person, numbers: list[int]) -> list[dict[str, Any]]:
    """Those that there are, each once, as the page's script needs them."""
    known = _by_number(person, numbers)
    return [told(known[number]) for number in dict.fromkeys(numbers) if number in known]


def pictures_of_edit(edit: Edit) -> list[dict[str, Any]]:
    return [told(reference.image) for reference in edit.references.select_related("image")]


def told(image: Image) -> dict[str, Any]:
    """As the upload's answer tells of a picture, too."""
    thumb = reverse("image_thumb_small", args=[image.pk])
    return {"id": image.pk, "name": image.name, "thumb_url": thumb}


# --- choosing from the team's pictures ----------------------------------------------------------


@signed_in
@never_cache
@require_safe
def image_choose(request: Request) -> HttpResponse:
    """The team's pictures, newest first, as a fragment for the studio's dialog: one page of them."""
    asked = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:200]
    before = request.GET.get("before", "")
    rows = Image.objects.for_person(request.user).order_by("-pk")
    if asked:
        rows = rows.filter(name__icontains=asked)
    if _is_number(before):
        rows = rows.filter(pk__lt=int(before))
    images = list(rows[: PAGE + 1])
    context = {
        "images": images[:PAGE],
        "q": asked,
        "is_later": bool(before),
        "more_url": _more_url(asked, images),
    }
    return render(request, "images/_choose.html", context)


def _more_url(asked: str, images: list[Image]) -> str:
    if len(images) <= PAGE:
        return ""
    query = {"q": asked, "before": str(images[PAGE - 1].pk)}
    return f"{reverse('image_choose')}?{urlencode(query)}"
