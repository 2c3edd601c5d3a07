"""Where files lie: durable on a disk, or in S3; static files under hashed names."""

import os
import tempfile
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from rcssmin import cssmin
from rjsmin import jsmin
from whitenoise.storage import CompressedManifestStaticFilesStorage

SHORTENED = {".js": jsmin, ".css": cssmin}


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

    Our own scripts and sheets lose their comments and spaces. Other packages' stay as they are: some
    mention imports in ways that do not resolve here.
    """

    support_js_module_import_aggregation = True  # hashes `import "./x.js"` too

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._patterns["editor/*.js"] = self._patterns.pop("*.js")

    def _save(self, name: str, content: File) -> str:
        shorten = SHORTENED.get(Path(name).suffix) if name.startswith("editor/") else None
        if shorten is None:
            return str(super()._save(name, content))
        content.seek(0)  # the same one is saved under several names
        text = content.read().decode()
        return str(super()._save(name, ContentFile(shorten(text).encode())))
