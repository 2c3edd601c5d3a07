"""The gallery's server time at 100,000 edits against that at 100, on SQLite and on PostgreSQL where it is at hand.

Two processes hold a database each and are asked in turn, so that both meet the same moments of a busy machine.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from django.core.management import call_command

from benchmarks import people, processes
from benchmarks.figures import Figure

ROOT = Path(__file__).resolve().parent.parent
FEW, MANY = 100, 100_000
ROUNDS = 60
GOAL = 1.3
# what is asked of both, and what the small one stands for; no goal: told only
LOOKS = {
    "first": ("first page", GOAL),
    "later": ("page 50, by keyset (of the few: page 2)", GOAL),
    "reviewer": ("first page, for a reviewer", GOAL),
    "waiting": ("first page, with 3 edits under way", GOAL),
    "person": ("one person's", None),
    "rare": ("those that failed (1 in 200)", None),
    "search": ("search for a word that none has", None),
}
ROUNDS_OF = {"rare": 15, "search": 15}


class Side:
    """A process that holds one database and answers how long a look took."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def look(self, name: str) -> float:
        """Milliseconds of the server for one page."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{name}\n")
        self.process.stdin.flush()
        told = self.process.stdout.readline()
        if not told:
            raise RuntimeError(f"the side of “{name}” has ended")
        return float(told)


def measure() -> list[Figure]:
    people.set_up()
    call_command("collectstatic", interactive=False, verbosity=0)
    folder = Path(os.environ["DATA_DIR"]).parent
    figures = compared(
        "", f"sqlite:///{folder / 'few.sqlite3'}", f"sqlite:///{folder / 'many.sqlite3'}"
    )
    with ExitStack() as stack:
        addresses = stack.enter_context(two_on_postgres())
        if addresses:
            figures += compared("PostgreSQL: ", *addresses)
    figures.append(
        Figure("other work on these cores", processes.slowdown(), "x", "plain work, against alone")
    )
    return figures


def compared(prefix: str, few_url: str, many_url: str) -> list[Figure]:
    with side(few_url, FEW) as few, side(many_url, MANY) as many:
        return [
            look_at_both(f"{prefix}{words}", name, few, many, goal)
            for name, (words, goal) in LOOKS.items()
        ]


def look_at_both(words: str, name: str, few: Side, many: Side, goal: float | None) -> Figure:
    for _ in range(3):
        few.look(name), many.look(name)
    pairs = [(few.look(name), many.look(name)) for _ in range(ROUNDS_OF.get(name, ROUNDS))]
    least, most = median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)
    # of the two that were asked at the same moment, for the machine is not equally busy at all moments
    ratio = median(pair[1] / pair[0] for pair in pairs)
    beside = f"at {FEW}: {least:.1f} ms"
    return Figure(words, most, "ms", beside, ratio, goal, of_ratio=True)


@contextmanager
def side(database_url: str, edits: int) -> Iterator[Side]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.gallery_side", str(edits)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "ready":
            raise RuntimeError(f"no database with {edits} edits could be made")
        yield Side(process)
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def two_on_postgres() -> Iterator[tuple[str, str] | None]:
    """Two databases of a cluster that is thrown away; None where PostgreSQL is not installed."""
    import psycopg

    from tests.services import postgres, postgres_programs

    try:
        postgres_programs()
    except SystemExit:
        yield None
        return
    with postgres() as address:
        server = address.rpartition("/")[0]
        with psycopg.connect(address, autocommit=True) as connection:
            for name in ("few", "many"):
                connection.execute(f"CREATE DATABASE {name}")
        yield f"{server}/few", f"{server}/many"
