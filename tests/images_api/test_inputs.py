"""Pictures that a request names by their URL: fetched from public places over https, and nowhere else."""

import socket
import ssl
import time
from pathlib import Path
from typing import Any

import pytest
import requests.adapters
import trustme

from editor.images_api import connections
from editor.images_api.client import fetch_input
from editor.images_api.connections import IPAddress
from editor.images_api.errors import ProviderError, ProviderUnavailable, ResultGone, ResultRefused
from tests.images_api.raw_server import (
    RawServer,
    Script,
    answering,
    raw_server,
    read_request,
    response,
)

AUTHORITY = trustme.CA()
PICTURE = b"\x89PNG picture"


def anywhere(_host: str, _port: int, _address: IPAddress) -> bool:
    return True


@pytest.fixture(autouse=True)
def _trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "authority.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(path))


def over_tls(script: Script) -> Script:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("localhost").configure_cert(context)

    def wrapped(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            script(secure)

    return wrapped


def url(server: RawServer, path: str = "/a.png") -> str:
    return f"https://localhost:{server.port}{path}"


def fetched(address: str, into: Path, **changes: Any) -> str:
    given = {"deadline": 5.0, "max_bytes": 1_000_000, "rule": anywhere}
    return fetch_input(address, into=into, **{**given, **changes})


def failure(address: str, into: Path, **changes: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        fetched(address, into, **changes)
    return caught.value


def test_a_picture_is_fetched_with_its_content_type(tmp_path: Path) -> None:
    seen: list[bytes] = []

    def script(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(response(PICTURE, content_type="Image/PNG; charset=x"))

    with raw_server(over_tls(script)) as server:
        kind = fetched(url(server, "/a.png?sig=a%2Bb"), tmp_path / "p")
    assert kind == "image/png"
    assert (tmp_path / "p").read_bytes() == PICTURE
    assert seen[0].startswith(b"GET /a.png?sig=a%2Bb HTTP/1.1\r\n")
    for header in (b"authorization", b"api-key", b"cookie"):
        assert header not in seen[0].lower()


def test_a_picture_without_a_content_type_is_fetched_too(tmp_path: Path) -> None:
    with raw_server(over_tls(answering(response(PICTURE)))) as server:
        assert fetched(url(server), tmp_path / "p") == ""


def test_a_private_address_is_never_connected_to(tmp_path: Path) -> None:
    with raw_server(over_tls(answering(response(b"SECRET")))) as server:
        with pytest.raises(ResultRefused) as caught:
            fetch_input(url(server), into=tmp_path / "p", deadline=3, max_bytes=1000)
        assert server.connections == 0
    assert caught.value.code == "private_address"
    assert caught.value.message == "The picture's URL leads to a private address."
    assert list(tmp_path.glob("p*")) == []


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254",
     "10.0.0.1", "100.64.0.1", "[fd00:ec2::254]", "[64:ff9b::a9fe:a9fe]", "0.0.0.0", "224.0.0.1"],
)  # fmt: skip
def test_private_addresses_are_refused_however_they_are_written(tmp_path: Path, host: str) -> None:
    with pytest.raises(ResultRefused) as caught:
        fetch_input(f"https://{host}/a.png", into=tmp_path / "p", deadline=3, max_bytes=1000)
    assert caught.value.code == "private_address"


def test_the_rule_judges_the_very_address_that_is_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[str] = []

    def only_once(host: str, port: int, address: IPAddress) -> bool:
        judged.append(str(address))
        return len(judged) > 1

    def look_up(host: str, port: int, seconds: float) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(connections, "resolve", look_up)
    with raw_server(over_tls(answering(response(b"SECRET")))) as server:
        error = failure(f"https://rebind.test:{server.port}/", tmp_path / "p", rule=only_once)
        assert server.connections == 0
    assert judged == ["127.0.0.1"]
    assert error.code == "private_address"


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("http://x.test/a.png", "not_https"),
        ("ftp://x.test/a.png", "odd_url"),
        ("file:///etc/passwd", "odd_url"),
        ("data:image/png;base64,AAAA", "odd_url"),
        ("https:///a", "odd_url"),
        ("https://user:pass@x.test/a", "odd_url"),
        ("https://x.test:22/a", "odd_port"),
        ("https://x.test:80/a", "odd_port"),
        ("https://x.test:99999/a", "odd_url"),
        ("https://[::1/a", "odd_url"),
        ("https://x.test/" + "a" * 9000, "odd_url"),
        ("", "odd_url"),
    ],
)
def test_odd_urls_are_refused(tmp_path: Path, address: str, code: str) -> None:
    error = failure(address, tmp_path / "p")
    assert type(error) is ResultRefused
    assert error.code == code


