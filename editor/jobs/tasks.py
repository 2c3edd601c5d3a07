"""The Celery tasks. They are hints: each calls what the sweeper and `manage.py work` call as well."""

from django.utils import timezone

from editor.celery_app import app
from editor.jobs.drain import serve
from editor.models import Heartbeat


@app.task(name="editor.wake")
def wake(edit_id: int) -> None:
    serve(edit_id)


@app.task(name="editor.canary")
def canary() -> None:
    Heartbeat.beat("worker", timezone.now())
