import json
import os
import socket
import struct
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from editor.images_api import client
from editor.images_api.client import Provider, edit
from editor.images_api.errors import (
    OutcomeUnknown,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
    UnusableAnswer,
)
from editor.images_api.messages import AnswerMeta, read_answer
from tests.images_api.drawing import CANARY, a_provider, a_request
from tests.images_api.raw_server import answering, raw_server, read_request, response
from tests.sandbox_server import Sandbox, running_sandbox

GOOD = b'{"created": 1, "data": [{"b64_json": "aGVsbG8="}]}'


def call(server_url: str, into: Path, **changes: object) -> AnswerMeta:
    return edit(a_provider(server_url, **changes), a_request(256), into=into, key="attempt-1")


def failure(server_url: str, into: Path, **changes: object) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        call(server_url, into, **changes)
    return caught.value


def sandbox_call(sandbox: Sandbox, into: Path, *, fault: str = "ok", **changes: object) -> object:
    sandbox.fault(fault)
    provider = a_provider(sandbox.base_url, api_key=sandbox.key, **changes)
    meta = edit(provider, a_request(), into=into, key="attempt-1")
    return read_answer(into, meta)


def test_the_request_is_one_post_that_names_model_prompt_files_and_attempt(tmp_path: Path) -> None:
    seen: list[bytes] = []

    def script(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(response(GOOD))

    request = a_request(256, prompt='Ä "sign"\n', n=2)
    with raw_server(script) as server:
        provider = a_provider(server.base_url, organization="org-1", project="proj-1")
        edit(provider, request, into=tmp_path / "a", key="attempt-1")
        assert server.connections == 1
    head, _, body = seen[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /v1/images/edits HTTP/1.1"
    assert f"Authorization: Bearer {CANARY}" in lines
    assert "X-Client-Request-Id: attempt-1" in lines
    assert "OpenAI-Organization: org-1" in lines
    assert "OpenAI-Project: proj-1" in lines
    assert f"Content-Length: {len(body)}" in lines
    assert not any(line.lower().startswith("transfer-encoding") for line in lines)
    assert b'name="prompt"\r\n\r\n\xc3\x84 "sign"\n\r\n' in body
    assert b'name="n"\r\n\r\n2\r\n' in body
    assert b'name="image"; filename="image.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG' in body
    assert b'name="mask"; filename="mask.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG' in body
    assert request.images[0].data in body
    assert request.mask is not None
    assert request.mask.data in body


def test_the_answer_is_complete_on_disk_with_its_meta_data(tmp_path: Path) -> None:
    into = tmp_path / "spool" / "a"
    with raw_server(answering(response(GOOD, x_request_id="req_7", set_cookie="c=1"))) as server:
        meta = call(server.base_url, into)
    assert into.read_bytes() == GOOD
    stored = AnswerMeta.from_dict(json.loads(into.with_name("a.json").read_text()))
    assert stored == meta
    assert (meta.status, meta.bytes, meta.request_id) == (200, len(GOOD), "req_7")
    assert "set-cookie" not in meta.headers
    assert not into.with_name("a.part").exists()


def test_meta_data_is_there_before_the_answer_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    into = tmp_path / "a"
    order: list[str] = []
    synced = os.fsync

    def noted(descriptor: int) -> None:
        synced(descriptor)
        order.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)

    monkeypatch.setattr(os, "fsync", noted)
    with raw_server(answering(response(GOOD))) as server:
        call(server.base_url, into)
    assert order == ["a.part", "a.json", tmp_path.name]


def test_a_call_to_the_sandbox_gives_pictures_and_usage(tmp_path: Path) -> None:
    with running_sandbox(tmp_path) as sandbox:
        answer = sandbox_call(sandbox, tmp_path / "a")
        assert len(sandbox.calls()) == 1
        assert sandbox.calls()[0]["key"] == "attempt-1"
    assert answer.usage.output_tokens == 1756
    assert len(answer.pictures) == 1


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ("400-moderation", ProviderRejected, "moderation_blocked"),
        ("401", ProviderRejected, "invalid_api_key"),
        ("403", ProviderRejected, "http_403"),
        ("429", ProviderUnavailable, "rate_limit_exceeded"),
        ("429-quota", ProviderRejected, "insufficient_quota"),
        ("500", OutcomeUnknown, "server_error"),
        ("503", OutcomeUnknown, "server_is_overloaded"),
        ("408", OutcomeUnknown, "http_408"),
        ("drop-before", OutcomeUnknown, "connection_lost"),
        ("drop-after", OutcomeUnknown, "connection_lost"),
        ("truncate", OutcomeUnknown, "truncated"),
        ("html", UnusableAnswer, "not_json"),
        ("error-200", UnusableAnswer, "server_error"),
        ("bad-json", UnusableAnswer, "not_json"),
        ("empty-data", UnusableAnswer, "no_pictures"),
        ("drip", OutcomeUnknown, "deadline"),
        ("never", OutcomeUnknown, "deadline"),
    ],
)
def test_each_fault_has_its_outcome_and_is_one_call(
    tmp_path: Path, fault: str, error: type[ProviderError], code: str
) -> None:
    seconds = 1.5 if fault in ("drip", "never") else 20.0
    with running_sandbox(tmp_path) as sandbox:
        with pytest.raises(ProviderError) as caught:
            sandbox_call(sandbox, tmp_path / "a", fault=fault, overall=seconds)
        assert len(sandbox.calls()) == 1
    assert type(caught.value) is error
    assert caught.value.code == code


