"""Joins ES modules that import each other into one script.

Sixty small modules are good to read and bad to fetch: each is packed alone, and asked for only when
the one that imports it is there. Joined, they are a quarter smaller and come at once.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

IMPORTED = re.compile(
    r'import\s*(?:\{(?P<names>[^{}]*)\}|\*\s*as\s+(?P<all>[\w$]+))\s*from\s*"\./(?P<path>[\w-]+\.js)"\s*;'
)
LATER = re.compile(r'(?<![\w$.#"])import\(\s*"\./(?P<path>[\w-]+\.js)"\s*\)')
DECLARED = re.compile(
    r"(?<![\w$.])export\s+(?=(?:async\s+)?(?:function\b\s*\*?|class\b|const\b)\s*([\w$]+))"
)
LISTED = re.compile(r"(?<![\w$.])export\s*\{([^{}]*)\}\s*;?")
LEFT_OVER = re.compile(
    r"(?<![\w$.#\"'])(?:import\s*[\"'({*]|export\s*(?:[{*]|(?:default|let|var|const|function|class)\b))"
)


class NotJoinable(Exception):
    """A module imports or exports in a way that this joiner does not know."""


class Part(NamedTuple):
    """A module as the body of a function: what it imports from others, and what it gives."""

    body: str
    gives: str


def joined(read: Callable[[str], str], page: str, worker: str) -> str:
    """One script that runs the module `page` in a page and the module `worker` in a worker.

    `read` gives a module's text, without comments. Each part is made once, when it is first needed,
    or later where `import()` says so; imports in circles are refused. Raises NotJoinable.
    """
    read = cache(read)
    order: list[str] = []
    for entry in (page, worker):
        _collect(read, entry, order, ())
    names = {path: f"$${number}" for number, path in enumerate(order)}
    parts = [_function(names[path], _part(path, read(path), names)) for path in order]
    start = f"(self.document?{names[page]}:{names[worker]})();"
    return "\n".join(["const $$=(make)=>{let made;return()=>made??=make()};", *parts, start])


def _collect(
    read: Callable[[str], str], path: str, order: list[str], above: tuple[str, ...]
) -> None:
    if path in above:
        raise NotJoinable(f"imports in a circle: {' > '.join([*above, path])}")
    if path in order:
        return
    text = read(path)
    for found in IMPORTED.finditer(text):
        _collect(read, found["path"], order, (*above, path))
    order.append(path)
    for found in LATER.finditer(text):
        _collect(read, found["path"], order, ())


def _part(path: str, text: str, names: dict[str, str]) -> Part:
    def imported(found: re.Match[str]) -> str:
        taken = found["all"] or f"{{{','.join(_pairs(found['names'], flipped=False))}}}"
        return f"const {taken}={names[found['path']]}();"

    gives = list(DECLARED.findall(text))
    for listed in LISTED.findall(text):
        gives += _pairs(listed, flipped=True)
    body = LISTED.sub("", DECLARED.sub("", IMPORTED.sub(imported, text)))
    body = LATER.sub(lambda found: f"Promise.resolve().then({names[found['path']]})", body)
    left = LEFT_OVER.search(body)
    if left:
        raise NotJoinable(f"{path}: {body[left.start() : left.start() + 60]}")
    return Part(body, ",".join(gives))


def _pairs(names: str, *, flipped: bool) -> Iterator[str]:
    """`a as b` is `a:b` where it is taken apart, and `b:a` where it is put together."""
    for name in filter(None, (each.strip() for each in names.split(","))):
        one, _, other = (each.strip() for each in name.partition(" as "))
        yield one if not other else f"{other}:{one}" if flipped else f"{one}:{other}"


def _function(name: str, part: Part) -> str:
    return f"const {name}=$$(()=>{{{part.body}\nreturn{{{part.gives}}}}});"
