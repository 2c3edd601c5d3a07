"""Event streams as they come over the wire."""

import json
from dataclasses import dataclass
from typing import Any

import requests

from tests.sandbox.asking import SMALL, SMALL_MASK, ask
from tests.sandbox_server import Sandbox

SIZE = "1024x640"  # the fewest pixels that a model of free sizes gives


@dataclass(frozen=True)
class Event:
    name: str
    data: dict[str, Any]


def ask_stream(sandbox: Sandbox, fault: str = "ok", **fields: Any) -> requests.Response:
    """A streamed edit of a small picture, read to its end."""
    given = {"size": SIZE, "quality": "low", "stream": "true", **fields}
    return ask(
        sandbox,
        uploads=[SMALL],
        mask=SMALL_MASK,
        headers={"X-Sandbox-Fault": fault},
        **given,
    )


def generate(sandbox: Sandbox, fault: str = "ok", **fields: Any) -> requests.Response:
    """A generation. Fields that are None are left out."""
    given = {"model": "gpt-image-2", "prompt": "An otter", "size": SIZE, "quality": "low", **fields}
    return requests.post(
        f"{sandbox.base_url}/images/generations",
        json={name: value for name, value in given.items() if value is not None},
        headers={"Authorization": f"Bearer {sandbox.key}", "X-Sandbox-Fault": fault},
        timeout=30,
    )


def events(answer: requests.Response) -> list[Event]:
    """The events of a stream, held to its form; comments are left out."""
    assert answer.headers["Content-Type"] == "text/event-stream", answer.text
    return read_events(answer.content)


def read_events(content: bytes) -> list[Event]:
    blocks = content.decode().split("\n\n")
    assert blocks.pop() == ""
    return [_event(block) for block in blocks if not block.startswith(":")]


def _event(block: str) -> Event:
    name, data = block.split("\n")
    assert name.startswith("event: ") and data.startswith("data: ")
    return Event(name[7:], json.loads(data[6:]))
