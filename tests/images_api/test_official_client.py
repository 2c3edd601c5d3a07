"""What our client sends, beside what OpenAI's own client sends for the same request, byte for byte."""

import json
import re
import socket
from collections.abc import Callable
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import openai
import pytest

from editor.images_api.client import PartialPicture, Provider, send
from editor.images_api.messages import FilePart, Request, Svg
from tests.images_api.drawing import CANARY, a_provider, parts
from tests.images_api.raw_server import raw_server, read_request, response

GOOD = b'{"created": 1, "data": [{"b64_json": "aGVsbG8="}]}'
STREAM = b'event: x\ndata: {"type": "image_edit.completed", "b64_json": "aGVsbG8="}\n\n'
PICTURE, MASK = parts(256)
JPEG = FilePart('café "1".jpg', bytes(range(256)) * 300, "image/jpeg", (8, 8))
WEBP = FilePart("b.webp", b"--\r\n--boundary\r\n" * 9, "image/webp", (8, 8))
MARKUP = FilePart("markup.png", MASK.data, "image/png", MASK.size, has_alpha=True)
# Headers of which the two clients may differ: who they are, and how they keep connections.
OWN = {"user-agent", "connection", "accept-encoding", "host", "x-client-request-id"}

Asked = Callable[[openai.OpenAI], Any]


class Sent:
    """One request as it came over the line. The boundary of a form is replaced by a fixed one."""

    def __init__(self, whole: bytes) -> None:
        line, _, rest = whole.partition(b"\r\n")
        head, _, self.body = rest.partition(b"\r\n\r\n")
        self.line = line.decode()
        self.headers: Message = BytesParser().parsebytes(head)
        boundary = self.headers.get_boundary()
        self.is_form = boundary is not None
        if boundary is not None:
            assert re.fullmatch("[0-9a-f]{32}", boundary)  # of the same length: so are the bodies
            self.body = self.body.replace(boundary.encode(), b"-the boundary-")
            self.headers.replace_header(
                "Content-Type", self.headers["Content-Type"].replace(boundary, "the boundary")
            )

    def parts(self) -> list[bytes]:
        return self.body.split(b"---the boundary-")

    def headers_that_matter(self) -> dict[str, str]:
        named = {name.lower(): value for name, value in self.headers.items()}
        return {
            name: value
            for name, value in named.items()
            if name not in OWN and not name.startswith("x-stainless-")
        }


