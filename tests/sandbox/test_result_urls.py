import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from editor.images_api.client import fetch, url_expires_at
from editor.images_api.errors import ProviderError, ProviderUnavailable, ResultGone, ResultRefused
from tests.images_api.drawing import a_provider
from tests.images_api.raw_server import answering, raw_server, response
from tests.sandbox.asking import ask_small, pixels_of
from tests.sandbox_server import Sandbox, running_sandbox, wait_until


def result_url(sandbox: Sandbox, fault: str = "ok") -> str:
    answer = ask_small(sandbox, headers={"X-Sandbox-Fault": fault})
    url = answer.json()["data"][0]["url"]
    assert isinstance(url, str)
    return url


def fetched(sandbox: Sandbox, url: str, into: Path, deadline: float = 10.0) -> bytes:
    fetch(url, provider=a_provider(sandbox.base_url), into=into, deadline=deadline)
    return into.read_bytes()


def failure(sandbox: Sandbox, url: str, into: Path, deadline: float = 10.0) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        fetched(sandbox, url, into, deadline)
    return caught.value


def test_the_older_model_answers_with_urls_unless_asked_otherwise(sandbox: Sandbox) -> None:
    plain = ask_small(sandbox, n=2).json()
    assert [set(item) for item in plain["data"]] == [{"url"}, {"url"}]
    assert set(plain) == {"created", "data"}
    inline = ask_small(sandbox, response_format="b64_json").json()
    assert set(inline["data"][0]) == {"b64_json"}
    assert (pixels_of(plain["data"][0]) == pixels_of(inline["data"][0])).all()


def test_a_url_lives_exactly_an_hour_and_says_so(sandbox: Sandbox) -> None:
    answer = ask_small(sandbox).json()
    created = datetime.fromtimestamp(answer["created"], UTC)
    url = answer["data"][0]["url"]
    assert re.search(r"[?&]se=\d{4}-\d\d-\d\dT\d\d%3A\d\d%3A\d\dZ&", url)
    assert url_expires_at(url, datetime(2000, 1, 1, tzinfo=UTC)) == created + timedelta(hours=1)


def test_a_url_stops_working_when_its_time_is_over(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, SANDBOX_URL_TTL="1.5") as sandbox:
        url = result_url(sandbox)
        assert fetched(sandbox, url, tmp_path / "p").startswith(b"\x89PNG")
        ends = url_expires_at(url, datetime.now(UTC))
        assert ends < datetime.now(UTC) + timedelta(seconds=1.5)
        wait_until(lambda: datetime.now(UTC) > ends + timedelta(milliseconds=5))
        answer = requests.get(url, timeout=5)
        assert answer.status_code == 403
        assert b"AuthenticationFailed" in answer.content
        assert type(failure(sandbox, url, tmp_path / "q")) is ResultGone
        later = url.replace("se=2", "se=3")  # saying something else does not help
        assert requests.get(later, timeout=5).status_code == 403


def test_expired_files_are_removed_when_new_ones_come(tmp_path: Path) -> None:
    folder = tmp_path / "sandbox"
    with running_sandbox(tmp_path, SANDBOX_URL_TTL="0.2") as sandbox:
        first = result_url(sandbox).partition("?")[0].rpartition("/")[2]
        assert (folder / first).is_file()
        wait_until(
            lambda: requests.get(f"{sandbox.origin}/files/{first}", timeout=5).status_code == 403
        )
        result_url(sandbox)
        assert not (folder / first).exists()


def test_results_outlive_a_restart(tmp_path: Path) -> None:
    with running_sandbox(tmp_path) as first:
        path = result_url(first).removeprefix(first.origin)
    with running_sandbox(tmp_path) as second:
        assert requests.get(second.origin + path, timeout=5).status_code == 200


@pytest.mark.parametrize(
    "token",
    [
        "none",
        "ffffffffffff-0.png",
        "..%2f..%2fetc%2fpasswd",
        "../secret",
        "ffffffffffff-/x.png",
        "%00",
    ],
)
def test_tokens_that_never_were_are_not_found(sandbox: Sandbox, tmp_path: Path, token: str) -> None:
    (tmp_path / "secret").write_text("secret")
    request = requests.Request("GET", f"{sandbox.origin}/files/x").prepare()
    request.url = f"{sandbox.origin}/files/{token}"  # as it is, without tidying
    with requests.Session() as session:
        answer = session.send(request, timeout=5)
    assert answer.status_code == 404
    assert b"secret" not in answer.content


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("urls-403", ResultGone),
        ("urls-404", ResultGone),
        ("urls-500", ProviderUnavailable),
        ("urls-private-redirect", ResultRefused),
        ("urls-zeros", ResultRefused),
    ],
)
def test_each_failing_url_has_its_error(
    sandbox: Sandbox, tmp_path: Path, fault: str, error: type[ProviderError]
) -> None:
    url = result_url(sandbox, fault)
    assert type(failure(sandbox, url, tmp_path / "p")) is error
    assert type(failure(sandbox, url, tmp_path / "p")) is error
    assert list(tmp_path.glob("p*")) == []


def test_a_url_that_fails_once_works_the_second_time(sandbox: Sandbox, tmp_path: Path) -> None:
    url = result_url(sandbox, "urls-500-once")
    assert type(failure(sandbox, url, tmp_path / "p")) is ProviderUnavailable
    assert fetched(sandbox, url, tmp_path / "p").startswith(b"\x89PNG")


def test_a_slow_url_is_waited_for_until_the_deadline(sandbox: Sandbox, tmp_path: Path) -> None:
    url = result_url(sandbox, "urls-slow:0.6")
    assert failure(sandbox, url, tmp_path / "p", deadline=0.3).code == "deadline"
    assert fetched(sandbox, url, tmp_path / "p", deadline=5).startswith(b"\x89PNG")


def test_a_redirect_to_a_private_address_is_never_followed(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    with raw_server(answering(response(b"SECRET"))) as secret:
        url = result_url(sandbox, f"urls-private-redirect:{secret.origin}/x")
        assert requests.get(url, timeout=5).content == b"SECRET"  # it does lead there
        assert failure(sandbox, url, tmp_path / "p").code == "private_address"
        assert secret.connections == 1


def test_faults_of_urls_leave_inline_answers_alone(sandbox: Sandbox) -> None:
    answer = ask_small(sandbox, response_format="b64_json", headers={"X-Sandbox-Fault": "urls-404"})
    assert set(answer.json()["data"][0]) == {"b64_json"}
