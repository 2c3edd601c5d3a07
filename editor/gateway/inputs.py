"""The pictures of one call: looked at when they come, stored only when the whole call is taken."""

import hashlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from editor.images_api import client, refusals
from editor.images_api.asked import Looked, LookFailed, Upload
from editor.images_api.messages import FilePart, Request
from editor.imaging import files, masks
from editor.jobs import pictures
from editor.models import Image, Origin, Person

FILE_ID = re.compile(r"(?:img-)?([0-9]{1,18})")
FETCH_S = 30.0


class Inputs:
    """What a call may refer to, and what its bytes are, for the person who calls."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self._referred: dict[str, Image] = {}  # pictures of ours that were named, by their digest

    def look(self, upload: Upload) -> Looked:
        """What the bytes are; pictures that are here already need not be decoded again."""
        known = Image.objects.filter(sha256=_digest(upload.data)).first()
        if known:
            return Looked(known.format, known.size, known.has_alpha)
        try:
            with _written(upload.data) as path, pictures.pixel_gate:
                picture = files.open_untrusted(path, _limits())
        except files.ImageRefused:
            raise LookFailed from None
        return Looked(picture.format, picture.size, picture.has_alpha)

    def find_file(self, file_id: str) -> Upload:
        """The picture of ours with this id, "img-7" or "7". Raises LookupError."""
        match = FILE_ID.fullmatch(file_id)
        image = self._visible(int(match[1])) if match else None
        if image is None:
            raise LookupError(file_id)
        self._referred[image.sha256] = image
        data = pictures.read(image.original)
        return Upload("image", image.name, f"image/{image.format}", data)

    def fetch(self, url: str) -> Upload:
        """The file behind an https address. Raises ProviderError."""
        with tempfile.TemporaryDirectory(dir=settings.UPLOAD_DIR) as folder:
            path = Path(folder) / "fetched"
            content_type = client.fetch_input(
                url, into=path, deadline=FETCH_S, max_bytes=settings.UPLOAD_MAX_BYTES
            )
            return Upload("image", "", content_type, path.read_bytes())

    def store(self, part: FilePart) -> Image:
        """A row for this picture. Raises Refusal for what the decoder of previews does not take."""
        referred = self._referred.get(_digest(part.data))
        if referred:
            return referred
        try:
            with _written(part.data) as path:
                return pictures.add_upload(path, part.name, self.person, origin=Origin.API)
        except files.ImageRefused:
            raise refusals.bad_picture(1) from None

    def _visible(self, pk: int) -> Image | None:
        return Image.objects.for_person(self.person).filter(pk=pk).first()


def mask_in(asked: Request, *, alpha_is_mask: bool) -> bytes | None:
    """The mask as an edit keeps it, white = change; None where the whole picture may change.

    In the API's masks, transparent means change. Models of the older kind take the picture's own
    transparency where no mask is sent.
    """
    part = asked.mask
    if part is None and alpha_is_mask and asked.operation == "edit" and asked.images:
        part = asked.images[0] if asked.images[0].has_alpha else None
    if part is None:
        return None
    try:
        return masks.mask_png(masks.api_mask_to_mask(part.data, part.size))
    except masks.MaskRefused:
        raise refusals.bad_overlay("mask") from None


@contextmanager
def _written(data: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=settings.UPLOAD_DIR) as folder:
        path = Path(folder) / "picture"
        path.write_bytes(data)
        yield path


def _limits() -> files.Limits:
    return files.Limits(max_bytes=settings.UPLOAD_MAX_BYTES, max_pixels=settings.UPLOAD_MAX_PIXELS)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
