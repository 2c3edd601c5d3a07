"""Where answers lie between the socket and the gallery. A file under its final name is whole and synced.

<attempt key>.answer        the provider's answer, byte for byte
<attempt key>.answer.json   its status and headers
<attempt key>.answer.part   what had arrived of an answer that was cut off
<attempt key>.<n>.picture   picture n of an answer that gave URLs
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from django.conf import settings

from editor.images_api.messages import AnswerMeta

KEPT_S = 7 * 24 * 3600


def folder() -> Path:
    path = Path(settings.SPOOL_DIR)
    path.mkdir(parents=True, exist_ok=True)
    return path


def answer(key: UUID) -> Path:
    return folder() / f"{key}.answer"


def picture(key: UUID, index: int) -> Path:
    return folder() / f"{key}.{index}.picture"


def has_answer(key: UUID) -> bool:
    return answer(key).exists()


def meta(key: UUID) -> AnswerMeta:
    """Status and headers of the spooled answer. FileNotFoundError when there is none."""
    path = answer(key)
    return AnswerMeta.from_dict(json.loads(path.with_name(f"{path.name}.json").read_text()))


def old_files(now: float | None = None) -> Iterator[Path]:
    """Files that nobody has touched for seven days."""
    before = (now or time.time()) - KEPT_S
    for path in folder().iterdir():
        if path.is_file() and path.stat().st_mtime < before:
            yield path


def key_of(path: Path) -> UUID | None:
    try:
        return UUID(path.name.split(".")[0])
    except ValueError:
        return None
