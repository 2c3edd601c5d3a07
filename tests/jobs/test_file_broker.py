import threading
from pathlib import Path

import pytest
from kombu import Connection
from kombu.transport.virtual import Empty

from editor.jobs.file_broker import Transport


@pytest.fixture
def broker(tmp_path: Path):
    for folder in ("messages", "control"):
        (tmp_path / folder).mkdir()
    messages = str(tmp_path / "messages")
    options = {
        "data_folder_in": messages,
        "data_folder_out": messages,
        "control_folder": str(tmp_path / "control"),
        "polling_interval": 0.001,
    }
    Transport.global_state.clear()  # it remembers bindings whose files were in another test's folder
    with Connection(transport=Transport, transport_options=options) as connection:
        yield connection
    Transport.global_state.clear()


def test_a_message_is_whole_from_the_moment_it_can_be_taken(broker):
    sent, taken = 300, []
    broker.SimpleQueue("hints").close()  # there is a queue before anybody sends

    def take() -> None:
        with broker.clone().SimpleQueue("hints") as queue:
            while len(taken) < sent:
                message = queue.get(timeout=10)
                message.ack()
                taken.append(message.payload)

    reader = threading.Thread(target=take)
    reader.start()
    with broker.clone().SimpleQueue("hints") as queue:
        for number in range(sent):
            queue.put({"edit": number})
    reader.join(30)
    assert sorted(message["edit"] for message in taken) == list(range(sent))


def test_a_damaged_message_is_dropped_and_the_next_one_is_taken(broker, tmp_path):
    with broker.SimpleQueue("hints") as queue:
        (tmp_path / "messages" / "0_damaged.hints.msg").write_text("")
        queue.put({"edit": 7})
        assert queue.get(timeout=5).payload == {"edit": 7}


def test_the_app_uses_it():
    from kombu.transport import resolve_transport

    import editor.celery_app  # noqa: F401

    assert resolve_transport("filesystem") is Transport


def test_two_who_take_at_once_never_get_the_same_message(broker):
    sent, taken, empty = 200, [], []
    with broker.SimpleQueue("hints") as queue:
        for number in range(sent):
            queue.put({"edit": number})

    def take() -> None:
        channel = broker.clone().channel()
        while True:
            try:
                taken.append(channel._get("hints")["body"])
            except Empty:
                empty.append(True)
                return

    readers = [threading.Thread(target=take) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(30)
    assert len(taken) == len(set(taken)) == sent
    assert len(empty) == 4
