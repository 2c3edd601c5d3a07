"""The app's rows in this process, for benchmarks that put work in and look what became of it."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import uuid4

import django

PASSWORD = "a long password"
POLL_S = 0.004


def set_up() -> None:
    django.setup()


def make_person(username: str = "alice", role: str = "member") -> Any:
    from editor.models import Person

    return Person.objects.create_user(username, password=PASSWORD, role=role)


def cookies_of(person: Any) -> str:
    """The Cookie header of a browser in which `person` has signed in, with a token for forms."""
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(person, backend="editor.web.signin.NameOrEmailBackend")
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    return f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={form_token()}"


def form_token() -> str:
    return "b" * 32


def add_photo(person: Any, data: bytes, name: str = "photo.png") -> Any:
    from django.conf import settings

    from editor.jobs.pictures import add_upload

    path = Path(settings.UPLOAD_DIR) / f"{uuid4()}.upload"
    path.write_bytes(data)
    try:
        return add_upload(path, name, person)
    finally:
        path.unlink()


def submit(source: Any, mask: bytes, prompt: str = "Take the sign away", **options: Any) -> Any:
    from editor.jobs.submit import NewEdit
    from editor.jobs.submit import submit as submit_edit

    options = {"n": 1, "size": "auto", "quality": "low", **options}
    wish = NewEdit(
        person=source.created_by,
        source=source,
        mask=mask,
        prompt=prompt,
        model="gpt-image-2",
        options=options,
        key=uuid4(),
    )
    return submit_edit(wish)


def wait_for_success(edits: Iterable[Any], within_s: float) -> None:
    """Until the database says `succeeded` of all of them. Raises when one ends otherwise."""
    from editor.models import UNFINISHED, Edit, Status

    waiting = {edit.pk for edit in edits}
    ends = time.monotonic() + within_s
    while waiting:
        if time.monotonic() > ends:
            raise TimeoutError(f"{len(waiting)} edits are not done after {within_s:.0f} s")
        now = dict(Edit.objects.filter(pk__in=waiting).values_list("pk", "status"))
        for pk, status in now.items():
            if status == Status.SUCCEEDED:
                waiting.discard(pk)
            elif status not in UNFINISHED:
                edit = Edit.objects.get(pk=pk)
                raise RuntimeError(f"edit {pk} is {status}: {edit.trouble} {edit.trouble_text}")
        time.sleep(POLL_S)
