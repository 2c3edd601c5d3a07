"""What a person has painted, drawn and typed for a picture and not yet sent: kept on the server.

Each page that saves has a name of its own (its tab) and counts its savings; each draft counts all of
them. One conditional UPDATE takes a saving only from who has seen the newest draft, or from the tab
that saved last: so no tab and no device overwrites another one unasked, a saving that is repeated
changes nothing, and one that comes late, after a newer one or after the edit was sent, is dropped.
"""

import errno
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F, Q
from django.http import Http404, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from editor.imaging import marks
from editor.imaging.framing import AROUND_MASK
from editor.jobs.quotes import MOST_EDGE
from editor.models import Draft, Image, Person
from editor.models.edits import MarkupAs
from editor.web import asking, offers, reasons, references
from editor.web.access import Request, load, signed_in
from editor.web.unchanging import ONLY_A_PICTURE
from editor.web.uploads import SizeLimitHandler

MASK_MAX_BYTES = 16 * 1024 * 1024  # one bit per pixel: 64 megapixels of noise are 8 MB
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
NO_MARGINS = [0, 0, 0, 0]
HIGHEST = 2_000_000_000  # of versions: what databases count to, and room for one more
SENT = 99_999_999  # the last saving of a tab: it sent the edit
BLANK: dict[str, Any] = {"mask": b"", "prompt": "", "options": {}, "margins": [], "marks": []}
IS_BLANK = Q(mask=b"", prompt="", marks=[])


UNCHOSEN: dict[str, Any] = {
    **{"grow": None, "feather": None, "markup_as": ""},
    **asking.fields_of(AROUND_MASK),
    "helper": "",
}


class Unusable(Exception):
    """Something that was sent cannot be kept. Says which field, and why in words."""

    def __init__(self, field: str, sentence: Any) -> None:
        super().__init__(field)
        self.errors = {field: [str(sentence)]}


@dataclass(frozen=True)
class Saver:
    """Who saves: the page, by a name of its own, and the how-manieth of its savings this is."""

    tab: str
    number: int

    @property
    def text(self) -> str:
        return f"{self.tab}.{self.number:08d}"

    @property
    def earlier(self) -> Q:
        """Drafts that this very tab saved last, before."""
        return Q(saved_by__startswith=f"{self.tab}.", saved_by__lt=self.text)


class MaskInMemory(MemoryFileUploadHandler):
    """A mask is small and goes to the database: a full disk for uploads does not concern it."""

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        self.activated = True

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        if start + len(raw_data) <= MASK_MAX_BYTES:
            super().receive_data_chunk(raw_data, start)
        return None

    def file_complete(self, file_size: int) -> InMemoryUploadedFile | None:
        return cast(InMemoryUploadedFile | None, super().file_complete(file_size))


def with_mask_in_memory(view: Any) -> Any:
    """Forgery is looked for once the mask's way is known: looking for it reads the body."""
    guarded = csrf_protect(view)

    @csrf_exempt
    def takes(request: Request, *args: Any, **kwargs: Any) -> Any:
        if request.method == "POST":
            request.upload_handlers = [SizeLimitHandler(request), MaskInMemory(request)]
        return guarded(request, *args, **kwargs)

    return takes


# --- the draft's address ------------------------------------------------------------------------


@with_mask_in_memory
@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def image_draft(request: Request, pk: int) -> HttpResponse:
    """GET: the mask of this person's draft, or with ?as=json all of it. POST: save it."""
    image = load(Image.objects, request.user, pk=pk)
    if request.method == "POST":
        return saving(lambda: _save(request, image))
    if request.GET.get("as") == "json":
        return JsonResponse(start_of(request.user, image))
    rows = Draft.objects.filter(person=request.user, image=image).exclude(mask=b"")
    if "version" in request.GET:
        rows = rows.filter(version=version_in(request.GET["version"]) or 0)
    draft = rows.first()
    if draft is None:
        raise Http404
    return HttpResponse(bytes(draft.mask), content_type="image/png", headers=ONLY_A_PICTURE)


def saving(save: Any) -> HttpResponse:
    """The answer of `save`, or in words why there is none: what could not be kept here can be kept in
    the browser until there is room."""
    try:
        answer: HttpResponse = save()
    except Unusable as found:
        return JsonResponse({"errors": found.errors}, status=422)
    except (DatabaseError, OSError) as error:
        if _is_full(error):
            full = _("The server has no room left, so your work is not saved there.")
            return JsonResponse({"error": full}, status=507)
        away = _("The server can’t reach its database, so your work is not saved there.")
        return JsonResponse({"error": away}, status=503)
    return answer