def drip_body(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\nx-request-id: req_d\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.05)


def drip_headers(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


def drip_without_length(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b'HTTP/1.1 200 OK\r\n\r\n{"data": [')
    while True:
        connection.sendall(b" ")
        time.sleep(0.05)


def answer_nothing(connection: socket.socket) -> None:
    read_request(connection)
    time.sleep(30)


def read_nothing(connection: socket.socket) -> None:
    time.sleep(30)


@pytest.mark.parametrize(
    "script", [drip_body, drip_headers, drip_without_length, answer_nothing, read_nothing]
)
def test_the_deadline_frees_the_thread_whatever_the_server_does(
    tmp_path: Path, script: Callable[[socket.socket], None]
) -> None:
    with raw_server(script) as server:
        began = time.monotonic()
        with pytest.raises(OutcomeUnknown) as caught:
            edit(
                a_provider(server.base_url, overall=1.0),
                # more than any socket buffer takes, for the server that does not read
                a_request(256, prompt="x" * 30_000_000),
                into=tmp_path / "a",
                key="k",
            )
        assert time.monotonic() - began < 3.0
    assert caught.value.code == "deadline"
    assert not (tmp_path / "a").exists()


def test_a_silent_server_is_given_up_after_the_time_between_bytes(tmp_path: Path) -> None:
    with raw_server(answer_nothing) as server:
        error = failure(server.base_url, tmp_path / "a", read_timeout=0.3)
    assert type(error) is OutcomeUnknown
    assert error.code == "read_timeout"


def test_the_clock_that_is_given_decides_about_the_deadline(tmp_path: Path) -> None:
    times = iter([0.0, 0.0])
    with raw_server(answering(response(GOOD))) as server:
        with pytest.raises(OutcomeUnknown) as caught:
            edit(
                a_provider(server.base_url, overall=10),
                a_request(256),
                into=tmp_path / "a",
                key="k",
                clock=lambda: next(times, 11.0),
            )
    assert caught.value.code == "deadline"


def test_what_came_before_the_cut_is_kept_and_the_request_id_with_it(tmp_path: Path) -> None:
    cut = response(b'{"data": [', length=500, x_request_id="req_t")
    with raw_server(answering(cut)) as server:
        error = failure(server.base_url, tmp_path / "a")
    assert type(error) is OutcomeUnknown
    assert (error.code, error.status, error.request_id) == ("truncated", 200, "req_t")
    assert (tmp_path / "a.part").read_bytes() == b'{"data": ['
    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "a.json").exists()


