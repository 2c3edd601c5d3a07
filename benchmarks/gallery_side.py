"""One side of the gallery's benchmark: `python -m benchmarks.gallery_side EDITS` fills the database that
DATABASE_URL names, then answers each look that is asked for on standard input with its milliseconds."""

import sys
import time
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from benchmarks import people

TOGETHER = 1_000  # rows written at a time
PEOPLE = 12
PAGE_50 = 49 * 40  # tiles before it
PROMPT = "remove the sign beside the old door and keep the light of the evening on the wall"


def main(count: int) -> None:
    people.set_up()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", interactive=False, verbosity=0)
    cast = [people.make_person(f"person{number}") for number in range(PEOPLE)]
    vera = people.make_person("vera", "reviewer")
    fill(cast, count)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "PRAGMA optimize")
    looks = Looks(cast[0], vera, count)
    print("ready", flush=True)
    for line in sys.stdin:
        print(looks.milliseconds(line.strip()), flush=True)


class Looks:
    def __init__(self, alice: Any, vera: Any, count: int) -> None:
        self.clients = {"member": signed_in(alice), "reviewer": signed_in(vera)}
        self.later = f"/?after={cursor_after(min(PAGE_50, 40))}" if count < PAGE_50 else ""
        self.later = self.later or f"/?after={cursor_after(PAGE_50)}"
        self.under_way = False

    def milliseconds(self, name: str) -> float:
        self.let_some_wait(name == "waiting")
        path = {
            "later": self.later,
            "person": "/people/person3/",
            "rare": "/?status=failed",
            "search": "/?q=zeppelin",
        }.get(name, "/")
        client = self.clients["reviewer" if name == "reviewer" else "member"]
        began = time.perf_counter()
        answer = client.get(path)
        took = 1000 * (time.perf_counter() - began)
        tiles = answer.content.count(b'id="edit-') + answer.content.count(b'id="image-')
        if answer.status_code != 200 or (tiles < 30 and name in ("first", "later", "reviewer")):
            raise RuntimeError(f"{path}: status {answer.status_code}, {tiles} tiles")
        return took

    def let_some_wait(self, wanted: bool) -> None:
        """Three of the newest edits are under way, or none is. What was remembered of usual times is not."""
        from django.core.cache import cache

        from editor.models import Edit

        cache.clear()
        if wanted == self.under_way:
            return
        newest = list(Edit.objects.order_by("-pk").values_list("pk", flat=True)[:3])
        Edit.objects.filter(pk__in=newest).update(status="running" if wanted else "succeeded")
        self.under_way = wanted


def signed_in(person: Any) -> Any:
    from django.test import Client

    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(person, backend="editor.web.signin.NameOrEmailBackend")
    return client


def cursor_after(tiles: int) -> str:
    """Where the page begins that comes after so many tiles, as the address of the page before gives it."""
    from editor.models import Image
    from editor.web.tiles import Filters, page_of

    person = Image.objects.earliest("pk").created_by
    after = None
    for _ in range(tiles // 40):
        after = page_of(person, Filters(), after, continued=False).more
        assert after is not None
    return str(after)


def fill(cast: list[Any], count: int) -> None:
    """`count` edits, ten minutes apart, every fifth with a new upload before it; most have one result."""
    from django.utils import timezone

    began = timezone.now() - timedelta(minutes=10 * count)
    for first in range(0, count, TOGETHER):
        write(cast, range(first, min(first + TOGETHER, count)), began)


def write(cast: list[Any], numbers: range, began: datetime) -> None:
    from editor.models import Attempt, Edit, Image, Piece, Result

    moments = {number: began + timedelta(minutes=10 * number) for number in numbers}
    who = {number: cast[number * 7 % PEOPLE] for number in numbers}
    uploads = Image.objects.bulk_create(
        image("upload", who[number], moments[number] - timedelta(minutes=1))
        for number in numbers[::5]
    )
    edits = Edit.objects.bulk_create(
        edit(number, who[number], moments[number], uploads[index // 5])
        for index, number in enumerate(numbers)
    )
    done = [one for one in edits if one.status == "succeeded"]
    attempts = Attempt.objects.bulk_create(attempt(one) for one in done)
    images = Image.objects.bulk_create(
        image("result", one.created_by, one.created_at + timedelta(seconds=40)) for one in done
    )
    results = Result.objects.bulk_create(
        result(*one, number) for number, one in enumerate(zip(done, attempts, images, strict=True))
    )
    Piece.objects.bulk_create(piece(one) for one in results)


def image(origin: str, person: Any, at: datetime) -> Any:
    from editor.models import Image

    digest = uuid4().hex * 2
    files = {
        "original": f"{digest[:2]}/{digest[2:4]}/{digest}.jpeg",
        "preview": f"{digest[:2]}/{digest[2:4]}/{digest}.preview.webp",
        "thumb": f"{digest[:2]}/{digest[2:4]}/{digest}.thumb.webp",
        "thumb_small": f"{digest[:2]}/{digest[2:4]}/{digest}.thumb_small.webp",
    }
    return Image(
        sha256=digest, name=f"{digest[:8]}.jpg", origin=origin, format="jpeg", bytes=5_000_000,
        width=6000, height=4000, preview_width=2048, preview_height=1365, created_by=person,
        created_at=at, placeholder="data:image/webp;base64," + "A" * 120, **files,
    )  # fmt: skip


def edit(number: int, person: Any, at: datetime, source: Any) -> Any:
    from editor.models import Edit

    failed = number % 200 == 77
    start = number % 40
    return Edit(
        created_by=person, created_at=at, source=source, mask="none", mask_bounds=[10, 10, 500, 400],
        mask_share=0.1, prompt=f"{PROMPT[start : start + 40]} {number}",
        model="gpt-image-2" if number % 3 else "gpt-image-1.5",
        options={"n": 1, "quality": "low"}, frames=[{"bounds": [0, 0, 600, 400], "size": [1536, 1024]}],
        status="failed" if failed else "succeeded", trouble="moderation_blocked" if failed else "",
        not_before=at, started_at=at, sent_at=at, finished_at=at + timedelta(seconds=40),
        cost_microusd=5_000,
    )  # fmt: skip


def attempt(edit: Any) -> Any:
    from editor.models import Attempt

    return Attempt(
        edit=edit, number=1, token=uuid4(), provider="http://127.0.0.1/v1", sent_at=edit.sent_at,
        answered_at=edit.sent_at + timedelta(seconds=35), outcome="succeeded", http_status=200,
        request_id="req_1", cost_microusd=5_000,
    )  # fmt: skip


def result(edit: Any, attempt: Any, image: Any, number: int) -> Any:
    from editor.models import Result

    return Result(
        edit=edit, attempt=attempt, number=1, image=image, finish="natural", outside_identical=True,
        pixels_compared=20_000_000, pixels_changed=100_000, border_ratio=1.0,
        review=("approved", "approved", "pending", "rejected")[number % 4],
    )  # fmt: skip


def piece(result: Any) -> Any:
    from editor.models import Piece

    return Piece(
        edit=result.edit, attempt=result.attempt, result=result, number=1, raw=result.image.original,
        raw_format="png", raw_sha256=result.image.sha256, raw_width=1536, raw_height=1024,
    )  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]))
