"""The main job from a terminal: the same jobs as the pages use."""

import json
import sys
import time
import uuid
from argparse import ArgumentParser, ArgumentTypeError
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import DatabaseError

from editor.images_api import client
from editor.imaging import extending, files, masks
from editor.imaging.extending import NO_MARGINS, Margins
from editor.imaging.framing import AROUND_MASK, LEAST_CONTEXT, MOST_CONTEXT, Frame, Framing
from editor.jobs import leases, pictures
from editor.jobs.provider import offered_models, provider
from editor.jobs.quotes import HELPER
from editor.jobs.resolve import cancel
from editor.jobs.run import run
from editor.jobs.store import store
from editor.jobs.submit import NewEdit, NotSubmitted, submit
from editor.models import Edit, Image, Person, Result, Role, Spending, Status
from editor.sandbox.server import serving

CHOSEN = ("n", "size", "quality", "background", "input_fidelity")


def margins_in(text: str) -> Margins:
    """Four whole numbers with commas between them."""
    numbers = [part.strip() for part in text.split(",")]
    if len(numbers) != 4 or not all(part.isdecimal() and len(part) < 7 for part in numbers):
        raise ArgumentTypeError("give four whole numbers: LEFT,TOP,RIGHT,BOTTOM")
    left, top, right, bottom = map(int, numbers)
    return left, top, right, bottom


def framing_in(text: str) -> Framing:
    """A frame by its name, or the bounds of an own one."""
    named: dict[str, Framing] = {"mask": AROUND_MASK, "whole": Framing("whole")}
    if text in named:
        return named[text]
    try:
        return Framing("own", own=margins_in(text))
    except ArgumentTypeError as error:
        raise ArgumentTypeError(
            "give mask, whole, or four whole numbers: LEFT,TOP,RIGHT,BOTTOM"
        ) from error


def sent_in_words(edit: Edit) -> str:
    """A line for each frame of an edit: each is a call of its own."""
    frames = [Frame.from_dict(stored) for stored in edit.frames]
    calls = "1 frame, 1 call" if len(frames) == 1 else f"{len(frames)} frames, {len(frames)} calls"
    lines = [f"edit {edit.pk}: {edit.model}, {calls}"]
    for frame in frames:
        width, height = frame.size
        at = ",".join(map(str, frame.bounds))
        lines.append(f"frame {at}: {edit.n} × {width} × {height}, sent at {1 / frame.scale:.0%}")
    return "\n".join(lines)


