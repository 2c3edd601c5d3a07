"""Says where the app is, once /healthz answers 200. Started beside the supervisor: `announcer PID ADDRESS LINK`."""

import json
import os
import sys
import time
from urllib.error import HTTPError
from urllib.request import urlopen

WITHIN_S = 90.0


def main(supervisor: int, address: str, link: str) -> None:
    ends, state = time.monotonic() + WITHIN_S, "nothing answers yet"
    while time.monotonic() < ends and is_running(supervisor):
        state = health(f"{address}/healthz")
        if not state:
            print(f"\nMaskroom is ready: {address}", flush=True)
            if link:
                print(f"Sign in once by this link: {address}{link}", flush=True)
            print("Ctrl-C stops it.", flush=True)
            return
        time.sleep(0.25)
    if is_running(supervisor):
        print(
            f"\nMaskroom is not ready after {WITHIN_S:.0f} s: {state}. See the logs folder.",
            flush=True,
        )


def health(url: str) -> str:
    """Nothing when all is well, else what is not."""
    try:
        with urlopen(url, timeout=5) as answer:  # noqa: S310
            return "" if answer.status == 200 else f"HTTP {answer.status}"
    except HTTPError as error:
        return unwell(error.read())
    except OSError:
        return "the web server does not answer"


def unwell(body: bytes) -> str:
    try:
        states = json.loads(body)
        ill = {
            name: state.get("detail", "")
            for name, state in states.items()
            if name != "ok" and not state["ok"]
        }
    except (ValueError, AttributeError, TypeError, KeyError):
        return "the web server answers with an error"
    return ", ".join(f"{name} {detail}".strip() for name, detail in ill.items())


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return os.getppid() == pid


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "")
