"""`make bench`: measures, and tells each figure beside what it was measured against.

`python -m benchmarks [NAME …]` runs those named, or all. Each runs in a process of its own, over a data
folder of its own. A missed goal is told in words; only what does not work ends with an exit code.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, table

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
BENCHES = {
    "overhead": "An edit, without the provider's own time",
    "many": "64 edits of 2 s at once, on one worker",
    "upload": "A 24-megapixel JPEG, to its thumbnail",
    "polls": "Status polls, 8 clients for 5 s",
    "gallery": "The gallery at 100,000 edits, against 100",
    "gateway": "The official client, through the gateway and straight",
    "previews": "From the provider's preview to the browser",
    "stitching": "An answer, put back into its photograph",
    "painting": "The studio in Chromium, by real input",
}
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
LONGEST_S = 900


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    unknown = set(asked.names) - set(BENCHES)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    if asked.write:
        write_figures(asked.names[0], asked.write)
        return 0
    return run_all(asked.names or list(BENCHES))


def run_all(names: list[str]) -> int:
    facts = about_this_machine()
    print(
        f"{facts['cores']} cores, Python {facts['python']}, load {facts['load']:.1f} at the start\n"
    )
    found: dict[str, list[dict[str, Any]]] = {}
    failed = []
    for name in names:
        figures = run_one(name)
        if figures is None:
            failed.append(name)
            continue
        found[name] = [figure.as_json() for figure in figures]
        print(table(BENCHES[name], figures) + "\n", flush=True)
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
    file.write_text(json.dumps({**facts, "failed": failed, "found": found}, indent=1))
    print(f"Written to {file.relative_to(ROOT)}")
    if failed:
        print(f"Did not work: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def run_one(name: str) -> list[Figure] | None:
    """The figures of this benchmark; None when it did not work, after its errors were shown."""
    with own_folder() as folder:
        out = folder / "figures.json"
        command = [sys.executable, "-m", "benchmarks", name, "--write", str(out)]
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=clean_environment(folder), timeout=LONGEST_S
            )
        except subprocess.TimeoutExpired:
            print(f"{name}: not done after {LONGEST_S} s", file=sys.stderr)
            return None
        if done.returncode:
            return None
        return [Figure(**figure) for figure in json.loads(out.read_text())]


@contextmanager
def own_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="maskroom-bench-") as folder:
        yield Path(folder)


def clean_environment(folder: Path) -> dict[str, str]:
    """As on a fresh machine: nothing that the person at it has set, and above all no key."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    own = {"DATA_DIR": str(folder / "data"), "LOG_LEVEL": "WARNING"}
    return {**kept, **own, "DJANGO_SETTINGS_MODULE": "editor.settings"}


def write_figures(name: str, out: Path) -> None:
    figures: list[Figure] = import_module(f"benchmarks.{name}").measure()
    plain = [figure.as_json() for figure in figures]
    for figure in plain:
        del figure["verdict"]
    out.write_text(json.dumps(plain))


def about_this_machine() -> dict[str, Any]:
    return {
        "at": time.strftime("%Y-%m-%d %H:%M:%S"),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": os.getloadavg()[0],
    }


if __name__ == "__main__":
    raise SystemExit(main())