class Command(BaseCommand):
    help = (
        "Edit PHOTO where MASK says, or extend it, as PROMPT says; write the results and print one "
        "JSON line for each."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("photo", type=Path)
        parser.add_argument(
            "--mask", type=Path, help="white = change, of the photo's size, or of the extended one"
        )
        parser.add_argument(
            "--mask-alpha", action="store_true", help="in the mask, alpha 0 = change"
        )
        parser.add_argument(
            "--extend", type=margins_in, default=NO_MARGINS, metavar="LEFT,TOP,RIGHT,BOTTOM",
            help="pixels to add on each side; all that is new is made, with or without a mask",
        )  # fmt: skip
        parser.add_argument(
            "--grow", type=int, help="pixels by which the mask is grown; default: as suits it"
        )
        parser.add_argument(
            "--feather", type=int, help="pixels over which a change fades in; default: as suits it"
        )
        parser.add_argument(
            "--frame", type=framing_in, default=AROUND_MASK, metavar="mask|whole|L,T,R,B",
            help="what is sent: a frame around the mask (default), the whole picture, or a frame of "
            "your own in pixels of the photo, or of the extended one",
        )  # fmt: skip
        parser.add_argument(
            "--context", type=float, default=AROUND_MASK.context,
            help="how much is sent around the mask on each side, as a part of the mask's side: "
            f"{LEAST_CONTEXT} to {MOST_CONTEXT}; default: {AROUND_MASK.context}",
        )  # fmt: skip
        parser.add_argument(
            "--one-frame", action="store_true",
            help="one frame and one call also where a mask's parts lie so far apart that several, "
            "each with a call of its own, would show more detail for no more money",
        )  # fmt: skip
        parser.add_argument("--prompt", required=True)
        parser.add_argument(
            "--helper", action="store_true",
            help=f"send this after the prompt: “{HELPER}”",
        )  # fmt: skip
        parser.add_argument("--model", help="default: the catalogue's first")
        parser.add_argument("--n", type=int, default=1, help="how many results")
        parser.add_argument("--size", help="WIDTHxHEIGHT; default: as framed")
        parser.add_argument("--quality")
        parser.add_argument("--background", help="opaque, transparent or auto")
        parser.add_argument("--input-fidelity", help="low or high")
        parser.add_argument(
            "--reference", type=Path, action="append", default=[], metavar="PHOTO",
            help="a further picture for the model to look at; may be given several times, in order",
        )  # fmt: skip
        parser.add_argument("--out", type=Path, default=Path("."), help="folder for the results")
        parser.add_argument("--person", help="username; default: the first administrator")

    def handle(self, *args: Any, **options: Any) -> None:
        options["out"].mkdir(parents=True, exist_ok=True)
        try:
            person = self.person(options["person"])
        except DatabaseError as error:
            raise CommandError(
                "there is no database yet. `make run` makes it, or: manage.py migrate"
            ) from error
        photo = self.photo(options["photo"], person)
        edit = self.submitted(photo, person, options)
        self.say(sent_in_words(edit))
        self.finish(edit, person)
        for result in edit.results.select_related("image").order_by("number"):
            self.write(edit, result, options["out"], options["photo"].stem)
        if edit.status != Status.SUCCEEDED:
            reason = edit.trouble_text or edit.trouble or "no reason given"
            raise CommandError(f"edit {edit.pk} {edit.status}: {reason}")

    def person(self, username: str | None) -> Person:
        people = Person.objects.filter(is_active=True).order_by("pk")
        found = (
            people.filter(username=username) if username else people.filter(role=Role.ADMIN)
        ).first()
        if found is None:
            raise CommandError(f"there is no person “{username or 'with the role admin'}”.")
        return found

    def photo(self, path: Path, person: Person) -> Image:
        if not path.is_file():
            raise CommandError(f"{path} is not a file.")
        try:
            return pictures.add_upload(path, path.name, person)
        except files.ImageRefused as refused:
            raise CommandError(f"{path.name}: {refused}") from refused

    def mask(self, photo: Image, options: dict[str, Any]) -> bytes | None:
        path: Path | None = options["mask"]
        if path is None and any(options["extend"]):
            return None
        if path is None:
            raise CommandError("say what may change: give a --mask, or --extend the photo.")
        if not path.is_file():
            raise CommandError(f"{path} is not a file.")
        read = masks.read_alpha_mask if options["mask_alpha"] else masks.read_mask
        canvas = extending.canvas_size(photo.size, options["extend"])
        try:
            return masks.mask_png(read(path.read_bytes(), canvas))
        except masks.MaskRefused as refused:
            raise CommandError(f"{path.name}: {refused}") from refused

    def submitted(self, photo: Image, person: Person, options: dict[str, Any]) -> Edit:
        new = NewEdit(
            person=person,
            source=photo,
            mask=self.mask(photo, options),
            margins=options["extend"],
            grow=options["grow"],
            feather=options["feather"],
            framing=replace(
                options["frame"], context=options["context"], split=not options["one_frame"]
            ),
            helper=options["helper"],
            prompt=options["prompt"],
            model=options["model"] or offered_models()[0].model.id,
            references=tuple(self.photo(path, person) for path in options["reference"]),
            options={name: options[name] for name in CHOSEN},
            key=uuid.uuid4(),
        )
        try:
            return submit(new)
        except NotSubmitted as refused:
            lines = [
                f"{problem.field or 'edit'}: {problem.message}" for problem in refused.problems
            ]
            raise CommandError("\n".join(lines)) from refused

    def finish(self, edit: Edit, person: Person) -> None:
        """See the edit through, whether a worker takes it or this process has to."""
        leases.start()
        with ExitStack() as stack:
            self.sandbox_if_none(stack)
            try:
                self.carry(edit)
            except KeyboardInterrupt:
                self.say(f"cancel: {cancel(edit, by=person)}")
                raise

    def carry(self, edit: Edit) -> None:
        shown = ""
        while edit.status not in (Status.SUCCEEDED, Status.FAILED, Status.CANCELED, Status.UNKNOWN):
            if edit.status != shown:
                shown = edit.status
                self.say(shown)
            if not (run(edit.pk) or store(edit.pk)):
                self.check_spending(edit)
                time.sleep(0.2)
            edit.refresh_from_db()
        self.say(edit.status)

    def check_spending(self, edit: Edit) -> None:
        spending = Spending.load()
        if edit.status == Status.QUEUED and not spending.is_allowed:
            reason = (
                "an administrator has stopped spending"
                if spending.stopped
                else spending.circuit_text
            )
            raise CommandError(f"edit {edit.pk} stays queued: {reason}")

    def sandbox_if_none(self, stack: ExitStack) -> None:
        """Without a running app there is no sandbox either: then this process serves one meanwhile."""
        if not settings.PROVIDER_IS_SANDBOX:
            return
        if not client.ping(provider(), timeout=1).ok:
            base_url = stack.enter_context(serving(key=settings.SANDBOX_KEY))
            settings.PROVIDER_BASE_URL = base_url

    def write(self, edit: Edit, result: Result, out: Path, stem: str) -> None:
        path = out / f"{stem}-{edit.pk}-{result.number}.png"
        path.write_bytes(pictures.read(result.image.original))
        gates = {
            "outside_identical": result.outside_identical,
            "pixels_compared": result.pixels_compared,
            "pixels_changed": result.pixels_changed,
            "border_ratio": result.border_ratio,
        }
        cost = None if edit.cost_microusd is None else edit.cost_microusd / 1_000_000
        line = {
            "id": result.pk,
            "edit": edit.pk,
            "file": str(path),
            "cost_usd": cost,
            "gates": gates,
        }
        self.stdout.write(json.dumps(line))

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)