def test_a_chunked_answer_is_taken_and_a_cut_one_is_not(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    whole = b"%x\r\n%b\r\n" % (len(GOOD), GOOD)
    with raw_server(answering(head + whole + b"0\r\n\r\n")) as server:
        call(server.base_url, tmp_path / "whole")
    assert (tmp_path / "whole").read_bytes() == GOOD
    with raw_server(answering(head + whole)) as server:
        error = failure(server.base_url, tmp_path / "cut")
    assert type(error) is OutcomeUnknown
    assert (tmp_path / "cut.part").read_bytes() == GOOD


def test_a_reset_after_the_request_leaves_the_outcome_unknown(tmp_path: Path) -> None:
    def reset(connection: socket.socket) -> None:
        read_request(connection)
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    with raw_server(reset) as server:
        error = failure(server.base_url, tmp_path / "a")
        assert server.connections == 1
    assert type(error) is OutcomeUnknown
    assert error.code == "connection_lost"


def test_an_answer_that_never_ends_is_cut_at_the_limit(tmp_path: Path) -> None:
    def flood(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(bytes(65536))

    with raw_server(flood) as server:
        error = failure(server.base_url, tmp_path / "a", max_answer_bytes=1_000_000)
    assert type(error) is OutcomeUnknown
    assert error.code == "too_large"
    assert (tmp_path / "a.part").stat().st_size < 1_200_000


def test_an_answer_before_the_whole_body_was_read_is_still_the_answer(tmp_path: Path) -> None:
    def refuse_early(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(response(b"{}", "413 Too Large"))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    with raw_server(refuse_early) as server:
        meta = call(server.base_url, tmp_path / "a")
    assert meta.status == 413


def test_nothing_listening_means_nothing_was_bought(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    error = failure(f"http://127.0.0.1:{port}/v1", tmp_path / "a")
    assert type(error) is ProviderUnavailable
    assert error.code == "not_connected"


def test_an_unknown_name_means_nothing_was_bought(tmp_path: Path) -> None:
    error = failure("http://no-such-host.invalid/v1", tmp_path / "a")
    assert type(error) is ProviderUnavailable
    assert error.code == "name_not_found"


def test_a_failing_handshake_means_nothing_was_bought(tmp_path: Path) -> None:
    def speak_plainly(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"this is not TLS")

    with raw_server(speak_plainly) as server:
        error = failure(server.base_url.replace("http:", "https:"), tmp_path / "a")
        assert server.connections == 1
    assert type(error) is ProviderUnavailable
    assert error.code == "tls_failed"


def test_a_handshake_that_never_ends_is_given_up(tmp_path: Path) -> None:
    with raw_server(read_nothing) as server:
        began = time.monotonic()
        url = server.base_url.replace("http:", "https:")
        error = failure(url, tmp_path / "a", connect_timeout=0.5)
        assert time.monotonic() - began < 2.5
    assert type(error) is ProviderUnavailable


def test_a_full_listen_queue_is_a_connect_timeout(tmp_path: Path) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}/v1"
        error = failure(url, tmp_path / "a", connect_timeout=0.5)
        for each in waiting:
            each.close()
    assert type(error) is ProviderUnavailable
    assert error.code == "connect_timeout"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_not_followed(tmp_path: Path, status: str) -> None:
    with raw_server(answering(response(GOOD))) as other:
        target = f"{other.origin}/v1/images/edits/"
        redirect = answering(response(b"moved", status, location=target))
        with raw_server(redirect) as server:
            meta = call(server.base_url, tmp_path / "a")
            assert server.connections == 1
        assert other.connections == 0
    assert (tmp_path / "a").read_bytes() == b"moved"
    with pytest.raises(ProviderRejected) as caught:
        read_answer(tmp_path / "a", meta)
    assert caught.value.code == "redirected"


def test_the_hook_runs_before_the_first_byte_of_the_body(tmp_path: Path) -> None:
    class Fenced(Exception):
        pass

    def stop() -> None:
        raise Fenced

    arrived: list[bytes] = []

    def script(connection: socket.socket) -> None:
        arrived.append(read_request(connection))

    with raw_server(script) as server:
        with pytest.raises(Fenced):
            edit(
                a_provider(server.base_url),
                a_request(256),
                into=tmp_path / "a",
                key="k",
                before_body=stop,
            )
    assert all(b"PNG" not in each for each in arrived)


def test_no_room_for_the_spool_means_nothing_is_sent(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with raw_server(answering(response(GOOD))) as server:
        error = failure(server.base_url, tmp_path / "file" / "a")
        assert server.connections == 0
    assert type(error) is ProviderUnavailable
    assert error.code == "not_kept"


def test_a_disk_that_fills_while_spooling_says_so(tmp_path: Path) -> None:
    full = tmp_path / "a.part"
    full.symlink_to("/dev/full")  # every write to it fails with ENOSPC
    with raw_server(answering(response(GOOD))) as server:
        error = failure(server.base_url, tmp_path / "a")
        assert server.connections == 1
    assert type(error) is OutcomeUnknown
    assert error.code == "no_space"
    assert error.status == 200


def test_sixty_four_calls_wait_at_the_same_time(tmp_path: Path) -> None:
    together = threading.Barrier(64, timeout=30)

    def script(connection: socket.socket) -> None:
        read_request(connection)
        together.wait()  # answers only when all 64 requests are here
        connection.sendall(response(GOOD))

    with raw_server(script) as server:
        threads = [
            threading.Thread(target=call, args=(server.base_url, tmp_path / f"a{number}"))
            for number in range(64)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert len(list(tmp_path.glob("a*.json"))) == 64


def test_proxies_and_passwords_of_the_environment_are_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    (tmp_path / "netrc").write_text("default login thief password thief\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with raw_server(answering(response(GOOD))) as server:
        assert call(server.base_url, tmp_path / "a").status == 200


@pytest.mark.parametrize("fault", ["401", "drop-after", "truncate", "500", "html"])
def test_the_key_is_in_no_error_log_or_file(
    tmp_path: Path, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with running_sandbox(tmp_path, SANDBOX_KEY=CANARY) as sandbox:
        with pytest.raises(ProviderError) as caught:
            sandbox_call(sandbox, tmp_path / "a", fault=fault)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert CANARY not in "".join(traceback.format_exception(error))
    assert CANARY not in repr(error) + json.dumps(error.facts())
    assert CANARY not in caplog.text
    assert CANARY not in repr(a_provider("http://x.test/v1"))
    for path in tmp_path.rglob("a*"):
        assert CANARY.encode() not in path.read_bytes()


@pytest.mark.parametrize("key", ["sk-canary\r\nX-Evil: 1", "sk-canary-ä", "sk-canary\0b"])
def test_a_key_that_cannot_be_sent_is_refused_without_quoting_it(key: str) -> None:
    with pytest.raises(ValueError, match="API key") as caught:
        Provider("http://x.test/v1", key)
    assert "canary" not in str(caught.value)


def test_white_space_around_a_key_is_dropped() -> None:
    assert Provider("http://x.test/v1", " sk-x\n").api_key == "sk-x"


@pytest.mark.parametrize(
    "url", ["", "x.test/v1", "ftp://x.test/v1", "http://", "http://u:p@x.test/v1", "http://x/?a=1"]
)
def test_a_base_url_that_cannot_work_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="base URL"):
        Provider(url, "sk-x")


def test_a_base_url_is_taken_with_or_without_its_last_slash() -> None:
    provider = Provider(" https://API.openai.com/v1/ ", "k")
    assert provider.base_url == "https://API.openai.com/v1"
    assert provider.is_openai
    assert provider.host_and_port == ("api.openai.com", 443)
    assert not Provider("http://127.0.0.1:8001/v1", "k").is_openai


def test_a_ping_tells_reachable_key_and_neither(tmp_path: Path) -> None:
    with running_sandbox(tmp_path) as sandbox:
        well = client.ping(a_provider(sandbox.base_url, api_key=sandbox.key))
        wrong = client.ping(a_provider(sandbox.base_url))
        assert (well.ok, wrong.ok) == (True, False)
        assert (wrong.is_reachable, wrong.is_key_accepted) == (True, False)
        assert sandbox.calls() == []
    gone = client.ping(a_provider(sandbox.base_url), timeout=1)
    assert (gone.is_reachable, gone.ok) == (False, False)


def test_a_ping_of_a_failing_or_silent_server_is_not_ok() -> None:
    with raw_server(answering(response(b"", "502 Bad Gateway"))) as server:
        assert not client.ping(a_provider(server.base_url)).is_reachable
    with raw_server(answer_nothing) as server:
        began = time.monotonic()
        assert not client.ping(a_provider(server.base_url), timeout=0.5).ok
        assert time.monotonic() - began < 2.5


@pytest.mark.parametrize(("status", "ok"), [(404, True), (501, True), (500, False), (503, False)])
def test_a_server_without_a_list_of_models_is_there_all_the_same(status: int, ok: bool) -> None:
    with raw_server(answering(response(b"{}", f"{status} Said"))) as server:
        assert client.ping(a_provider(server.base_url)).ok is ok
