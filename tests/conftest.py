"""The cast and what they work with. alice made it, bob is a member, vera reviews, adam administers."""

import atexit
import os
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.test import Client

from tests.drawing import mask_png, photo_png

PASSWORD = "a long password"


def pytest_configure(config: pytest.Config) -> None:
    atexit.register(shutil.rmtree, os.environ.get("DATA_DIR", ""), ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Let the flush after a transactional test delete: on SQLite it would meet the triggers."""
    from django.db import connection

    if connection.vendor != "sqlite":
        return
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in cursor.fetchall():
            if name.endswith("_keeps_delete"):
                cursor.execute(f"DROP TRIGGER {name}")


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Path) -> None:
    """Each test has a storage, a spool and an upload folder of its own."""
    for name in ("files", "spool", "uploads"):
        (tmp_path / name).mkdir()
    settings.SPOOL_DIR = tmp_path / "spool"
    settings.UPLOAD_DIR = tmp_path / "uploads"
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "uploads")
    settings.STORAGES = {
        **django_settings.STORAGES,
        "default": {
            "BACKEND": "editor.storage.DurableStorage",
            "OPTIONS": {"location": str(tmp_path / "files")},
        },
    }


@pytest.fixture
def make_person(db: None) -> Callable[..., Any]:
    from editor.models import Person

    def make(username: str, role: str = "member", **fields: Any) -> Any:
        return Person.objects.create_user(
            username, f"{username}@example.org", PASSWORD, role=role, **fields
        )

    return make


@pytest.fixture
def alice(make_person: Callable[..., Any]) -> Any:
    return make_person("alice", display_name="Alice")


@pytest.fixture
def bob(make_person: Callable[..., Any]) -> Any:
    return make_person("bob", display_name="Bob")


@pytest.fixture
def vera(make_person: Callable[..., Any]) -> Any:
    return make_person("vera", "reviewer", display_name="Vera")


@pytest.fixture
def adam(make_person: Callable[..., Any]) -> Any:
    return make_person("adam", "admin", display_name="Adam")


@pytest.fixture
def as_person() -> Callable[[Any], Client]:
    def signed_in(person: Any) -> Client:
        client = Client()
        client.force_login(person, backend="editor.web.signin.NameOrEmailBackend")
        return client

    return signed_in


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Callable[[tuple[int, int]], Any]:
    """The file of a picture of this size, and what was made of it: once, for all tests that need one."""
    from editor.jobs.pictures import look

    folder = tmp_path_factory.mktemp("photos")

    @cache
    def draw(size: tuple[int, int]) -> Any:
        made = folder / f"{size[0]}x{size[1]}"
        made.mkdir()
        path = made / "photo.png"
        path.write_bytes(photo_png(size))
        return path, look(path, made)

    return draw


@pytest.fixture
def make_photo(drawn: Callable[[tuple[int, int]], Any]) -> Callable[..., Any]:
    from editor.jobs.pictures import add_upload

    def make(person: Any, size: tuple[int, int] = (640, 480), name: str = "photo.png") -> Any:
        path, looked = drawn(size)
        return add_upload(path, name, person, looked=looked)

    return make


@pytest.fixture
def photo(alice: Any, make_photo: Callable[..., Any]) -> Any:
    return make_photo(alice)


@pytest.fixture
def new_edit() -> Callable[..., Any]:
    """A wish as the studio sends it: a rectangle painted, and a prompt."""
    from editor.jobs.submit import NewEdit

    def make(photo: Any, **fields: Any) -> Any:
        wish = {
            "person": photo.created_by,
            "source": photo,
            "mask": mask_png(photo.size, (200, 150, 300, 250)),
            "prompt": "Remove the sign",
            "model": "gpt-image-2",
            "options": {"n": 1, "size": "auto", "quality": "low"},
            "key": uuid4(),
        }
        return NewEdit(**{**wish, **fields})

    return make


@pytest.fixture
def make_edit(new_edit: Callable[..., Any]) -> Callable[..., Any]:
    """A queued edit, submitted as the studio does; `status` and other fields are set afterwards."""
    from editor.jobs.submit import submit
    from editor.models import Edit

    asked = {
        "prompt", "model", "options", "operation", "references", "margins", "grow", "feather",
        "marks", "markup_as",
    }  # fmt: skip
    columns = {field.name for field in Edit._meta.get_fields()} - asked

    def make(photo: Any, **fields: Any) -> Any:
        forced = {
            name: fields.pop(name) for name in set(fields) & columns - {"key", "source", "mask"}
        }
        edit = submit(new_edit(photo, **fields))
        if forced:
            Edit.objects.filter(pk=edit.pk).update(**forced)
            edit.refresh_from_db()
        return edit

    return make


@pytest.fixture
def make_result() -> Callable[..., Any]:
    """A succeeded edit with one stored result, without any provider."""
    from django.utils import timezone

    from editor.imaging import files
    from editor.jobs.pictures import store_result
    from editor.models import Attempt, Edit, Finished, Piece, Result, settle

    def make(edit: Any, number: int = 1, **fields: Any) -> Any:
        now = timezone.now()
        attempt = edit.attempts.first() or Attempt.objects.create(
            edit=edit, number=1, token=uuid4(), provider="http://127.0.0.1/v1", sent_at=now,
            answered_at=now, outcome="succeeded", http_status=200, request_id="req_test",
        )  # fmt: skip
        size = edit.canvas_size if edit.source else (96, 64)
        pixels = files.open_picture(photo_png(size, shade=number * 40)).pixels
        image = store_result(pixels, name=f"{edit.subject} {number}", person=edit.created_by)
        facts = {
            "finish": "natural", "outside_identical": True, "border_ratio": 1.02,
            "pixels_compared": image.width * image.height - 10_000, "pixels_changed": 10_000,
        } if edit.is_stitched else {}  # fmt: skip
        revised_prompt = fields.pop("revised_prompt", "")
        result = Result.objects.create(
            edit=edit, attempt=attempt, number=number, image=image, **{**facts, **fields}
        )
        Piece.objects.create(
            edit=edit, attempt=attempt, result=result, number=number, raw=image.original,
            raw_format="png", raw_sha256=image.sha256, raw_width=image.width,
            raw_height=image.height, revised_prompt=revised_prompt,
        )  # fmt: skip
        measured = {name: value for name, value in facts.items() if name != "finish"}
        Finished.objects.create(result=result, finish=result.finish, image=image, measured=measured)
        if edit.hold_microusd:
            settle(edit, 5_000, attempt=attempt)
        Edit.objects.filter(pk=edit.pk).update(
            status="succeeded", finished_at=now, cost_microusd=5_000
        )
        edit.refresh_from_db()
        return result

    return make


@pytest.fixture
def provider(tmp_path: Path, settings: Any) -> Iterator[Any]:
    """A running sandbox; the settings point to it."""
    from tests.sandbox_server import running_sandbox

    with running_sandbox(tmp_path) as sandbox:
        settings.PROVIDER_BASE_URL = sandbox.base_url
        settings.PROVIDER_API_KEY = sandbox.key
        yield sandbox


@pytest.fixture
def canned(settings: Any) -> Iterator[Any]:
    """A provider that answers as the test says; the settings point to it."""
    from tests.canned_provider import canned_provider

    with canned_provider() as provider:
        settings.PROVIDER_BASE_URL = provider.base_url
        settings.PROVIDER_API_KEY = "sk-canary-1234567890"
        yield provider


@pytest.fixture
def drain() -> Callable[[], None]:
    """Run everything that is due, in this thread."""
    from django.utils import timezone

    from editor.jobs.run import run
    from editor.jobs.store import store
    from editor.models import Edit

    def now() -> None:
        for pk in list(Edit.objects.due(timezone.now()).values_list("pk", flat=True)):
            run(pk)
        for pk in list(Edit.objects.to_store(timezone.now()).values_list("pk", flat=True)):
            store(pk)

    return now
