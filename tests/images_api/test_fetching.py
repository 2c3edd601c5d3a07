import ipaddress
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from editor.images_api import connections
from editor.images_api.client import fetch, url_expires_at
from editor.images_api.connections import is_public
from editor.images_api.errors import ProviderError, ProviderUnavailable, ResultGone, ResultRefused
from editor.images_api.messages import AnswerMeta
from tests.images_api.drawing import CANARY, a_provider
from tests.images_api.raw_server import RawServer, answering, raw_server, read_request, response

PICTURE = b"\x89PNG picture"
CREATED = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


def fetched(url: str, provider_url: str, into: Path, **changes: Any) -> AnswerMeta:
    return fetch(url, provider=a_provider(provider_url), into=into, **{"deadline": 10.0, **changes})


def failure(url: str, provider_url: str, into: Path, **changes: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        fetched(url, provider_url, into, **changes)
    return caught.value


def own(server: RawServer, path: str = "/files/1.png") -> tuple[str, str]:
    """A URL on the configured provider's own host and port, and its base URL."""
    return server.origin + path, server.base_url


def test_a_result_of_the_provider_itself_is_fetched_without_the_key(tmp_path: Path) -> None:
    seen: list[bytes] = []

    def script(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(response(PICTURE, content_type="image/png"))

    with raw_server(script) as server:
        meta = fetched(*own(server, "/files/1.png?sig=a%2Bb&se=x"), tmp_path / "p")
    assert (tmp_path / "p").read_bytes() == PICTURE
    assert (meta.status, meta.bytes) == (200, len(PICTURE))
    assert seen[0].startswith(b"GET /files/1.png?sig=a%2Bb&se=x HTTP/1.1\r\n")
    assert CANARY.encode() not in seen[0]
    assert b"authorization" not in seen[0].lower()
    assert sorted(path.name for path in tmp_path.glob("p*")) == ["p"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_url_that_is_over_is_gone(tmp_path: Path, status: int) -> None:
    with raw_server(answering(response(b"<Error/>", f"{status} No"))) as server:
        error = failure(*own(server), tmp_path / "p")
    assert type(error) is ResultGone
    assert error.status == status
    assert list(tmp_path.glob("p*")) == []


@pytest.mark.parametrize("status", [500, 502, 503, 429, 408])
def test_a_server_in_trouble_is_asked_again_later(tmp_path: Path, status: int) -> None:
    answer = response(b"", f"{status} Sorry", retry_after="9")
    with raw_server(answering(answer)) as server:
        error = failure(*own(server), tmp_path / "p")
    assert isinstance(error, ProviderUnavailable)
    assert error.retry_after == 9


def test_a_truncated_picture_is_not_kept_and_asked_for_again(tmp_path: Path) -> None:
    with raw_server(answering(response(PICTURE, length=500))) as server:
        error = failure(*own(server), tmp_path / "p")
    assert type(error) is ProviderUnavailable
    assert list(tmp_path.glob("p*")) == []


def test_an_endless_picture_is_cut_at_the_limit(tmp_path: Path) -> None:
    sent = threading.Event()

    def zeros(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                connection.sendall(bytes(65536))
        finally:
            sent.set()

    with raw_server(zeros) as server:
        error = failure(*own(server), tmp_path / "p", max_bytes=1_000_000)
        assert sent.wait(5)
    assert type(error) is ResultRefused
    assert error.code == "too_large"
    assert list(tmp_path.glob("p*")) == []


def test_a_picture_announced_as_too_large_is_not_read_at_all(tmp_path: Path) -> None:
    with raw_server(answering(response(b"", length=2**31))) as server:
        error = failure(*own(server), tmp_path / "p")
    assert type(error) is ResultRefused
    assert error.code == "too_large"


def test_a_compressed_picture_that_unfolds_is_cut_at_the_limit(tmp_path: Path) -> None:
    import gzip

    bomb = gzip.compress(bytes(50_000_000))
    with raw_server(answering(response(bomb, content_encoding="gzip"))) as server:
        error = failure(*own(server), tmp_path / "p", max_bytes=1_000_000)
    assert type(error) is ResultRefused


def test_a_dripping_picture_is_given_up_at_the_deadline(tmp_path: Path) -> None:
    def drip(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)

    with raw_server(drip) as server:
        began = time.monotonic()
        error = failure(*own(server), tmp_path / "p", deadline=0.5)
        assert time.monotonic() - began < 2.5
    assert type(error) is ProviderUnavailable
    assert error.code == "deadline"


def test_redirects_within_the_provider_are_followed(tmp_path: Path) -> None:
    def script(connection: socket.socket) -> None:
        first = b"/files/1.png" in read_request(connection)
        moved = response(b"moved", "302 Found", location="/elsewhere/2.png")
        connection.sendall(moved if first else response(PICTURE))

    with raw_server(script) as server:
        fetched(*own(server), tmp_path / "p")
        assert server.connections == 2
    assert (tmp_path / "p").read_bytes() == PICTURE


def test_redirects_without_an_end_are_refused(tmp_path: Path) -> None:
    with raw_server(answering(response(b"", "302 Found", location="/again"))) as server:
        error = failure(*own(server), tmp_path / "p")
        assert server.connections == 4
    assert type(error) is ResultRefused
    assert error.code == "too_many_redirects"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_a_redirect_to_another_local_port_is_never_connected_to(tmp_path: Path, host: str) -> None:
    with raw_server(answering(response(b"SECRET"))) as secret:
        target = f"http://{host}:{secret.port}/secret"
        redirect = answering(response(b"", "302 Found", location=target))
        with raw_server(redirect) as server:
            error = failure(*own(server), tmp_path / "p")
        assert secret.connections == 0
    assert type(error) is ResultRefused
    assert error.code == "private_address"
    assert list(tmp_path.glob("p*")) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x",
        "http://127.1/x",
        "http://2130706433/x",
        "http://0x7f000001/x",
        "http://017700000001/x",
        "http://0/x",
        "http://localhost/x",
        "http://[::1]/x",
        "http://[::]/x",
        "http://[::ffff:127.0.0.1]/x",
        "http://[64:ff9b::a9fe:a9fe]/x",
        "http://[2002:7f00:1::]/x",
        "http://[fd00:ec2::254]/x",
        "http://[fe80::1]/x",
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254/x",
        "http://10.0.0.1/x",
        "http://100.64.0.1/x",
        "http://224.0.0.1/x",
        "http://192.0.2.1/x",
        "http://255.255.255.255/x",
    ],
)
def test_private_addresses_are_refused_however_they_are_written(tmp_path: Path, url: str) -> None:
    error = failure(url, "http://provider.test/v1", tmp_path / "p", deadline=3)
    assert type(error) is ResultRefused
    assert error.code == "private_address"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file:///etc/passwd",
        "ftp://x.test/a",
        "gopher://x.test/a",
        "data:image/png;base64,AAAA",
        "//x.test/a",
        "http:///a",
        "http://user:pass@x.test/a",
        "http://x.test:99999/a",
        "http://[::1/a",
        "http://x.test:22/a",
        "http://x.test/" + "a" * 9000,
    ],
)
def test_odd_urls_are_refused(tmp_path: Path, url: str) -> None:
    error = failure(url, "http://provider.test/v1", tmp_path / "p", deadline=3)
    assert type(error) is ResultRefused