def _is_full(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    # SQLite: "database or disk is full"; PostgreSQL: class 53, insufficient resources: 53100 disk_full
    state = getattr(error.__cause__, "sqlstate", None)
    return state == "53100" or "disk is full" in str(error)


def _save(request: Request, image: Image) -> JsonResponse:
    require_same_person(request)
    saver, seen = saver_in(request.POST), version_in(request.POST.get("version", ""))
    draft, is_kept = keep(request.user, image, _changes(request, image), saver, seen)
    return told(draft, status=200 if is_kept else 409)


def require_same_person(request: Request) -> None:
    """A page of one person must not save into the drafts of another who has signed in meanwhile."""
    if request.POST.get("person", str(request.user.pk)) != str(request.user.pk):
        name = request.user.name
        sentence = _("%(name)s is signed in here now, so this can’t be saved.") % {"name": name}
        raise Unusable("person", sentence)


def told(draft: Draft, *, status: int) -> JsonResponse:
    """What a page needs to know of a draft: 409 if it was not its own saving that is kept."""
    return JsonResponse(_saved(draft), status=status)


def _is_sent(draft: Draft) -> bool:
    return draft.saved_by.endswith(f".{SENT}")


# --- keeping ------------------------------------------------------------------------------------


def keep(
    person: Person, image: Image, changes: Mapping[str, Any], saver: Saver | None, seen: int | None
) -> tuple[Draft, bool]:
    """The draft as it is now, and whether `changes` are in it, now or since an earlier try.

    `seen` is the version that the saving page knows of; None: none, so only a blank draft is replaced.
    """
    rows = Draft.objects.filter(person=person, image=image)
    allowed = IS_BLANK if seen is None else Q(version=seen)
    if saver:
        allowed |= saver.earlier
    by = saver.text if saver else ""
    with transaction.atomic():
        kept = rows.filter(allowed).update(
            **changes, version=F("version") + 1, saved_by=by, updated_at=timezone.now()
        )
        if not kept and not rows.exists():
            kept = _made(person, image, {**changes, "saved_by": by}, (seen or 0) + 1)
        draft = rows.get()
    if not kept and saver and draft.saved_by.startswith(f"{saver.tab}.") and not _is_sent(draft):
        kept = 1  # this saving once more, or an older one of the same page
    return draft, bool(kept)


def _made(person: Person, image: Image, changes: dict[str, Any], version: int) -> int:
    try:
        with transaction.atomic():
            Draft.objects.create(person=person, image=image, version=version, **changes)
    except IntegrityError:  # another one was faster
        return 0
    return 1


def discard(person: Person, image: Image, sent: Mapping[str, str] | None = None) -> None:
    """What was sent off is no draft any more. A blank one stays, which counts on: a saving that was
    still under way is known to be late by it.

    `sent` is the form: with draft_tab and draft_version in it, what another tab or device has saved
    since is left alone.
    """
    rows = Draft.objects.filter(person=person, image=image)
    saver = saver_in({"tab": sent.get("draft_tab", ""), "number": str(SENT)}) if sent else None
    changes: dict[str, Any] = {**BLANK, "version": F("version") + 1, "updated_at": timezone.now()}
    seen = version_in(sent.get("draft_version", "")) if sent else None
    mine = rows
    if saver:
        known = IS_BLANK if seen is None else Q(version=seen)
        mine = rows.filter(known | saver.earlier)
    by = saver.text if saver else f".{SENT}"
    if not mine.update(**changes, saved_by=by) and not rows.exists():
        _made(person, image, {"saved_by": by}, (seen or 0) + 1)


# --- what was sent ------------------------------------------------------------------------------


def _changes(request: Request, image: Image) -> dict[str, Any]:
    margins = margins_in(request.POST, image)
    changes: dict[str, Any] = {
        "prompt": text_in(request, "prompt")[:100_000],
        "options": {
            **{name: text_in(request, name)[:80] for name in offers.NAMES},
            "references": references.numbers_in(request.POST) or [],
            "grow": edge_in(request.POST, "grow"),
            "feather": edge_in(request.POST, "feather"),
            "markup_as": markup_as_in(request.POST),
            **asking.fields_of(asking.framing_of(request.POST)[0]),
            "helper": asking.ON if request.POST.get("helper") == asking.ON else "",
        },
        "marks": marks_in(request.POST),
    }
    # The stored mask is of the stored margins' canvas: they change together, or neither does.
    if request.POST.get("mask_empty"):
        changes |= {"margins": margins, "mask": b""}
    elif "mask" in request.FILES:
        changes |= {"margins": margins, "mask": fitting_mask(request, image, margins)}
    return changes


def version_in(text: str) -> int | None:
    """Of a draft that was seen; None: none, or nothing that any has."""
    number = offers.whole(text)
    return number if number is not None and 0 <= number <= HIGHEST else None


def saver_in(sent: Mapping[str, str]) -> Saver | None:
    tab, number = sent.get("tab", ""), offers.whole(sent.get("number", ""))
    if not re.fullmatch(r"[0-9a-f]{24}", tab) or number is None or not 0 <= number <= SENT:
        return None
    return Saver(tab, number)


def margins_in(sent: Mapping[str, str], image: Image) -> list[int]:
    """By how many pixels the picture is extended: left, top, right, bottom. Raises Unusable."""
    texts = sent.get("margins", "").split(",") if sent.get("margins") else []
    if not texts:
        return NO_MARGINS
    if len(texts) != 4 or not all(re.fullmatch(r"[0-9]{1,5}", text.strip()) for text in texts):
        raise Unusable("margins", _("These are no margins: give four whole numbers."))
    left, top, right, bottom = (int(text) for text in texts)
    if (left + image.width + right) * (top + image.height + bottom) > settings.UPLOAD_MAX_PIXELS:
        most = settings.UPLOAD_MAX_PIXELS // 1_000_000
        raise Unusable(
            "margins", _("The picture can be extended to %(most)s megapixels.") % {"most": most}
        )
    return [left, top, right, bottom]


def canvas_of(image: Image, margins: list[int]) -> tuple[int, int]:
    left, top, right, bottom = margins or NO_MARGINS
    return (left + image.width + right, top + image.height + bottom)


def marks_in(sent: Mapping[str, str]) -> list[dict[str, Any]]:
    """The drawn marks, as they are kept. Raises Unusable."""
    try:
        return marks.listed(marks.read(json.loads(sent.get("marks") or "[]")))
    except marks.MarkupRefused as refused:
        raise Unusable("marks", refused) from None
    except (ValueError, RecursionError):
        raise Unusable("marks", _("The drawing can’t be read.")) from None


def edge_in(sent: Mapping[str, str], name: str) -> int | None:
    """How far the mask is grown or faded, in pixels; None: automatically. Raises Unusable."""
    text = sent.get(name, "").strip()
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,4}", text) or int(text) > MOST_EDGE:
        most = {"most": MOST_EDGE}
        raise Unusable(name, _("Give a whole number of pixels from 0 to %(most)s.") % most)
    return int(text)


