"""Take edits from the database until none is due. A hint starts it; so does `manage.py work`."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from django.db import connection
from django.utils import timezone

from editor.jobs.run import run
from editor.jobs.store import store
from editor.models import Edit, Spending

Job = Callable[[int], bool]

stopping = (
    threading.Event()
)  # set when the process is asked to stop: what runs goes on, nothing new begins
AT_ONCE = 128


def serve(edit_id: int) -> None:
    """Run this edit, or put together what came of it, then whatever else is due. One hint that arrives
    serves all that were lost."""
    if not run(edit_id):
        store(edit_id)
    while not stopping.is_set() and _run_one():
        pass


def drain(threads: int, *, on_progress: Callable[[int], None] | None = None) -> int:
    """Run and store on `threads` threads until nothing is due; returns how many edits were taken.

    Needs no broker: this is the same code that hints wake. Each edit is tried once, so that one that
    has to wait, or may not be sent now, does not keep the call from ending; one with further frames
    to send is carried on.
    """
    done, tried, running = 0, set[tuple[Job, int]](), set[Future[bool]]()
    with ThreadPoolExecutor(threads, thread_name_prefix="edit") as pool:
        while not stopping.is_set():
            for work in _due(threads - len(running), tried):
                tried.add(work)
                running.add(pool.submit(_in_thread, *work))
            if not running:
                break
            finished, running = wait(running, timeout=1, return_when=FIRST_COMPLETED)
            done += sum(future.result() for future in finished)
            if finished and on_progress:
                on_progress(done)
    return done


def _due(room: int, tried: set[tuple[Job, int]]) -> list[tuple[Job, int]]:
    if room <= 0:
        return []
    now = timezone.now()
    reach = room + len(tried)
    answered = Edit.objects.to_store(now).values_list("pk", flat=True)[:reach]
    queued = Edit.objects.due(now).order_by("not_before", "id").values_list("pk", flat=True)[:reach]
    work: list[tuple[Job, int]] = [*((store, pk) for pk in answered), *((run, pk) for pk in queued)]
    return [one for one in work if one not in tried][:room]


def _in_thread(job: Job, edit_id: int) -> bool:
    try:
        done = taken = job(edit_id)
        while taken and not stopping.is_set() and _goes_on(edit_id):
            taken = run(edit_id)
        return done
    finally:
        connection.close()


def _goes_on(edit_id: int) -> bool:
    return Edit.objects.due(timezone.now()).filter(pk=edit_id).exists()


def _run_one() -> bool:
    """Run one of the due edits; False when there is none that this thread could claim."""
    if not Spending.load().is_allowed:
        return False
    oldest = Edit.objects.due(timezone.now()).order_by("not_before", "id")
    due = list(oldest.values_list("pk", flat=True)[:AT_ONCE])
    # Many threads look at the same moment: in the same order they would all try the same row.
    random.shuffle(due)
    return any(run(edit_id) for edit_id in due)
