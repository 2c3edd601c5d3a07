"""The Celery tasks. They are hints: each calls what the sweeper and `manage.py work` call as well."""

from celery import shared_task
from django.utils import timezone

from editor.jobs.drain import serve
from editor.models import Heartbeat


@shared_task(name="editor.wake")
def wake(edit_id: int) -> None:
    serve(edit_id)


@shared_task(name="editor.canary")
def canary() -> None:
    Heartbeat.beat("worker", timezone.now())