def recorded(act: Callable[[Any], Any]) -> Sent:
    seen: list[bytes] = []

    def script(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        is_stream = b"true" in seen[-1].partition(b"stream")[2][:20]
        kind = "text/event-stream" if is_stream else "application/json"
        connection.sendall(response(STREAM if is_stream else GOOD, content_type=kind))

    with raw_server(script) as server:
        act(server)
    (whole,) = seen
    return Sent(whole)


def theirs(ask: Asked, **settings: Any) -> Sent:
    def act(server: Any) -> None:
        given = {"base_url": server.base_url, "api_key": CANARY, "max_retries": 0, **settings}
        with openai.OpenAI(**given) as client:
            _drain(ask(client))

    return recorded(act)


def ours(request: Request, into: Path, **settings: Any) -> Sent:
    def act(server: Any) -> None:
        provider: Provider = a_provider(server.base_url, **settings)
        send(provider, request, into=into, key="k", on_partial=_ignored)

    return recorded(act)


def _drain(answer: Any) -> None:
    if isinstance(answer, openai.Stream):
        assert [event.type for event in answer] == ["image_edit.completed"]


def _ignored(_: PartialPicture) -> None: ...


def file(part: FilePart) -> tuple[str, bytes, str]:
    return part.name, part.data, part.content_type


SCALARS: dict[str, Any] = {
    "background": "transparent",
    "complexity": "high",
    "frame_count": 9,
    "frame_duration_ms": 200,
    "input_fidelity": "low",
    "model": "gpt-image-2",
    "n": 3,
    "output_compression": 0,
    "output_format": "webp",
    "partial_images": 2,
    "quality": "xhigh",
    "response_format": "b64_json",
    "safety_identifier": "hash-1",
    "size": "1536x864",
    "stream": False,
    "user": "hash-2",
}
PROMPT = 'Put a "boat"\r\nhere: ä 船 \U0001f6a4 </script> \u2028 \\ --'
PLAIN = {"model": "gpt-image-2", "prompt": PROMPT}

EDITS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "one picture and a mask": (
        {**PLAIN, "image": file(PICTURE), "mask": file(MASK)},
        {**PLAIN, "images": (PICTURE,), "mask": MASK},
    ),
    "three pictures": (
        {**PLAIN, "image": [file(PICTURE), file(JPEG), file(WEBP)]},
        {**PLAIN, "images": (PICTURE, JPEG, WEBP)},
    ),
    "three pictures and a mask": (
        {**PLAIN, "image": [file(PICTURE), file(JPEG), file(WEBP)], "mask": file(MASK)},
        {**PLAIN, "images": (PICTURE, JPEG, WEBP), "mask": MASK},
    ),
    "a markup": (
        {**PLAIN, "image": file(PICTURE), "markup": file(MARKUP)},
        {**PLAIN, "images": (PICTURE,), "markup": MARKUP},
    ),
    "every scalar": (
        {**PLAIN, **SCALARS, "image": file(PICTURE)},
        {**PLAIN, **SCALARS, "images": (PICTURE,)},
    ),
    "a stream": (
        {**PLAIN, "stream": True, "partial_images": 0, "image": file(PICTURE)},
        {**PLAIN, "stream": True, "partial_images": 0, "images": (PICTURE,)},
    ),
}


@pytest.mark.parametrize("case", EDITS)
def test_an_edit_is_sent_as_the_official_client_sends_it(case: str, tmp_path: Path) -> None:
    asked, own = EDITS[case]
    expected = theirs(lambda client: client.images.edit(**asked))
    got = ours(Request(operation="edit", **own), tmp_path / "a")
    assert expected.is_form
    assert len(got.parts()) == len(expected.parts())
    for mine, official in zip(got.parts(), expected.parts(), strict=True):
        assert mine == official
    assert got.body == expected.body
    assert got.line == expected.line == "POST /v1/images/edits HTTP/1.1"
    assert got.headers_that_matter() == expected.headers_that_matter()


def test_every_scalar_is_really_among_the_parts(tmp_path: Path) -> None:
    got = ours(Request(operation="edit", **EDITS["every scalar"][1]), tmp_path / "a")
    found = {part.split(b'name="')[1].split(b'"')[0].decode() for part in got.parts()[1:-1]}
    assert found == {*SCALARS, "prompt", "image"}


def test_an_object_is_sent_as_the_official_client_sends_it(tmp_path: Path) -> None:
    asked = {"model": "drawer", "reasoning": {"effort": "high"}}
    svg = Svg("drawer", "high")
    expected = theirs(lambda client: client.images.edit(**PLAIN, svg=asked, image=file(PICTURE)))  # type: ignore[call-overload]
    got = ours(Request(**PLAIN, svg=svg, images=(PICTURE,)), tmp_path / "a")
    assert got.parts() == expected.parts()
    assert b'name="svg[reasoning][effort]"\r\n\r\nhigh\r\n' in got.body
    expected = theirs(lambda client: client.images.generate(**PLAIN, svg=asked, user="u"))  # type: ignore[call-overload]
    got = ours(Request(operation="generate", **PLAIN, svg=svg, user="u"), tmp_path / "b")
    assert got.body == expected.body
    left_out = ours(
        Request(**PLAIN, svg=svg, images=(PICTURE,)), tmp_path / "c", strip=frozenset({"svg"})
    )
    assert b"svg" not in left_out.body


