"""What `--help` tells about the sandbox."""

import textwrap
from typing import get_args

from editor.sandbox.operations import BLOCKED_WORDS
from editor.sandbox.server import VARIABLES
from editor.sandbox.vocabulary import Act

WIDTH = 96


def manual() -> str:
    acts = ", ".join(act for act in get_args(Act) if act != "other")
    paragraphs = [
        "It serves POST /v1/images/edits, /generations and /variations, and GET /v1/models: every "
        "model of the catalogue with its own rules, plain and streamed, without a key of yours and "
        "without any cost.",
        f"Its pictures are made on this machine. Of an edit's prompt it understands: {acts}; "
        '"write" takes a text in quotation marks. What it does not understand is filled from the '
        "surroundings and lightly stamped. Generations are drawn from a seed that is the prompt. A "
        f'prompt with the words "{BLOCKED_WORDS}" is refused as a safety system refuses.',
        'GET /__calls lists the calls so far, and POST /__fault {"fault": "500,ok"} makes the next '
        "ones go wrong; both are for this machine only. The header X-Sandbox-Fault does so for one "
        "call. The names of faults are in editor/sandbox/faults.py.",
    ]
    first, *others = (textwrap.fill(text, WIDTH) for text in paragraphs)
    variables = textwrap.indent(VARIABLES.rstrip(), "  ")
    return "\n\n".join([first, f"Variables (and what holds without them):\n{variables}", *others])