def redirect(target: str) -> Script:
    return over_tls(answering(response(b"", "302 Found", location=target)))


def test_a_redirect_is_followed_to_where_the_rule_allows_it(tmp_path: Path) -> None:
    with raw_server(over_tls(answering(response(PICTURE)))) as other:
        with raw_server(redirect(url(other))) as server:
            fetched(url(server), tmp_path / "p")
    assert (tmp_path / "p").read_bytes() == PICTURE


def test_a_redirect_to_a_private_address_is_never_connected_to(tmp_path: Path) -> None:
    with raw_server(over_tls(answering(response(b"SECRET")))) as secret:

        def but_not_there(host: str, port: int, address: IPAddress) -> bool:
            return port != secret.port

        with raw_server(redirect(url(secret))) as server:
            error = failure(url(server), tmp_path / "p", rule=but_not_there)
        assert secret.connections == 0
    assert type(error) is ResultRefused
    assert error.code == "private_address"


def test_a_redirect_away_from_https_is_refused(tmp_path: Path) -> None:
    with raw_server(answering(response(b"SECRET"))) as plain:
        with raw_server(redirect(f"{plain.origin}/a")) as server:
            error = failure(url(server), tmp_path / "p")
        assert plain.connections == 0
    assert error.code == "not_https"


def test_three_redirects_are_followed_and_no_more(tmp_path: Path) -> None:
    with raw_server(redirect("/again")) as server:
        error = failure(url(server), tmp_path / "p")
        assert server.connections == 4
    assert error.code == "too_many_redirects"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_picture_that_is_not_there_is_gone(tmp_path: Path, status: int) -> None:
    with raw_server(over_tls(answering(response(b"<html>", f"{status} No")))) as server:
        error = failure(url(server), tmp_path / "p")
    assert type(error) is ResultGone
    assert list(tmp_path.glob("p*")) == []


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_server_in_trouble_is_unavailable(tmp_path: Path, status: int) -> None:
    with raw_server(over_tls(answering(response(b"", f"{status} Sorry")))) as server:
        error = failure(url(server), tmp_path / "p")
    assert type(error) is ProviderUnavailable


@pytest.mark.parametrize("announced", [True, False])
def test_a_picture_that_is_too_large_is_refused(tmp_path: Path, announced: bool) -> None:
    def script(connection: socket.socket) -> None:
        read_request(connection)
        length = b"Content-Length: 5000\r\n" if announced else b""
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + length + b"\r\n" + bytes(5000))

    with raw_server(over_tls(script)) as server:
        error = failure(url(server), tmp_path / "p", max_bytes=4999)
        fetched(url(server), tmp_path / "q", max_bytes=5000)
    assert type(error) is ResultRefused
    assert error.code == "too_large"
    assert list(tmp_path.glob("p*")) == []


def test_a_dripping_picture_is_given_up_at_the_deadline(tmp_path: Path) -> None:
    def drip(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)

    with raw_server(over_tls(drip)) as server:
        began = time.monotonic()
        error = failure(url(server), tmp_path / "p", deadline=0.5)
        assert time.monotonic() - began < 2.5
    assert type(error) is ProviderUnavailable
    assert error.code == "deadline"
    assert list(tmp_path.glob("p*")) == []


def test_a_certificate_for_another_name_is_not_accepted(tmp_path: Path) -> None:
    with raw_server(over_tls(answering(response(PICTURE)))) as server:
        error = failure(f"https://127.0.0.1:{server.port}/a.png", tmp_path / "p")
    assert type(error) is ProviderUnavailable
    assert error.code == "tls_failed"


def test_a_name_that_does_not_exist_is_told_without_speaking_of_the_provider(
    tmp_path: Path,
) -> None:
    error = failure("https://no-such-host.invalid/a.png", tmp_path / "p")
    assert type(error) is ProviderUnavailable
    assert error.code == "name_not_found"
    assert "rovider" not in error.message