def answers_of_names(
    monkeypatch: pytest.MonkeyPatch, lookups: Callable[[str], list[str]]
) -> list[str]:
    """Let names lead where the test says; gives the names that were looked up."""
    asked: list[str] = []

    def look_up(host: str, port: int, seconds: float) -> list[tuple[Any, ...]]:
        asked.append(host)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in lookups(host)
        ]

    monkeypatch.setattr(connections, "resolve", look_up)
    return asked


def test_a_name_that_turns_private_after_the_first_look_gains_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with raw_server(answering(response(b"SECRET"))) as secret:
        replies = iter([["127.0.0.1"], ["93.184.216.34"], ["127.0.0.1"]])
        asked = answers_of_names(monkeypatch, lambda _: next(replies))
        url = f"http://rebind.test:{secret.port}/x"
        error = failure(url, "http://provider.test/v1", tmp_path / "p")
        assert asked == ["rebind.test"]  # one look, and that very address was judged
        assert secret.connections == 0
    assert error.code == "private_address"


def test_one_private_address_among_public_ones_refuses_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers_of_names(monkeypatch, lambda _: ["93.184.216.34", "127.0.0.1"])
    error = failure("http://mixed.test/x", "http://provider.test/v1", tmp_path / "p")
    assert error.code == "private_address"


def test_the_providers_host_on_another_port_is_not_the_provider(tmp_path: Path) -> None:
    with raw_server(answering(response(b"SECRET"))) as other:
        error = failure(f"{other.origin}/x", "http://127.0.0.1:9/v1", tmp_path / "p")
        assert other.connections == 0
    assert error.code == "private_address"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("64:ff9b::5db8:d822", True),
        ("64:ff9b::a9fe:a9fe", False),
        ("64:ff9b:1::1", False),
        ("2002:5db8:d822::", True),
        ("2002:c0a8:1::", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("::127.0.0.1", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("0.0.0.0", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("198.18.0.1", False),
    ],
)
def test_an_address_is_public_only_when_what_it_wraps_is(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", CREATED + timedelta(minutes=60)),
        ("?se=2026-11-21T12:30:00Z&sig=x", CREATED + timedelta(minutes=30)),
        ("?se=2026-11-21T12%3A30%3A00Z", CREATED + timedelta(minutes=30)),
        ("?se=2026-11-21T13:30:00%2B01:00", CREATED + timedelta(minutes=30)),
        ("?se=2026-11-21T12:30:00", CREATED + timedelta(minutes=30)),
        ("?se=tomorrow", CREATED + timedelta(minutes=60)),
        ("?use=2026-11-21T12:30:00Z", CREATED + timedelta(minutes=60)),
    ],
)
def test_the_url_says_when_it_expires(query: str, expected: datetime) -> None:
    assert url_expires_at(f"https://x.test/img.png{query}", CREATED) == expected


def test_times_of_other_zones_are_turned_to_utc() -> None:
    there = CREATED.astimezone(timezone(timedelta(hours=5)))
    ends = url_expires_at("https://x.test/img.png", there)
    assert ends == CREATED + timedelta(minutes=60)
    assert ends.utcoffset() == timedelta(0)
