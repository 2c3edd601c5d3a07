"""Modules that are joined behave as they did apart."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from editor.joining import NotJoinable, joined
from editor.storage import with_short_names

MODULES = {
    "page.js": """
        import { Counter, doubled as twice } from "./counter.js";
        import * as shapes from "./shapes.js";
        const counter = new Counter();
        told({ one: counter.next(), two: twice(counter.next()), shape: shapes.square(3), sum: shapes.plus(1, 2) });
    """,
    "worker.js": """
        import { Counter } from "./counter.js";
        told({ worker: new Counter().next() });
        import("./shapes.js").then(({ square }) => console.log(JSON.stringify([...said, square(4)])) || process.exit());
    """,
    "counter.js": """
        import { plus } from "./numbers.js";
        const step = 1;
        export class Counter { #at = 0; next() { this.#at = plus(this.#at, step); return this.#at; } }
        export const doubled = (number) => plus(number, number);
    """,
    "shapes.js": """
        import { plus } from "./numbers.js";
        const step = "another one";
        export function square(side) { return `${step}: ${side * side}`; }
        export { plus };
    """,
    "numbers.js": "told({ made: 'numbers' }); export const plus = (a, b) => a + b;",
}


# a worker of the above tells by itself, when what it imports later is there
END = "if (self.document) console.log(JSON.stringify(said))"


def told_by(text: str, *, in_page: bool) -> list[Any]:
    setting = "const said = []; globalThis.told = (it) => said.push(it); globalThis.self = %s;"
    script = setting % ("{ document: {} }" if in_page else "{}")
    done = subprocess.run(
        ["node", "--input-type=module", "-e", f"{script}\n{text}\n{END}"],
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    return list(json.loads(done.stdout))


@pytest.mark.skipif(shutil.which("node") is None, reason="no node")
def test_each_module_is_made_once_and_sees_what_it_imports():
    text = joined(MODULES.__getitem__, "page.js", "worker.js")
    found = {"one": 1, "two": 4, "shape": "another one: 9", "sum": 3}
    assert told_by(text, in_page=True) == [{"made": "numbers"}, found]


@pytest.mark.skipif(shutil.which("node") is None, reason="no node")
def test_a_worker_runs_its_own_part_of_the_same_script():
    text = joined(MODULES.__getitem__, "page.js", "worker.js")
    assert told_by(text, in_page=False) == [{"made": "numbers"}, {"worker": 1}, "another one: 16"]


@pytest.mark.skipif(shutil.which("node") is None, reason="no node")
def test_with_short_names_everything_is_still_done_in_its_order():
    pytest.importorskip("minify")
    script = """
        function counted() {
            const before = globalThis.at;
            const { after, more } = (globalThis.at = { after: 1, more: 2 });
            const behind = globalThis.at;
            const [first, second] = (globalThis.at = [3, 4]);
            return { before, after, more, behind, first, second };
        }
        told(counted());
    """
    found = {"before": None, "after": 1, "more": 2, "behind": {"after": 1, "more": 2}}
    (told,) = told_by(with_short_names(f"globalThis.at = null;{script}"), in_page=True)
    assert told == found | {"first": 3, "second": 4}


@pytest.mark.parametrize(
    "text",
    [
        "export default 3;",
        "export let count = 0;",
        'import "./numbers.js";',
        'const later = await import("/numbers.js");',
        'export * from "./numbers.js";',
        'import { a } from "./circle.js"; export const b = 1;',
    ],
)
def test_what_cannot_be_joined_is_refused_by_name(text):
    modules = {**MODULES, "page.js": text, "circle.js": 'import { b } from "./page.js";'}
    with pytest.raises(NotJoinable, match=r"page\.js"):
        joined(modules.__getitem__, "page.js", "worker.js")


def test_the_studio_is_joined_of_all_its_modules():
    folder = Path(__file__).parent.parent / "static/editor"
    read: list[str] = []

    def text_of(path: str) -> str:
        from rjsmin import jsmin

        read.append(path)
        return str(jsmin((folder / path).read_text()))

    text = joined(text_of, "studio.js", "worker.js")
    assert {"mask.js", "palette.js", "worker-tasks.js"} <= set(read)
    assert 'from"./' not in text
