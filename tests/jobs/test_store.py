import errno
import time
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from editor.jobs import pictures as stored_pictures
from editor.jobs.resolve import cancel
from editor.jobs.run import run
from editor.jobs.store import store
from editor.models import Attempt, Edit, Finished, Image, LedgerEntry, Status
from tests.canned_provider import Answer, pictures, urls
from tests.drawing import photo_png

pytestmark = pytest.mark.django_db(transaction=True)

PICTURE = Answer(body=photo_png((64, 64)), headers={"Content-Type": "image/png"})


def expiring(seconds):
    moment = timezone.now() + timedelta(seconds=seconds)
    return f"se={quote(moment.strftime('%Y-%m-%dT%H:%M:%SZ'))}"


def again(edit):
    Edit.objects.filter(pk=edit.pk).update(not_before=timezone.now(), lease_until=timezone.now())
    stored = store(edit.pk)
    edit.refresh_from_db()
    return stored


def url_edit(canned, photo, make_edit, *paths, created=None):
    created = created or int(time.time())
    canned.script = [
        Answer(body=urls(*(f"{canned.root}{path}" for path in paths), created=created))
    ]
    return make_edit(photo, options={"n": len(paths), "quality": "low"})


def test_results_by_url_are_fetched_at_once(canned, photo, make_edit):
    canned.files = {"/a.png": [PICTURE], "/b.png": [PICTURE]}
    edit = url_edit(canned, photo, make_edit, "/a.png", "/b.png")
    run(edit.pk)
    edit.refresh_from_db()
    assert edit.status == Status.SUCCEEDED
    assert [result.number for result in edit.results.all()] == [1, 2]


def test_a_url_that_fails_for_a_while_is_fetched_when_it_works(canned, photo, make_edit):
    canned.files = {"/a.png": [Answer(500), PICTURE]}
    edit = url_edit(canned, photo, make_edit, "/a.png")
    run(edit.pk)
    edit.refresh_from_db()
    assert (edit.status, edit.trouble) == (Status.STORING, "fetching_again")
    assert edit.expires_at > timezone.now() + timedelta(minutes=55)
    assert again(edit)
    assert (edit.status, edit.trouble) == (Status.SUCCEEDED, "")
    assert canned.calls == 1


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_url_that_leads_nowhere_fails_as_expired_and_counts_as_spent(
    canned, photo, make_edit, status
):
    canned.files = {"/a.png": [Answer(status)]}
    edit = url_edit(canned, photo, make_edit, "/a.png")
    run(edit.pk)
    edit.refresh_from_db()
    assert (edit.status, edit.trouble) == (Status.FAILED, "expired")
    assert LedgerEntry.objects.get(kind="settle").assumed


def test_a_url_whose_time_is_over_is_not_even_asked_for(canned, photo, make_edit):
    canned.files = {f"/a.png?{expiring(-5)}": [PICTURE]}
    path = next(iter(canned.files))
    edit = url_edit(canned, photo, make_edit, path)
    run(edit.pk)
    edit.refresh_from_db()
    assert (edit.status, edit.trouble) == (Status.FAILED, "expired")
    assert canned.file_calls[path] == 0


def test_of_several_urls_the_first_to_expire_is_fetched_first(canned, photo, make_edit):
    late, soon = f"/late.png?{expiring(3000)}", f"/soon.png?{expiring(600)}"
    canned.files = {late: [PICTURE], soon: [PICTURE]}
    edit = url_edit(canned, photo, make_edit, late, soon)
    run(edit.pk)
    assert list(canned.file_calls) == [soon, late]


def test_a_lost_picture_of_several_is_named_and_the_others_are_kept(canned, photo, make_edit):
    canned.files = {"/a.png": [PICTURE], "/b.png": [Answer(404)]}
    edit = url_edit(canned, photo, make_edit, "/a.png", "/b.png")
    run(edit.pk)
    edit.refresh_from_db()
    assert (edit.status, edit.trouble) == (Status.SUCCEEDED, "some_missing")
    assert edit.results.count() == 1


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/x.png", "http://169.254.169.254/latest", "file:///etc/passwd"]
)
def test_a_private_address_is_never_fetched(canned, photo, make_edit, url):
    canned.script = [Answer(body=urls(url, created=int(time.time())))]
    edit = make_edit(photo)
    run(edit.pk)
    edit.refresh_from_db()
    assert edit.status == Status.FAILED
    assert not edit.results.exists()


def kept(edit):
    """All that a stored answer has made, as it is in the database."""
    return [
        list(edit.results.order_by("pk").values()),
        list(edit.pieces.order_by("pk").values()),
        list(Finished.objects.filter(result__edit=edit).order_by("pk").values()),
        Image.objects.count(),
    ]


def test_storing_again_what_is_stored_changes_nothing(canned, photo, make_edit):
    canned.usual = Answer(body=pictures(3))
    edit = make_edit(photo)
    run(edit.pk)
    edit.refresh_from_db()
    before, cost = kept(edit), edit.cost_microusd
    assert [len(rows) for rows in before[:3]] == [3, 3, 3]
    edit.attempts.update(outcome=Attempt.Outcome.ANSWERED)
    Edit.objects.filter(pk=edit.pk).update(
        status=Status.STORING, lease_until=timezone.now() - timedelta(seconds=1)
    )
    assert store(edit.pk)
    edit.refresh_from_db()
    assert kept(edit) == before
    assert (edit.status, edit.cost_microusd) == (Status.SUCCEEDED, cost)


class FullDisk:
    """Storage without room, until there is some."""

    def __init__(self, storage):
        self.storage, self.is_full = storage, True

    def save(self, name, content, max_length=None):
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return type(self.storage).save(self.storage, name, content, max_length)


def test_a_full_disk_leaves_it_storing_and_it_finishes_once_there_is_room(canned, photo, make_edit):
    edit = make_edit(photo)
    disk = FullDisk(default_storage._wrapped if default_storage._wrapped else default_storage)
    disk.storage.save = disk.save
    run(edit.pk)
    edit.refresh_from_db()
    assert (edit.status, edit.trouble) == (Status.STORING, "no_space")
    assert not edit.results.exists()
    assert again(edit)
    assert edit.status == Status.STORING
    disk.is_full = False
    assert again(edit)
    assert (edit.status, edit.trouble) == (Status.SUCCEEDED, "")
    assert edit.results.count() == 1
    assert canned.calls == 1


def test_canceled_while_it_was_sent_keeps_what_was_bought(canned, photo, make_edit, alice):
    import threading

    arrived = threading.Event()
    canned.script = [Answer(body=pictures(), hold=arrived)]
    edit = make_edit(photo)
    worker = threading.Thread(target=run, args=(edit.pk,))
    worker.start()
    ends = time.monotonic() + 10
    while not Edit.objects.filter(pk=edit.pk, sent_at__isnull=False).exists():
        assert time.monotonic() < ends
        time.sleep(0.02)
    assert cancel(edit, by=alice) == "will_be_kept"
    arrived.set()
    worker.join(20)
    edit.refresh_from_db()
    assert edit.status == Status.CANCELED
    assert edit.results.count() == 1
    assert edit.cost_microusd


def test_names_of_stored_files_come_from_their_content(photo):
    name = stored_pictures.save("ab" * 32, "bin", b"content")
    assert name == f"ab/ab/{'ab' * 32}.bin"
    assert stored_pictures.read(name) == b"content"
