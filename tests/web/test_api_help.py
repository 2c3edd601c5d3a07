import re
from html import unescape
from typing import Any

from django.urls import reverse

from editor.models import Person


def shown(client: Any, **server: str) -> str:
    page = client.get(reverse("settings_api"), **server)
    assert page.status_code == 200
    return page.content.decode()


def codes_in(page: str) -> list[str]:
    return [unescape(code) for code in re.findall(r"<code>([^<]*)</code></pre>", page)]


def test_the_address_shown_is_the_one_that_was_opened(alice: Person, as_person: Any) -> None:
    page = shown(as_person(alice), HTTP_HOST="127.0.0.1:9876")
    assert 'value="http://127.0.0.1:9876/v1"' in page
    assert page.count("http://127.0.0.1:9876/v1") >= 4


def test_the_five_lines_of_python_are_five_and_compile(alice: Person, as_person: Any) -> None:
    python, *_ = codes_in(shown(as_person(alice)))
    assert len(python.splitlines()) == 5
    compile(python, "shown", "exec")
    assert "client.images.edit(" in python


def test_the_streaming_example_compiles(alice: Person, as_person: Any) -> None:
    streaming = next(code for code in codes_in(shown(as_person(alice))) if "stream=True" in code)
    compile(streaming, "shown", "exec")


def test_limits_are_those_of_the_settings(alice: Person, as_person: Any, settings: Any) -> None:
    settings.GATEWAY_CALLS_PER_MINUTE, settings.GATEWAY_URL_LIFETIME_S = 7, 120
    page = shown(as_person(alice))
    assert "7 calls a minute" in page
    assert "work for 2 minutes" in page


def test_addresses_are_promised_only_where_they_are_fetched(
    alice: Person, as_person: Any, settings: Any
) -> None:
    settings.GATEWAY_FETCH_URLS = False
    assert "must be a data URL" in shown(as_person(alice))
    settings.GATEWAY_FETCH_URLS = True
    assert "or an https address" in shown(as_person(alice))
