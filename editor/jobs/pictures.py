"""Pictures into storage: uploads as they came, results as they were made, and what pages show of both.

Every file is named by the SHA-256 of the bytes it was made from, so writing one twice changes nothing.
"""

import hashlib
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from editor.imaging import exif, files, masters, previews
from editor.imaging.masters import Master
from editor.models import Image, Origin, Person

SAMPLE = Path(__file__).resolve().parent.parent / "web" / "sample.jpg"
SAMPLE_NAME = "Sample"
PREVIEWS = {
    "preview": previews.PREVIEW,
    "thumb": previews.THUMB,
    "thumb_small": previews.SMALL_THUMB,
}

DECODED_BYTES = 96 * 1024 * 1024  # one photo of 24 megapixels, or some small ones

# Of samples: up to 30 megapixels previews are made beside the encoding; both hold a copy of the picture.
MOST_BESIDE = 90_000_000

# Decoding a large photo takes hundreds of megabytes: only so many at a time in one process.
pixel_gate = threading.BoundedSemaphore(settings.PIXEL_WORKERS)


@dataclass(frozen=True)
class Looked:
    """A picture that was decoded, with the previews that were made of it in `folder`."""

    made: files.Ingested
    folder: Path


def look(path: Path, folder: Path) -> Looked:
    """Decode the untrusted picture at `path` and make its previews in `folder`; nothing is stored.
    Raises imaging's ImageRefused."""
    limits = files.Limits(
        max_bytes=settings.UPLOAD_MAX_BYTES, max_pixels=settings.UPLOAD_MAX_PIXELS
    )
    with pixel_gate:
        return Looked(files.ingest(path, folder, limits), folder)


def add_upload(
    path: Path,
    name: str,
    person: Person,
    *,
    origin: str = Origin.UPLOAD,
    looked: Looked | None = None,
) -> Image:
    """Store the picture in the file at `path`, its bytes untouched, with previews made from it:
    those of `looked`, where somebody has looked at it before.

    The same bytes from the same person give the row that is there already; from another person a row
    of their own over the same files. Raises imaging's ImageRefused, and then nothing is stored.
    """
    sha256 = _digest(path)
    mine = (
        Image.objects.exclude(origin=Origin.RESULT).filter(sha256=sha256, created_by=person).first()
    )
    if mine:
        return mine
    known = Image.objects.filter(sha256=sha256).exclude(preview="").first()
    facts = _facts_of(known) if known else _ingest(path, sha256, looked)
    return _add_row(
        sha256=sha256, name=_clean_name(name), origin=origin, created_by=person, **facts
    )


def add_sample(person: Person) -> Image:
    """The app's own sample picture, as this person's."""
    return add_upload(SAMPLE, SAMPLE_NAME, person, origin=Origin.SAMPLE)


@dataclass(frozen=True)
class Stored:
    """A picture whose files are in storage; `fields` are those of its row."""

    fields: dict[str, Any]

    def add(self, *, name: str, person: Person) -> Image:
        """A new row for it."""
        return Image.objects.create(
            name=_clean_name(name), origin=Origin.RESULT, created_by=person, **self.fields
        )


def store_result(pixels: Any, *, name: str, person: Person) -> Image:
    """A new row for a picture that was made here: sRGB, uint8. Stored as PNG."""
    return stored_picture(pixels).add(name=name, person=person)


def stored_picture(pixels: Any, *, xmp: bytes | None = None) -> Stored:
    """A picture that was made here (sRGB, uint8) in storage, as PNG, with its previews; `xmp` is
    written into it."""
    return stored_master(Master(pixels), xmp=xmp)


def stored_master(
    made: Master, *, xmp: bytes | None = None, look: Callable[[bytes], None] = lambda _data: None
) -> Stored:
    """A picture that was made here in storage, as PNG in its own colours and depth, with its previews.

    `look` is called with the file's bytes as they were read back from storage.
    """
    if made.pixels.size > MOST_BESIDE:
        shown = previews.previews_of(made.srgb())
        return _stored_png(made, xmp, look, lambda: shown)
    with ThreadPoolExecutor(1) as beside:  # all of them leave Python's lock while they work
        return _stored_png(made, xmp, look, beside.submit(previews.previews_of, made.srgb()).result)


def _stored_png(
    made: Master,
    xmp: bytes | None,
    look: Callable[[bytes], None],
    shown: Callable[[], previews.Previews],
) -> Stored:
    data = masters.write_png(made.pixels, profile=made.profile, exif=made.exif, xmp=xmp)
    sha256, size = hashlib.sha256(data).hexdigest(), len(data)
    name = save(sha256, "png", data)
    del data  # it is read again
    look(read(name))
    return _stored(sha256, name, size, "png", made.pixels, shown())


def stored_answer(picture: files.Picture, raw: str, sha256: str, size: int) -> Stored:
    """What the provider sent as the picture itself: `raw` names its stored bytes, `sha256` is theirs
    and `size` their number, and `picture` is what they show."""
    made = previews.previews_of(picture.pixels)
    return _stored(sha256, raw, size, picture.format, picture.pixels, made)


def _stored(
    sha256: str, original: str, size: int, format: str, pixels: Any, made: previews.Previews
) -> Stored:
    height, width = pixels.shape[:2]
    return Stored(
        {
            "sha256": sha256,
            "original": original,
            "format": format,
            "bytes": size,
            "width": width,
            "height": height,
            "has_alpha": pixels.shape[2] == 4,
            "preview_width": made.preview_size[0],
            "preview_height": made.preview_size[1],
            "placeholder": made.placeholder,
            **{field: save(sha256, file, made.files[file]) for field, file in PREVIEWS.items()},
        }
    )


