"""Selecting a thing in a picture: what the studio's tool asks, and the mask that it gets."""

import base64
import binascii
import json
import math
import tempfile
import threading
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from editor.imaging import masks, selecting
from editor.imaging.files import ImageRefused
from editor.jobs.pictures import read
from editor.models import Image
from editor.web.access import Request, load, signed_in

AT_ONCE = 2  # in one process of the web server: each keeps a core busy for a second
PATIENCE_S = 1.5
MOST_BYTES = 1024 * 1024
MOST_LINES = 500
MOST_POINTS = 20_000

MOST_WAITING = 8  # threads of the web server that others need too

_places = threading.BoundedSemaphore(AT_ONCE)
_queue = threading.BoundedSemaphore(MOST_WAITING)


class NotAWish(ValueError):
    """The request is not what the studio sends."""


@signed_in
@never_cache
@require_POST
def image_select(request: Request, pk: int) -> HttpResponse:
    """JSON in: box, plus, minus, brush, previous. PNG out: the whole picture at the selection's own size,
    white = selected."""
    image = load(Image.objects, request.user, pk=pk)
    try:
        wish = _wish(_body(request), image)
    except (NotAWish, masks.MaskRefused):
        return _told(_("The selection can't be read. Reload the page and try again."), 422)
    if not _place_found():
        busy = _told(_("Other people are selecting right now. Try again in a moment."), 503)
        busy["Retry-After"] = "1"
        return busy
    try:
        return _selected(image, wish)
    finally:
        _places.release()


def _place_found() -> bool:
    """A place, if need be after waiting in a queue that is short."""
    if _places.acquire(blocking=False):
        return True
    if not _queue.acquire(blocking=False):
        return False
    try:
        return _places.acquire(timeout=PATIENCE_S)
    finally:
        _queue.release()


def _selected(image: Image, wish: selecting.Wish) -> HttpResponse:
    """By the work preview: what the person sees, and never the whole photo."""
    try:
        with tempfile.TemporaryDirectory(dir=settings.UPLOAD_DIR) as folder:
            path = Path(folder) / "preview"
            path.write_bytes(read(image.preview))
            mask = selecting.select_apart(path, wish)
    except selecting.TookTooLong:
        sentence = _("This picture takes too long to select in. Use the brush or the lasso.")
        return _told(sentence, 422)
    except ImageRefused:
        return _told(_("This picture can't be selected in. Use the brush or the lasso."), 422)
    return HttpResponse(masks.mask_png(mask), content_type="image/png")


def _told(sentence: str, status: int) -> JsonResponse:
    return JsonResponse({"error": sentence}, status=status)


# --- what was asked -------------------------------------------------------------------------------


def _body(request: Request) -> dict[str, Any]:
    try:
        data = request.read(MOST_BYTES + 1)
        told = json.loads(data) if len(data) <= MOST_BYTES else None
    except (ValueError, RecursionError) as error:
        raise NotAWish("no JSON") from error
    if not isinstance(told, dict):
        raise NotAWish("no object")
    return told


def _wish(told: dict[str, Any], image: Image) -> selecting.Wish:
    plus, minus = _lines(told.get("plus", [])), _lines(told.get("minus", []))
    if sum(map(len, (*plus, *minus))) > MOST_POINTS:
        raise NotAWish("too many points")
    return selecting.Wish(
        of=image.size,
        box=_box(told.get("box"), image),
        plus=plus,
        minus=minus,
        brush=min(max(_number(told.get("brush", 1)), 1), max(image.size)),
        previous=_previous(told.get("previous"), image),
    )


def _box(told: Any, image: Image) -> tuple[int, int, int, int]:
    """The part of the box that lies on the picture."""
    if not isinstance(told, list) or len(told) != 4:
        raise NotAWish("no box")
    left, top, right, bottom = map(_number, told)
    box = (
        max(0, math.floor(left)),
        max(0, math.floor(top)),
        min(image.width, math.ceil(right)),
        min(image.height, math.ceil(bottom)),
    )
    if box[0] >= box[2] or box[1] >= box[3]:
        raise NotAWish("nothing in the box")
    return box


def _lines(told: Any) -> list[list[tuple[float, float]]]:
    if not isinstance(told, list) or len(told) > MOST_LINES:
        raise NotAWish("no lines")
    return [_line(line) for line in told]


def _line(told: Any) -> list[tuple[float, float]]:
    if not isinstance(told, list) or not told:
        raise NotAWish("no line")
    return [_point(point) for point in told]


def _point(told: Any) -> tuple[float, float]:
    if not isinstance(told, list) or len(told) != 2:
        raise NotAWish("no point")
    return _number(told[0]), _number(told[1])


def _number(told: Any) -> float:
    """Within a hundred thousand pixels of the picture's corner: what is further out is no gesture."""
    if isinstance(told, bool) or not isinstance(told, int | float) or not abs(told) <= 100_000:
        raise NotAWish("no number")
    return float(told)


def _previous(told: Any, image: Image) -> Any | None:
    if told is None:
        return None
    if not isinstance(told, str):
        raise NotAWish("no mask")
    try:
        data = base64.b64decode(told, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotAWish("no base64") from error
    return masks.read_mask(data, selecting.working_size(image.size))