GENERATIONS: dict[str, dict[str, Any]] = {
    "plain": PLAIN,
    "streamed": {**PLAIN, "stream": True, "partial_images": 3},
    "every scalar": {
        **PLAIN,
        **{name: value for name, value in SCALARS.items() if name != "input_fidelity"},
        "moderation": "low",
        "style": "vivid",
    },
}


@pytest.mark.parametrize("case", GENERATIONS)
def test_a_generation_is_sent_as_the_official_client_sends_it(case: str, tmp_path: Path) -> None:
    asked = GENERATIONS[case]
    expected = theirs(lambda client: client.images.generate(**asked))
    got = ours(Request(operation="generate", **asked), tmp_path / "a")
    assert not expected.is_form
    assert json.loads(got.body) == json.loads(expected.body) == asked
    assert got.body == expected.body  # the order of the keys, and how texts are escaped
    assert got.line == expected.line == "POST /v1/images/generations HTTP/1.1"
    assert got.headers_that_matter() == expected.headers_that_matter()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    "asked",
    [
        {"model": "dall-e-2"},
        {
            "model": "dall-e-2",
            "n": 2,
            "size": "256x256",
            "response_format": "url",
            "user": "hash-1",
        },
    ],
)
def test_a_variation_is_sent_as_the_official_client_sends_it(
    asked: dict[str, Any], tmp_path: Path
) -> None:
    expected = theirs(lambda client: client.images.create_variation(image=file(PICTURE), **asked))
    got = ours(Request(operation="vary", images=(PICTURE,), **asked), tmp_path / "a")
    assert got.parts() == expected.parts()
    assert got.line == expected.line == "POST /v1/images/variations HTTP/1.1"
    assert got.headers_that_matter() == expected.headers_that_matter()


def test_organization_project_and_key_are_sent_as_the_official_client_sends_them(
    tmp_path: Path,
) -> None:
    who = {"organization": "org-1", "project": "proj-1"}
    expected = theirs(lambda client: client.images.generate(**PLAIN), **who)
    got = ours(Request(operation="generate", **PLAIN), tmp_path / "a", **who)
    assert got.headers_that_matter() == expected.headers_that_matter()
    assert got.headers_that_matter() == {
        "authorization": f"Bearer {CANARY}",
        "accept": "application/json",
        "content-type": "application/json",
        "content-length": str(len(got.body)),
        "openai-organization": "org-1",
        "openai-project": "proj-1",
    }


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("operation", ["edit", "generate", "vary"])
def test_azure_is_asked_at_the_same_address_with_the_same_key(
    tmp_path: Path, operation: Any
) -> None:
    """The official client sends the model in the body as well; some deployments refuse that."""

    def act(server: Any) -> None:
        with openai.AzureOpenAI(
            azure_endpoint=server.origin, api_key=CANARY, api_version="2025-04-01-preview"
        ) as client:
            if operation == "edit":
                client.images.edit(model="ours", prompt="P", image=file(PICTURE))
            elif operation == "generate":
                client.images.generate(model="ours", prompt="P")
            else:
                client.images.create_variation(model="ours", image=file(PICTURE))

    def own(server: Any) -> None:
        provider = a_provider(
            server.origin,
            azure_api_version="2025-04-01-preview",
            key_header="api-key",
            deployments={"gpt-image-2": "ours"},
        )
        files = () if operation == "generate" else (PICTURE,)
        prompt = None if operation == "vary" else "P"
        request = Request(operation=operation, model="gpt-image-2", prompt=prompt, images=files)
        send(provider, request, into=tmp_path / "a", key="k")

    expected, got = recorded(act), recorded(own)
    assert got.line == expected.line
    assert got.headers["api-key"] == expected.headers["api-key"] == CANARY
    assert "authorization" not in {name.lower() for name in got.headers}
    if operation == "generate":
        assert json.loads(got.body) == {"prompt": "P"}
        assert json.loads(expected.body) == {"prompt": "P", "model": "ours"}
    else:
        kept = [part for part in expected.parts() if b'name="model"' not in part]
        assert got.parts() == kept
