"""kombu's files transport, with messages that are whole from the moment they can be seen.

kombu writes a message under its final name, so that a reader may take it while it is empty; the error
then ends the whole worker (celery/kombu issue 1551, still so in kombu 5.7). It takes one by moving it to
the system's temporary folder, which may be another disk: then two may take the same. Here both are one
rename in one folder, and a damaged message is dropped: it was a hint, and the sweeper gives it again.
"""

import os
import time
import uuid
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.transport.virtual import Empty
from kombu.utils.json import dumps, loads


class Channel(filesystem.Channel):
    def _put(self, queue: str, message: Any, **_: Any) -> None:  # type: ignore[override]
        name = f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        final = os.path.join(self.data_folder_out, name)
        try:
            with open(f"{final}.part", "w") as file:
                file.write(dumps(message))
            os.rename(f"{final}.part", final)
        except OSError as error:
            raise ChannelError(f"A message could not be written: {error.strerror}") from error

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        for name in sorted(os.listdir(self.data_folder_in)):
            if name.partition(".")[2] == f"{queue}.msg":
                payload = self._taken(os.path.join(self.data_folder_in, name))
                if payload is not None:
                    return payload
        raise Empty

    def _taken(self, path: str) -> Any:
        """The message in this file, which nobody else gets; None if somebody was faster, or it is damaged."""
        mine = f"{path}.{uuid.uuid4()}.taken"
        try:
            os.rename(path, mine)
        except OSError:
            return None
        try:
            with open(mine) as file:
                return loads(file.read())
        except ValueError:
            return None
        finally:
            os.unlink(mine)


class Transport(filesystem.Transport):
    Channel = Channel


def install() -> None:
    """Make `filesystem://` mean this transport."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