def markup_as_in(sent: Mapping[str, str]) -> str:
    wanted = sent.get("markup_as", "")
    return wanted if wanted in MarkupAs.values else ""


def fitting_mask(request: Request, image: Image, margins: list[int]) -> bytes:
    """The mask that was sent, if it is a PNG of the canvas. Raises Unusable."""
    mask = mask_in(request)
    if not _is_png_of(mask, canvas_of(image, margins)):
        raise Unusable("mask", reasons.PROBLEMS["mask.not_a_mask"])
    return mask


def _is_png_of(data: bytes, size: tuple[int, int]) -> bool:
    """Whether its header says so, and its end is there; the rest is read when the edit is submitted."""
    width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    is_whole = data.startswith(PNG_SIGNATURE) and data[-8:-4] == b"IEND"
    return is_whole and (width, height) == size


def mask_in(request: Request) -> bytes:
    """The mask's bytes. More than any mask has is cut off, and so is not a mask any more."""
    file: Any = request.FILES["mask"]
    return bytes(file.read(MASK_MAX_BYTES))


def text_in(request: Request, name: str) -> str:
    return str(request.POST.get(name, "")).replace("\r\n", "\n").replace("\x00", "")


# --- for the studio -----------------------------------------------------------------------------


def start_of(person: Person, image: Image) -> dict[str, Any]:
    """This person's draft as the studio's page starts from it, with who saved it and its version."""
    draft = Draft.objects.filter(person=person, image=image).first()
    if draft is None:
        return {"version": 0, "tab": "", "number": 0, "mask_url": None, "updated_at": ""}
    address = reverse("image_draft", args=[image.pk])
    options = {**UNCHOSEN, **draft.options}
    return {
        "prompt": draft.prompt,
        **offers.texts_of(options),
        **{name: options[name] for name in UNCHOSEN},
        "pictures": references.pictures_of(person, options.get("references", [])),
        "mask_url": f"{address}?version={draft.version}" if draft.mask else None,
        "margins": draft.margins or NO_MARGINS,
        "marks": draft.marks,
        **_saved(draft),
    }


def _saved(draft: Draft) -> dict[str, Any]:
    tab, _dot, number = draft.saved_by.partition(".")
    return {
        "version": draft.version,
        "tab": tab,
        "number": int(number or 0),
        "updated_at": draft.updated_at.isoformat(),
        "is_sent": _is_sent(draft),
    }
