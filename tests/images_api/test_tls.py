"""Calls over TLS, with certificates made for these tests."""

import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests.adapters
import trustme

from editor.images_api import connections
from editor.images_api.client import edit
from editor.images_api.errors import OutcomeUnknown, ProviderUnavailable
from tests.images_api.drawing import a_provider, a_request
from tests.images_api.raw_server import Script, answering, raw_server, read_request, response

AUTHORITY = trustme.CA()
GOOD = b'{"created": 1, "data": [{"b64_json": "aGVsbG8="}]}'


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The test's authority is the only one trusted."""
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


@pytest.mark.usefixtures("trusted")
def test_a_call_over_tls_is_answered(tmp_path: Path) -> None:
    with raw_server(over_tls(answering(response(GOOD)))) as server:
        provider = a_provider(f"https://localhost:{server.port}/v1")
        edit(provider, a_request(256), into=tmp_path / "a", key="k")
    assert (tmp_path / "a").read_bytes() == GOOD


@pytest.mark.usefixtures("trusted")
def test_a_certificate_for_another_name_means_nothing_was_bought(tmp_path: Path) -> None:
    with raw_server(over_tls(answering(response(GOOD)))) as server:
        provider = a_provider(f"https://127.0.0.1:{server.port}/v1")
        with pytest.raises(ProviderUnavailable) as caught:
            edit(provider, a_request(256), into=tmp_path / "a", key="k")
    assert caught.value.code == "tls_failed"


def test_a_certificate_that_nobody_vouches_for_means_nothing_was_bought(tmp_path: Path) -> None:
    with raw_server(over_tls(answering(response(GOOD)))) as server:
        provider = a_provider(f"https://localhost:{server.port}/v1")
        with pytest.raises(ProviderUnavailable) as caught:
            edit(provider, a_request(256), into=tmp_path / "a", key="k")
    assert caught.value.code == "tls_failed"


def drip(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.05)


def say_nothing(connection: socket.socket) -> None:
    read_request(connection)
    time.sleep(20)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("script", [drip, say_nothing])
def test_the_deadline_holds_over_tls(
    tmp_path: Path, script: Callable[[socket.socket], None]
) -> None:
    with raw_server(over_tls(script)) as server:
        began = time.monotonic()
        provider = a_provider(f"https://localhost:{server.port}/v1", overall=1.0)
        with pytest.raises(OutcomeUnknown) as caught:
            edit(provider, a_request(256), into=tmp_path / "a", key="k")
        assert time.monotonic() - began < 3.0
    assert caught.value.code == "deadline"


def test_a_name_service_that_hangs_does_not_hold_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(*_: object, **__: object) -> list[object]:
        time.sleep(5)
        return []

    monkeypatch.setattr(connections.socket, "getaddrinfo", hang)
    began = time.monotonic()
    with pytest.raises(ProviderUnavailable) as caught:
        edit(
            a_provider("https://provider.test/v1", connect_timeout=0.3),
            a_request(256),
            into=tmp_path / "a",
            key="k",
        )
    assert time.monotonic() - began < 2.0
    assert caught.value.code == "connect_timeout"
