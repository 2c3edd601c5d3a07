"""How often a page asks the database does not depend on how much it shows."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

pytestmark = pytest.mark.django_db

MARGINS = (40, 0, 20, 10)
LINE = {"kind": "line", "points": [[50, 40], [60, 44]], "width": 6, "colour": "#0000ff"}


@pytest.fixture
def make_kinds(photo: Any, make_edit: Any, make_result: Any) -> Any:
    """Edits of one picture, with results and without: painted, extended, and drawn over."""

    def make() -> list[Any]:
        kinds: list[dict[str, Any]] = [{}, {"margins": MARGINS, "mask": None}, {"marks": [LINE]}]
        for fields in kinds:
            make_edit(photo, **fields)
        return [make_result(make_edit(photo, **fields)).edit for fields in kinds]

    return make


def queries(client: Any, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        page = client.get(address)
    assert page.status_code == 200
    return len(captured)


@pytest.mark.parametrize(
    "address",
    ["/", "/activity", "/review/", "/images/{source}/", "/images/{source}/edit", "/edits/{edit}/"],
)
def test_more_edits_cost_no_more_queries(
    photo: Any, vera: Any, as_person: Any, make_kinds: Any, address: str
) -> None:
    first = make_kinds()[1]
    client = as_person(vera)
    place = address.format(source=photo.pk, edit=first.pk)
    few = queries(client, place)
    make_kinds()
    make_kinds()
    assert queries(client, place) == few


def test_an_extensions_page_asks_as_often_as_an_edits(
    vera: Any, as_person: Any, make_kinds: Any
) -> None:
    plain, extended, drawn = make_kinds()
    client = as_person(vera)
    counts = [queries(client, f"/edits/{edit.pk}/") for edit in (plain, extended, drawn)]
    assert len(set(counts)) == 1, counts