def pixels_of(image: Image) -> Any:
    """The pixels of a stored picture, as imaging.files.open_picture gives them, but not to be written to.

    An edit needs them twice, and people edit the same picture again and again, so those of the last
    few pictures are kept, up to DECODED_BYTES in one process.
    """
    found = _decoded.get(image.sha256, lambda: _opened(image))
    return found.srgb() if isinstance(found, Master) else found


def master_of(image: Image, *, keep_place: bool = False) -> Master:
    """A stored picture as it was written, to be put together again; not to be written to. What a camera
    wrote goes along, the place only where it is to be kept."""
    found = _decoded.kept(image.sha256)
    if not isinstance(found, Master):
        found = masters.open_master(read(image.original), keep_place=True)
        if _is_plain(found):
            _decoded.keep(image.sha256, found, found.pixels.nbytes)
    if keep_place or found.exif is None:
        return found
    return replace(found, exif=exif.tidied(found.exif, keep_place=False))


def _opened(image: Image) -> Any:
    """The master, where its pixels are what is shown; else these alone, which are smaller."""
    master = masters.open_master(read(image.original), keep_place=True)
    return master if _is_plain(master) else master.srgb()


def _is_plain(master: Master) -> bool:
    return master.pixels.dtype.itemsize == 1 and master.is_srgb


class Decoded:
    """Arrays and masters by name, the least recently used one leaving first. Safe to use from many
    threads."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._kept: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str, make: Callable[[], Any]) -> Any:
        found = self.kept(name)
        if found is None:
            found = make()
            pixels = found.pixels if isinstance(found, Master) else found
            pixels.flags.writeable = False
            self.keep(name, found, pixels.nbytes)
        return found

    def kept(self, name: str) -> Any | None:
        with self._lock:
            if name not in self._kept:
                return None
            self._kept.move_to_end(name)
            return self._kept[name][0]

    def keep(self, name: str, made: Any, size: int) -> None:
        if size > self.most_bytes:
            return
        with self._lock:
            self._kept[name] = made, size
            self._kept.move_to_end(name)
            while sum(each for _, each in self._kept.values()) > self.most_bytes:
                self._kept.popitem(last=False)


_decoded = Decoded(DECODED_BYTES)


def full_picture(image: Image) -> str:
    """The storage name of the whole picture for the browser: upright, sRGB, all its pixels, no
    metadata. Made when it is first asked for."""
    if image.full:
        return image.full
    with pixel_gate:
        picture = files.open_picture(read(image.original))
        if picture.has_alpha:
            name = save(image.sha256, "full.webp", files.encode_webp(picture.pixels, quality=92))
        else:
            name = save(image.sha256, "full.jpg", files.encode_jpeg(picture.pixels, quality=92))
    Image.objects.filter(sha256=image.sha256).update(full=name)
    image.full = name
    return name


def save(sha256: str, suffix: str, data: bytes) -> str:
    """Store `data` under a name made from `sha256`, if it is not there yet; returns the name."""
    name = f"{sha256[:2]}/{sha256[2:4]}/{sha256}.{suffix}"
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(data))
    return name


def put_back(name: str, data: bytes) -> None:
    """Store `data` again under the name it has, whatever is there."""
    default_storage.delete(name)
    default_storage.save(name, ContentFile(data))


def read(name: str) -> bytes:
    with default_storage.open(name, "rb") as file:
        return bytes(file.read())


def _ingest(path: Path, sha256: str, looked: Looked | None) -> dict[str, Any]:
    if looked:
        return _kept(path, sha256, looked)
    with tempfile.TemporaryDirectory(dir=settings.UPLOAD_DIR) as folder:
        return _kept(path, sha256, look(path, Path(folder)))


def _kept(path: Path, sha256: str, looked: Looked) -> dict[str, Any]:
    made = looked.made
    stored = {
        "original": _save_file(sha256, made.format, path),
        **{
            field: _save_file(sha256, file, looked.folder / file)
            for field, file in PREVIEWS.items()
        },
    }
    return {
        "format": made.format,
        "bytes": path.stat().st_size,
        "width": made.size[0],
        "height": made.size[1],
        "frames": made.frames,
        "has_alpha": made.has_alpha,
        "preview_width": made.preview_size[0],
        "preview_height": made.preview_size[1],
        "placeholder": made.placeholder,
        **stored,
    }


_SHARED = (
    "format", "bytes", "width", "height", "frames", "has_alpha", "original", "preview", "preview_width",
    "preview_height", "thumb", "thumb_small", "full", "placeholder",
)  # fmt: skip


def _facts_of(image: Image) -> dict[str, Any]:
    return {name: getattr(image, name) for name in _SHARED}


def _add_row(**fields: Any) -> Image:
    try:
        with transaction.atomic():
            return Image.objects.create(**fields)
    except IntegrityError:  # the same file twice at the same moment
        return Image.objects.exclude(origin=Origin.RESULT).get(
            sha256=fields["sha256"], created_by=fields["created_by"]
        )


def _save_file(sha256: str, suffix: str, path: Path) -> str:
    name = f"{sha256[:2]}/{sha256[2:4]}/{sha256}.{suffix}"
    if not default_storage.exists(name):
        with path.open("rb") as file:
            default_storage.save(name, File(file))
    return name


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _clean_name(name: str) -> str:
    """A file name for people to read: never used as a path."""
    printable = "".join(letter for letter in name.replace("\\", "/") if letter.isprintable())
    return printable.rsplit("/", 1)[-1].strip()[:200] or "picture"
