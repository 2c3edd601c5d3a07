"""Where files lie: durable on a disk, or in S3; static files under hashed names."""

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from rjsmin import jsmin
from whitenoise.storage import CompressedManifestStaticFilesStorage

from editor.joining import joined

try:
    import minify
except ImportError:  # not built for every system; without it names stay as long as they are written
    minify = None

PAGE, WORKER = "studio.js", "worker.js"
COMMENTS = re.compile(r"/\*.*?\*/", re.DOTALL)
PLAIN_CONST = re.compile(r"\bconst(?=\s+[\w$])")
INDENTED = re.compile(r"\s*\n\s*")


def without_comments(sheet: str) -> str:
    """A style sheet without comments and indents. Other spaces mean something: `a :is(b)` is not `a:is(b)`."""
    return INDENTED.sub("\n", COMMENTS.sub("", sheet)).strip()


def with_short_names(script: str) -> str:
    """The same script, its names as short as can be.

    tdewolff-minify 2.24 joins neighbouring declarations of one kind and then puts those that take an
    object or an array apart before the others: `const was = it.at; const { a } = (it.at = next())` found
    the new value in `was`. So only these stay `const`: two kinds are not joined, and keep their order.
    """
    return str(minify.string("application/javascript", PLAIN_CONST.sub("let", script)))


SHORTENED: dict[str, Callable[[str], str]] = {".js": jsmin, ".css": without_comments}


class DurableStorage(FileSystemStorage):
    """A file is whole under its name, or it is not there at all.

    Django's own storage writes in place: a full disk leaves a partial file under the final name.
    """

    def _save(self, name: str, content: File) -> str:
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(prefix=".incoming-", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(draft, 0o640)
            os.replace(draft, target)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
        sync_folder(target.parent)
        return name

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name  # names are made from the content: writing one again changes nothing


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Hashed names for all static files, and for the imports between our own modules.

    Our own scripts and sheets are served without their comments and spaces, and the studio's modules
    as one. Other packages' stay as they are: some mention imports in ways that do not resolve here.
    """

    support_js_module_import_aggregation = True  # hashes `import "./x.js"` too
    keep_intermediate_files = False
    # Each pass gives the final name to whatever imports only what had its own: as deep as imports go.
    max_post_process_passes = 30

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._patterns["editor/*.js"] = self._patterns.pop("*.js")

    def post_process(self, paths: dict[str, Any], *args: Any, **kwargs: Any) -> Iterator[Any]:
        shortened = {
            name: (Shortened(storage), path) if _shortener(name) else (storage, path)
            for name, (storage, path) in paths.items()
        }
        yield from super().post_process(shortened, *args, **kwargs)


class Shortened:
    """Where scripts and sheets are read without comments and spaces, and the studio's modules as one.

    Before anything is looked for in them: types in comments name modules in circles, as imports
    must not.
    """

    def __init__(self, storage: Any) -> None:
        self._storage = storage
        self._texts: dict[str, str] = {}

    def open(self, path: str) -> File:
        return ContentFile(self._text(path).encode())

    def _text(self, path: str) -> str:
        if path not in self._texts:
            self._texts[path] = self._made(path)
        return self._texts[path]

    def _made(self, path: str) -> str:
        folder, _, name = path.rpartition("/")
        if name == PAGE:
            script = joined(lambda module: self._short(f"{folder}/{module}"), PAGE, WORKER)
            return with_short_names(script) if minify else script
        return f'import "./{PAGE}";' if name == WORKER else self._short(path)

    def _short(self, path: str) -> str:
        shorten = _shortener(path) or str
        with self._storage.open(path) as file:
            return shorten(file.read().decode())


def _shortener(name: str) -> Callable[[str], str] | None:
    return SHORTENED.get(Path(name).suffix) if name.startswith("editor/") else None
