"""`python -m tests.drills.ask COUNT [--every S] [--two-frames-each N] [--die-before-hint]`: submit edits
as the web does.

Prints their ids as JSON. Every Nth edit has two frames. With --die-before-hint the process is gone
right after the commit, before the hint is out: nothing is printed then.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import django

django.setup()

from django.db import transaction  # noqa: E402

from editor.jobs.pictures import add_upload  # noqa: E402
from editor.jobs.submit import NewEdit, submit  # noqa: E402
from editor.models import Edit, Person  # noqa: E402
from tests.drawing import mask_png, photo_png  # noqa: E402

SIZE = (320, 240)
TWO_FRAMES = [  # of the left and of the right half of what is painted
    {"bounds": [left, -8, left + 256, 248], "size": [256, 256], "pad": [0, 8, 0, 8], "part": part}
    for left, part in ((0, [0, 0, 140, 240]), (64, [140, 0, 320, 240]))
]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int)
    parser.add_argument("--every", type=float, default=0.0)
    parser.add_argument("--two-frames-each", type=int, default=0)
    parser.add_argument("--die-before-hint", action="store_true")
    options = parser.parse_args()
    person = Person.objects.get(username="admin")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.png"
        path.write_bytes(photo_png(SIZE))
        photo = add_upload(path, "photo.png", person)
    edits = []
    for number in range(options.count):
        with transaction.atomic():
            if options.die_before_hint:
                # Callbacks run in order after the commit: this one before the hint's.
                transaction.on_commit(lambda: os._exit(137))
            edit = submit(wish(person, photo))
            if options.two_frames_each and number % options.two_frames_each == 0:
                Edit.objects.filter(pk=edit.pk).update(frames=TWO_FRAMES)
            edits.append(edit.pk)
        time.sleep(options.every)
    time.sleep(0.5)  # hints leave from a thread that does not keep the process alive
    print(json.dumps(edits))


def wish(person: Person, photo: object) -> NewEdit:
    return NewEdit(
        person=person,
        source=photo,  # type: ignore[arg-type]
        mask=mask_png(SIZE, (100, 80, 180, 150)),
        prompt="Remove the sign",
        model="dall-e-2",
        options={"n": 1, "size": "256x256"},
        key=uuid4(),
    )


if __name__ == "__main__":
    main()
