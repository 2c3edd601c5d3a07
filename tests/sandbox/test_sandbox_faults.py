import socket
import time
from pathlib import Path

import pytest
import requests

from editor.sandbox.faults import Fault, Schedule, parse
from editor.sandbox.server import Options, running
from tests.sandbox.asking import SMALL, ask_small
from tests.sandbox.streaming import generate
from tests.sandbox_server import Sandbox, running_sandbox, wait_until


def test_faults_are_read_with_their_arguments() -> None:
    assert parse("500, slow:2.5,ok") == [Fault("500"), Fault("slow", "2.5"), Fault("ok")]
    assert parse("") == [Fault("ok")]
    assert Fault("429-quota").status == 429
    assert Fault("drop-after").status is None
    url = "urls-private-redirect:http://127.0.0.1:9/x"
    assert parse(url) == [Fault("urls-private-redirect", "http://127.0.0.1:9/x")]


@pytest.mark.parametrize(
    "text",
    ["nonsense", "500,oops", "slow:soon", "999", "slow:nan", "slow:inf", "slow-partials:-1"],
)
def test_what_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"fault|float"):
        parse(text)


def test_the_last_fault_of_a_schedule_stays() -> None:
    schedule = Schedule("500,429,ok")
    assert [schedule.take().name for _ in range(5)] == ["500", "429", "ok", "ok", "ok"]


def test_faults_of_the_environment_meet_successive_calls(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, SANDBOX_FAULT="503,429,ok") as sandbox:
        assert [ask_small(sandbox).status_code for _ in range(4)] == [503, 429, 200, 200]


def test_a_header_gives_a_fault_to_one_call(sandbox: Sandbox) -> None:
    assert ask_small(sandbox, headers={"X-Sandbox-Fault": "500"}).status_code == 500
    assert ask_small(sandbox).status_code == 200
    assert ask_small(sandbox, headers={"X-Sandbox-Fault": "oops"}).status_code == 400


def test_the_control_endpoint_sets_faults_while_running(sandbox: Sandbox) -> None:
    sandbox.fault("403,ok")
    assert [ask_small(sandbox).status_code for _ in range(2)] == [403, 200]
    sandbox.fault("500")
    assert [ask_small(sandbox).status_code for _ in range(2)] == [500, 500]
    sandbox.fault("ok")
    assert ask_small(sandbox).status_code == 200


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"fault": "oops"}', "application/json", 400),
        (b'{"other": 1}', "application/json", 400),
        (b"[", "application/json", 400),
        (b'{"fault": "500"}', "text/plain", 415),
    ],
)
def test_the_control_endpoint_refuses_what_it_cannot_do(
    sandbox: Sandbox, body: bytes, kind: str, status: int
) -> None:
    headers = {"Content-Type": kind}
    answer = requests.post(f"{sandbox.origin}/__fault", data=body, headers=headers, timeout=5)
    assert answer.status_code == status
    assert ask_small(sandbox).status_code == 200


def test_controls_are_shut_on_a_public_interface(tmp_path: Path) -> None:
    with running(host="0.0.0.0", options=Options(directory=tmp_path)) as server:
        origin = f"http://127.0.0.1:{server.server_port}"
        fault = requests.post(f"{origin}/__fault", json={"fault": "500"}, timeout=5)
        calls = requests.get(f"{origin}/__calls", timeout=5)
        health = requests.get(f"{origin}/healthz", timeout=5)
    assert [answer.status_code for answer in (fault, calls, health)] == [403, 403, 200]


@pytest.mark.parametrize("path", ["edits", "generations", "variations"])
def test_every_operation_meets_its_faults(sandbox: Sandbox, path: str) -> None:
    if path == "generations":
        answer = generate(sandbox, "503")
    else:
        fault = {"X-Sandbox-Fault": "503"}
        answer = ask_small(sandbox, path=f"/images/{path}", headers=fault)
    assert answer.status_code == 503
    assert sandbox.calls()[-1]["outcome"] == "503 server_is_overloaded"


@pytest.mark.parametrize("wait", ["7", "-1", "soon"])
def test_a_rate_limit_asks_for_the_wait_that_the_test_wants(sandbox: Sandbox, wait: str) -> None:
    answer = ask_small(sandbox, headers={"X-Sandbox-Fault": f"429:{wait}"})
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == wait
    assert answer.json()["error"]["code"] == "rate_limit_exceeded"


