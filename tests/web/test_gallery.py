"""The team's shared history: complete, in order, narrowed as asked, and at the same cost however long it is."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from editor.models import Edit, Image, decide
from editor.web import tiles
from editor.web.tiles import Cursor

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    cache.clear()


def keys(page: str) -> list[str]:
    return re.findall(r'<article class="tile[^"]*" id="((?:edit|image)-\d+)"', page)


def read(client: Any, url: str = "/", **headers: str) -> str:
    answer = client.get(url, **headers)
    assert answer.status_code == 200
    return str(answer.content.decode())


def at(minutes: float) -> Any:
    return timezone.now() - timedelta(minutes=minutes)


@pytest.fixture
def many(alice: Any, bob: Any, photo: Any) -> list[str]:
    """Ninety edits and thirty uploads, some at the very same moment; their keys, newest first."""
    moments = [at(number // 3) for number in range(120)]
    made = []
    for number, moment in enumerate(moments):
        person = (alice, bob)[number % 2]
        if number % 4:
            fields = {
                "created_by": person,
                "source": photo,
                "prompt": f"wish {number}",
                "model": "m",
            }
            edit = Edit.objects.create(**fields, mask="x", created_at=moment, status="failed")
            made.append((moment, 1, edit.pk))
        else:
            copy = Image.objects.get(pk=photo.pk)
            copy.pk, copy.sha256, copy.created_at, copy.created_by = (
                None,
                f"{number:064}",
                moment,
                person,
            )
            copy.save()
            made.append((moment, 0, copy.pk))
    Image.objects.filter(pk=photo.pk).update(created_at=at(10_000))
    made.sort(reverse=True)
    return [f"{('image', 'edit')[kind]}-{pk}" for _moment, kind, pk in made] + [f"image-{photo.pk}"]


def test_following_load_more_shows_everything_once_and_newest_first(
    many: list[str], bob: Any, as_person: Any
) -> None:
    client, url, seen = as_person(bob), "/", []
    while url:
        page = read(client, url)
        seen += keys(page)
        link = re.search(r'<a class="button" href="(/\?after=[^"]+)"', page)
        url = link[1].replace("&amp;", "&") if link else ""
    assert seen == many


def test_fragments_of_htmx_hold_the_same_tiles_as_the_pages(
    many: list[str], bob: Any, as_person: Any
) -> None:
    client = as_person(bob)
    more = re.search(r'hx-get="(/\?after=[^"]+)"', read(client))
    assert more
    fragment = read(client, more[1].replace("&amp;", "&"), **HTMX, HTTP_HX_TARGET="more")
    assert keys(fragment) == many[tiles.PAGE : 2 * tiles.PAGE]
    assert "<html" not in fragment


def test_a_new_row_while_reading_moves_nothing(
    many: list[str], bob: Any, photo: Any, as_person: Any, make_edit: Any
) -> None:
    client = as_person(bob)
    link = re.search(r'<a class="button" href="(/\?after=[^"]+)"', read(client))
    assert link
    make_edit(photo)
    assert keys(read(client, link[1])) == many[tiles.PAGE : 2 * tiles.PAGE]


def test_a_page_costs_the_same_few_queries_however_many_rows(
    photo: Any, bob: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    client = as_person(bob)
    make_result(make_edit(photo))
    read(client)
    with CaptureQueriesContext(connection) as few:
        read(client)
    for number in range(12):
        edit = make_edit(photo, prompt=f"wish {number}")
        make_result(edit)
        make_result(edit, 2)
        make_edit(photo, prompt=f"waiting {number}")
    with CaptureQueriesContext(connection) as many:
        read(client)
    assert len(many) <= len(few) + 1  # how long this kind of edit usually takes
    assert len(many) <= 9


def test_loading_more_by_itself_stops_after_five_pages(
    many: list[str], bob: Any, as_person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiles, "PAGE", 10)
    client, page, by_itself = as_person(bob), read(as_person(bob)), []
    while more := re.search(r'hx-get="(/\?after=[^"]+)".*?hx-trigger="([^"]+)"', page):
        by_itself.append("revealed" in more[2])
        page = read(client, more[1].replace("&amp;", "&"), **HTMX, HTTP_HX_TARGET="more")
    assert by_itself[:6] == [True, True, True, True, False, False]


@pytest.mark.parametrize(
    "cursor", ["", "x", "1.2", "1.2.3.4", "99999999999999999999999.1.1", "-5.0.0"]
)
def test_a_broken_cursor_does_no_harm(cursor: str, photo: Any, alice: Any, as_person: Any) -> None:
    assert as_person(alice).get("/", {"after": cursor}).status_code == 200


def test_cursors_survive_being_written() -> None:
    cursor = Cursor(timezone.now(), 1, 77)
    assert Cursor.read(str(cursor)) == cursor


def test_filters_narrow_to_person_status_model_and_review(
    alice: Any, bob: Any, vera: Any, photo: Any, make_photo: Any, make_edit: Any, make_result: Any,
    as_person: Any,
) -> None:  # fmt: skip
    approved = make_result(make_edit(photo, prompt="a red roof"))
    decide(approved, "approved", by=vera)
    rejected = make_result(make_edit(photo, prompt="a blue roof", person=bob))
    decide(rejected, "rejected", by=vera)
    failed = make_edit(photo, prompt="no roof", status="failed", model="gpt-image-1")
    client = as_person(bob)
    roof, blue, none = (f"edit-{edit}" for edit in (approved.edit_id, rejected.edit_id, failed.pk))
    upload = f"image-{photo.pk}"
    assert sorted(keys(read(client))) == sorted([roof, blue, none, upload])
    assert keys(read(client, "/?person=bob")) == [blue]
    assert keys(read(client, "/?status=failed")) == [none]
    assert keys(read(client, "/?model=gpt-image-1")) == [none]
    assert keys(read(client, "/?review=approved")) == [roof]
    assert keys(read(client, "/?review=rejected&person=alice")) == []
    assert keys(read(client, "/?q=RED")) == [roof]
    assert keys(read(client, "/?person=nobody&status=nonsense")) == keys(read(client))


def test_search_finds_file_names_and_what_was_made_from_them(
    alice: Any, make_photo: Any, as_person: Any
) -> None:
    hills = make_photo(alice, (300, 200), name="Hills at dawn.png")
    sea = make_photo(alice, (200, 300), name="Sea.png")
    made = _edit(hills, alice, at(0))
    _edit(sea, alice, at(0))
    assert keys(read(as_person(alice), "/?q=hills")) == [f"edit-{made.pk}", f"image-{hills.pk}"]


def test_filters_stay_in_load_more(many: list[str], bob: Any, as_person: Any) -> None:
    page = read(as_person(bob), "/?person=bob&q=wish")
    link = re.search(r'<a class="button" href="(/\?[^"]+)"', page)
    assert link
    assert "q=wish&amp;person=bob&amp;after=" in link[1]


def test_a_persons_gallery_is_theirs_alone(many: list[str], bob: Any, as_person: Any) -> None:
    shown = keys(read(as_person(bob), "/people/ALICE/"))
    owners = {
        *Edit.objects.filter(pk__in=_pks(shown, "edit")).values_list(
            "created_by__username", flat=True
        ),
        *Image.objects.filter(pk__in=_pks(shown, "image")).values_list(
            "created_by__username", flat=True
        ),
    }
    assert owners == {"alice"}
    assert len(shown) == tiles.PAGE
    assert as_person(bob).get("/people/nobody/").status_code == 404


def _pks(shown: list[str], kind: str) -> list[int]:
    return [int(key.split("-")[1]) for key in shown if key.startswith(kind)]


def test_an_empty_gallery_says_what_to_do_and_offers_a_sample(alice: Any, as_person: Any) -> None:
    page = read(as_person(alice))
    assert "Nothing here yet" in page
    assert 'action="/images/sample"' in page
    assert "Nothing matches" not in page


def test_nothing_found_is_told_apart_from_nothing_there(
    photo: Any, alice: Any, as_person: Any
) -> None:
    page = read(as_person(alice), "/?q=nowhere")
    assert "Nothing matches" in page
    assert 'action="/images/sample"' not in page


def test_days_have_headings_and_a_continued_day_gets_no_second_one(
    alice: Any, photo: Any, as_person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiles, "PAGE", 2)
    noon = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)
    for hours in (0, 1, 2, 24):
        _edit(photo, alice, noon - timedelta(hours=hours))
    Image.objects.filter(pk=photo.pk).update(created_at=noon - timedelta(days=400))
    client = as_person(alice)
    first = read(client)
    assert re.findall(r"<h2>(\w+)", first) == ["Today"]
    more = re.search(r'hx-get="(/\?after=[^"]+)"', first)
    assert more
    second = read(client, more[1].replace("&amp;", "&"), **HTMX, HTTP_HX_TARGET="more")
    assert re.findall(r"<h2>(\w+)", second) == ["Yesterday"]


def _edit(photo: Any, person: Any, moment: Any, **fields: Any) -> Edit:
    wish = {"prompt": "a wish", "model": "m", "mask": "x", "status": "failed"}
    return Edit.objects.create(
        created_by=person, source=photo, created_at=moment, **{**wish, **fields}
    )


def test_tiles_say_how_their_edit_stands(
    photo: Any, alice: Any, as_person: Any, make_edit: Any, make_result: Any
) -> None:
    waiting = make_edit(photo)
    unknown = make_edit(photo, status="unknown", trouble="connection_lost")
    failed = make_edit(photo, status="failed", trouble="moderation_blocked")
    result = make_result(make_edit(photo))
    page = read(as_person(alice))
    assert f'id="edit-{waiting.pk}"' in page and "<progress" in page
    assert "Not repeated: it may have been paid for." in page
    assert page.count(f"/edits/{unknown.pk}/") >= 1
    assert "safety system refused" in page and f"/edits/{failed.pk}/again" in page
    assert f"/images/{result.image_id}/thumb-small" in page


def test_every_ratio_class_that_a_page_may_name_is_in_the_stylesheet() -> None:
    css = Path(settings.BASE_DIR, "static/editor/pages.css").read_text()
    least, most = tiles.RATIO_STEPS
    for step in range(least, most + 1):
        assert f".{tiles.ratio_class_of_step(step)} {{ --ratio: " in css


@pytest.mark.parametrize(
    ("size", "ratio"), [((640, 480), 4 / 3), ((100, 100), 1), ((3000, 4000), 0.75)]
)
def test_a_tiles_class_is_within_two_and_a_half_percent_of_its_picture(
    size: tuple[int, int], ratio: float
) -> None:
    named = int(tiles.ratio_class(*size).removeprefix("ratio-")) / 100
    assert abs(named / ratio - 1) < 0.03


@pytest.mark.parametrize("filters", ["", "status=failed", "person=alice", "model=m"])
def test_the_first_page_is_read_from_an_index_and_nothing_is_sorted(
    filters: str, photo: Any, alice: Any, as_person: Any
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("this reads the plans of SQLite")
    with CaptureQueriesContext(connection) as queries:
        read(as_person(alice), f"/?{filters}&after={Cursor(timezone.now(), 1, 10**6)}")
    listed = [
        query["sql"]
        for query in queries
        if "ORDER BY" in query["sql"] and "created_at" in query["sql"]
    ]
    assert listed
    for sql in listed:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            plan = " / ".join(str(row[3]) for row in cursor.fetchall())
        assert "TEMP B-TREE" not in plan, plan
        assert "USING INDEX" in plan, plan


def test_an_unknown_outcome_is_not_put_down_to_a_broken_connection(
    photo, make_edit, as_person, alice
):
    make_edit(photo, status="unknown", trouble="server_error")
    page = as_person(alice).get("/").content.decode()
    assert "It was sent, and nobody knows whether it was done." in page
    assert "connection broke after" not in page
