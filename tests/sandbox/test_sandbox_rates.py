import re
from pathlib import Path

import pytest

from editor.images_api.refusals import Refusal
from editor.sandbox.rates import Bucket, Rate, parse, written
from tests.sandbox.asking import ask_small
from tests.sandbox.streaming import ask_stream
from tests.sandbox_server import Sandbox, running_sandbox


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_rates_are_read_with_their_unit() -> None:
    assert parse("5/minute") == Rate(5, 60.0)
    assert parse(" 1/second ") == Rate(1, 1.0)
    for text in ("", "5", "0/minute", "-1/hour", "5/day", "many/minute", "1.5/second"):
        with pytest.raises(ValueError, match="written like 5/minute"):
            parse(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0ms"),
        (0.0121, "13ms"),
        (7.25, "7.25s"),
        (62.5, "1m2.5s"),
        (60.0, "1m0s"),
        (3.0, "3s"),
    ],
)
def test_waits_are_written_as_the_api_does(seconds: float, text: str) -> None:
    assert written(seconds) == text


def test_what_is_left_is_counted_and_comes_back() -> None:
    clock = Clock()
    bucket = Bucket(Rate(3, 60.0), clock)
    left = [bucket.take()["x-ratelimit-remaining-requests"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    clock.now += 5
    with pytest.raises(Refusal) as caught:
        bucket.take()
    assert caught.value.status == 429
    assert caught.value.headers["retry-after"] == "15"
    assert caught.value.headers["x-ratelimit-reset-requests"] == "55s"
    clock.now += 15
    assert bucket.take()["x-ratelimit-remaining-requests"] == "0"
    clock.now += 1000
    assert bucket.take()["x-ratelimit-remaining-requests"] == "2"


def test_too_many_requests_are_refused_until_later(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, SANDBOX_RATE="2/minute") as sandbox:
        answers = [ask_small(sandbox, n=number) for number in (1, 99, 1)]
        calls = sandbox.calls()
    assert [answer.status_code for answer in answers] == [200, 400, 429]
    told = [answer.headers["x-ratelimit-remaining-requests"] for answer in answers]
    assert told == ["1", "0", "0"]
    assert {answer.headers["x-ratelimit-limit-requests"] for answer in answers} == {"2"}
    assert answers[2].json()["error"]["code"] == "rate_limit_exceeded"
    assert 1 <= int(answers[2].headers["retry-after"]) <= 30
    assert "x-should-retry" not in answers[2].headers
    assert [call["outcome"] for call in calls][2] == "429 rate_limit_exceeded"


def test_streams_tell_what_is_left_as_well(sandbox: Sandbox) -> None:
    headers = ask_stream(sandbox).headers
    assert headers["x-ratelimit-limit-requests"] == "100000"
    assert headers["x-ratelimit-remaining-requests"] == "99999"
    assert re.fullmatch(r"\d+ms", headers["x-ratelimit-reset-requests"])
    assert headers["x-request-id"].startswith("req_")