@pytest.mark.parametrize(
    ("fault", "status", "kind", "code"),
    [
        ("429-quota", 429, "insufficient_quota", "insufficient_quota"),
        (
            "429-quota:credit_balance_exhausted",
            429,
            "insufficient_quota",
            "credit_balance_exhausted",
        ),
        ("429-slow-down", 429, "rate_limit_error", "slow_down"),
        ("400-billing", 400, "invalid_request_error", "billing_hard_limit_reached"),
        ("400-policy", 400, "invalid_request_error", "content_policy_violation"),
        ("401", 401, "invalid_request_error", "invalid_api_key"),
        ("403", 403, "invalid_request_error", None),
        ("400-moderation", 400, "image_generation_user_error", "moderation_blocked"),
        ("500", 500, "server_error", "server_error"),
        ("503", 503, "service_unavailable_error", "server_is_overloaded"),
        ("413", 413, "invalid_request_error", None),
    ],
)
def test_faults_with_a_status_have_the_apis_envelope(
    sandbox: Sandbox, fault: str, status: int, kind: str, code: str | None
) -> None:
    answer = ask_small(sandbox, headers={"X-Sandbox-Fault": fault})
    said = answer.json()["error"]
    assert (answer.status_code, said["type"], said["code"]) == (status, kind, code)
    assert [call["worked"] for call in sandbox.calls()] == [False]


@pytest.mark.parametrize(
    ("fault", "worked"), [("drop-before", False), ("drop-after", True), ("truncate", True)]
)
def test_a_dropped_connection_is_billed_only_after_the_work(
    sandbox: Sandbox, fault: str, worked: bool
) -> None:
    with pytest.raises(requests.RequestException):
        ask_small(sandbox, headers={"X-Sandbox-Fault": fault})
    assert [call["worked"] for call in sandbox.calls()] == [worked]


def test_half_an_answer_is_half_of_the_real_one(sandbox: Sandbox) -> None:
    whole = ask_small(sandbox, response_format="b64_json").content
    broken = {"X-Sandbox-Fault": "bad-json"}
    cut = ask_small(sandbox, response_format="b64_json", headers=broken).content
    assert len(cut) == len(whole) // 2
    assert cut[30:] == whole[30 : len(cut)]  # after the time of creation


@pytest.mark.parametrize("fault", ["slow:0.5", "ok"])
def test_slowness_is_as_long_as_told(tmp_path: Path, fault: str) -> None:
    delay = "0.4" if fault == "ok" else "0"
    with running_sandbox(tmp_path, SANDBOX_DELAY=delay) as sandbox:
        began = time.monotonic()
        assert ask_small(sandbox, headers={"X-Sandbox-Fault": fault}).status_code == 200
        assert time.monotonic() - began >= 0.4
        assert sandbox.calls()[0]["seconds"] >= 0.4


@pytest.mark.parametrize(("fault", "worked"), [("never", False), ("drip", True)])
def test_a_client_that_gives_up_frees_the_sandbox(
    sandbox: Sandbox, fault: str, worked: bool
) -> None:
    form = requests.Request(
        "POST",
        f"{sandbox.base_url}/images/edits",
        data={"model": "gpt-image-2", "prompt": "Remove it"},
        files=[SMALL],
    ).prepare()
    with socket.create_connection(("127.0.0.1", int(sandbox.origin.rpartition(":")[2]))) as client:
        given = {**form.headers, "Authorization": f"Bearer {sandbox.key}", "X-Sandbox-Fault": fault}
        head = [f"{name}: {value}" for name, value in given.items()]
        lines = ["POST /v1/images/edits HTTP/1.1", "Host: sandbox", *head, "", ""]
        assert isinstance(form.body, bytes)
        client.sendall("\r\n".join(lines).encode() + form.body)
        wait_until(lambda: bool(sandbox.calls()))
        if fault == "drip":
            assert client.recv(8) == b"HTTP/1.1"
    wait_until(lambda: sandbox.calls()[0]["ended"])
    assert sandbox.calls()[0]["worked"] is worked
