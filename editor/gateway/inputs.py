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
PICTURE = "picture"
OVERLAYS = ("mask", "mask[]")
# Signature, length and name of the header, width, height, depth, and grey or colour with alpha.
PNG_HEADER = re.compile(rb"\x89PNG\r\n\x1a\n\0{3}\rIHDR(.{4})(.{4}).[\x04\x06]", re.DOTALL)


class Inputs:
    """What a call may refer to, and what its bytes are, for the person who calls.

    Each picture is decoded once: when it is looked at, its previews are made, and lie in a folder
    of this call's own until the picture is stored, or the call ends.
    """

    def __init__(self, person: Person) -> None:
        self.person = person
        self._referred: dict[str, Image] = {}  # pictures of ours that were named, by their digest
        self._looked: dict[str, pictures.Looked] = {}  # by their digest, too
        self._folder = tempfile.TemporaryDirectory(dir=settings.UPLOAD_DIR)

    def __enter__(self) -> "Inputs":
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def look(self, upload: Upload) -> Looked:
        """What the bytes are; pictures that are here already need not be decoded again."""
        if upload.name in OVERLAYS and (told := _told_by_header(upload.data)):
            return told
        digest = _digest(upload.data)
        known = Image.objects.filter(sha256=digest).first()
        if known:
            return Looked(known.format, known.size, known.has_alpha)
        if digest not in self._looked:
            self._looked[digest] = self._look(upload.data, digest)
        made = self._looked[digest].made
        return Looked(made.format, made.size, made.has_alpha)

    def _look(self, data: bytes, digest: str) -> pictures.Looked:
        folder = Path(self._folder.name) / digest
        folder.mkdir()
        (folder / PICTURE).write_bytes(data)
        try:
            return pictures.look(folder / PICTURE, folder)
        except files.ImageRefused:
            raise LookFailed from None

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
        digest = _digest(part.data)
        if digest in self._referred:
            return self._referred[digest]
        looked = self._looked.get(digest)
        try:
            with self._written(part.data, digest) as path:
                return pictures.add_upload(
                    path, part.name, self.person, origin=Origin.API, looked=looked
                )
        except files.ImageRefused:
            raise refusals.bad_picture(1) from None

    @contextmanager
    def _written(self, data: bytes, digest: str) -> Iterator[Path]:
        """The bytes as a file: that which was looked at, or a new one."""
        if digest in self._looked:
            yield self._looked[digest].folder / PICTURE
            return
        with tempfile.TemporaryDirectory(dir=self._folder.name) as folder:
            path = Path(folder) / PICTURE
            path.write_bytes(data)
            yield path

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


def _told_by_header(data: bytes) -> Looked | None:
    """What the header of a PNG with an alpha channel says. Its pixels are decoded once, as a mask."""
    header = PNG_HEADER.match(data)
    if header is None:
        return None
    width, height = (int.from_bytes(side) for side in header.groups())
    return Looked("png", (width, height), has_alpha=True)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
