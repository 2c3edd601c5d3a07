"""Why something was not taken, in words: one sentence that says what is wrong and what to do.

Codes come from two places: `ImageRefused.code` (a file) and `Problem.code` (an edit that was not
submitted); `troubles` has those of edits that were. A code without words still gets a true sentence.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from editor.web.words import MEGABYTE, Words, money

# --- uploads ------------------------------------------------------------------------------------

REFUSALS: Words = {
    "empty": gettext_lazy("The file is empty. Save it again, or choose another one."),
    "no_room": gettext_lazy(
        "The server has no room left for the picture. Try again later, or tell an administrator."
    ),
    "too_many_bytes": gettext_lazy(
        "The file is larger than %(limit_mb)s MB. Save it smaller, for example as a JPEG."
    ),
    "not_a_picture": gettext_lazy(
        "This is not a picture, whatever its name says. Choose a PNG, JPEG, WebP, AVIF, GIF or TIFF file."
    ),
    "format_not_taken": gettext_lazy(
        "This kind of picture is not taken. Save it as PNG, JPEG, WebP, AVIF, GIF or TIFF."
    ),
    "too_many_pixels": gettext_lazy(
        "The picture has more than %(limit_mp)s megapixels. Make it smaller and try again."
    ),
    "too_few_pixels": gettext_lazy("The picture is too small to work with. Choose a larger one."),
    "no_area": gettext_lazy("The picture has no width or no height. Choose another file."),
    "truncated": gettext_lazy(
        "The end of the file is missing. Copy or download it again, then upload it once more."
    ),
    "broken": gettext_lazy(
        "The file is damaged and can't be opened. Save it again from a picture editor."
    ),
    "too_slow": gettext_lazy(
        "Reading this file takes too long, so it was given up. Save it again as a plain PNG or JPEG."
    ),
    "no_file": gettext_lazy("No file was chosen. Choose one or more pictures."),
}


def refusal(code: str, facts: Mapping[str, Any] | None = None) -> str:
    """Why a file was not taken, and what to do."""
    sentence = REFUSALS.get(code) or gettext_lazy(
        "The picture can't be used. Save it again as PNG or JPEG and try once more."
    )
    return str(sentence) % {
        "limit_mb": settings.UPLOAD_MAX_BYTES // MEGABYTE,
        "limit_mp": settings.UPLOAD_MAX_PIXELS // 1_000_000,
    }


# --- an edit that was not submitted -------------------------------------------------------------

PROBLEMS: Words = {
    "prompt.missing": gettext_lazy("Say what should change."),
    "generate:prompt.missing": gettext_lazy("Say what the picture should show."),
    "generate:size.not_a_size": gettext_lazy("Give a width and a height, in whole pixels."),
    "generate:.key_used": gettext_lazy(
        "This form was already used for another picture. Press the button once more to make this one too."
    ),
    "vary:.key_used": gettext_lazy(
        "This form was already used for other variations. Press the button once more to make these too."
    ),
    "prompt.too_long": gettext_lazy(
        "This model takes up to %(limit)s characters; this has %(length)s."
    ),
    "prompt.not_text": gettext_lazy("The text contains a character that is none. Type it again."),
    "mask.empty": gettext_lazy("Nothing is painted yet. Paint over what should change."),
    "mask.covers_all": gettext_lazy(
        "The mask covers the whole picture, so nothing would be kept. Leave out what should stay."
    ),
    "mask.wrong_size": gettext_lazy(
        "The mask does not fit this picture. Reload the page and paint it again."
    ),
    "mask.not_a_mask": gettext_lazy("The mask can't be read. Reload the page and try again."),
    "mask.grown_over_all": gettext_lazy(
        "Grown this far, the mask covers the whole picture. Grow it less, or leave out more."
    ),
    "grow.out_of_range": gettext_lazy("Give 0 to %(max)s pixels, or nothing for automatic."),
    "grow.not_a_number": gettext_lazy("Give whole pixels, or nothing for automatic."),
    "feather.out_of_range": gettext_lazy("Give 0 to %(max)s pixels, or nothing for automatic."),
    "feather.not_a_number": gettext_lazy("Give whole pixels, or nothing for automatic."),
    "framing.not_offered": gettext_lazy("Choose one of the ways to frame."),
    "context.out_of_range": gettext_lazy("Give a context from 25 to 150 %%."),
    "context.not_a_number": gettext_lazy("Give a context from 25 to 150 %."),
    "own.missing": gettext_lazy("Drag a frame over the picture, or choose another way to frame."),
    "own.not_a_frame": gettext_lazy("The frame can't be read. Drag it over the picture once more."),
    "own.too_small": gettext_lazy(
        "Neither side of a frame may be shorter than %(min)s pixels. Make it larger."
    ),
    "own.not_inside": gettext_lazy("The frame lies outside of the picture. Drag it inside."),
    "margins.not_margins": gettext_lazy(
        "What is added around the picture can't be read. Reload the page and extend it again."
    ),
    "margins.too_many_pixels": gettext_lazy(
        "The extended picture would have %(width)s × %(height)s pixels, more than %(limit_mp)s "
        "megapixels. Add less around it."
    ),
    "margins.side_too_long": gettext_lazy(
        "The extended picture would have %(width)s × %(height)s pixels; no side may be longer than "
        "%(longest)s. Add less around it."
    ),
    "marks.not_marks": gettext_lazy("The drawing can't be read. Reload the page and try again."),
    "marks.too_many": gettext_lazy(
        "The drawing has %(found)s marks, and at most %(limit)s are kept. Delete some of them."
    ),
    "marks.too_long": gettext_lazy("The drawing has too many lines. Delete some of them."),
    "marks.too_much_text": gettext_lazy("The drawing has too many letters. Shorten its texts."),
    "markup_as.not_offered": gettext_lazy("Choose how the drawing is sent."),
    "markup_as.not_taken": gettext_lazy(
        "This model takes no drawing. Send it as a reference picture, or choose another model."
    ),
    "references.too_many_with_drawing": gettext_lazy(
        "This model takes up to %(max)s references; with the drawing these are %(count)s. Take some "
        "out."
    ),
    "model.unknown_model": gettext_lazy("This model is not offered here. Choose another one."),
    "model.cannot_edit": gettext_lazy("This model can't edit pictures. Choose another one."),
    "model.cannot_generate": gettext_lazy(
        "This model can't make pictures from words alone. Choose another one."
    ),
    "model.cannot_vary": gettext_lazy("This model can't make variations. Choose another one."),
    "n.out_of_range": gettext_lazy("This model gives %(min)s to %(max)s results at a time."),
    "n.not_a_number": gettext_lazy("Give a whole number."),
    "n.not_taken": gettext_lazy("This model does not take a number of results."),
    "size.not_offered": gettext_lazy("This model does not give this size. Choose one of the list."),
    "size.not_a_size": gettext_lazy("This is not a size. Choose one of the list."),
    "quality.not_offered": gettext_lazy(
        "This model does not have this quality. Choose one of the list."
    ),
    "quality.not_taken": gettext_lazy("This model has no qualities to choose from."),
    "size.not_a_multiple": gettext_lazy("Width and height must be multiples of %(multiple)s."),
    "size.edge_too_long": gettext_lazy("No side may be longer than %(max_edge)s pixels."),
    "size.too_narrow": gettext_lazy(
        "The long side may be at most %(max_ratio)s times the short one."
    ),
    "size.too_few_pixels": gettext_lazy(
        "This is too small: width times height must be at least %(min_pixels)s pixels."
    ),
    "size.too_many_pixels": gettext_lazy(
        "This is too large: width times height may be at most %(max_pixels)s pixels."
    ),
    "background.not_offered": gettext_lazy(
        "This model does not give this background. Choose one of the list."
    ),
    "background.not_taken": gettext_lazy("This model has no backgrounds to choose from."),
    "output_format.not_offered": gettext_lazy(
        "This model does not give this format. Choose one of the list."
    ),
    "output_format.not_taken": gettext_lazy("This model has no formats to choose from."),
    "output_compression.not_taken": gettext_lazy("This model can't compress its pictures."),
    "moderation.not_offered": gettext_lazy(
        "This model does not have this. Choose one of the list."
    ),
    "moderation.not_taken": gettext_lazy("With this model, moderation can't be chosen."),
    "style.not_offered": gettext_lazy(
        "This model does not have this style. Choose one of the list."
    ),
    "style.not_taken": gettext_lazy("This model has no styles to choose from."),
    "complexity.not_offered": gettext_lazy(
        "This model does not have this complexity. Choose one of the list."
    ),
    "complexity.not_taken": gettext_lazy("This model has no complexity to choose."),
    "partial_images.out_of_range": gettext_lazy(
        "This model gives up to %(max)s previews while it works."
    ),
    "partial_images.not_taken": gettext_lazy("This model gives no previews while it works."),
    "key_missing": gettext_lazy("The page is out of date. Reload it and run the edit again."),
    "references.too_many": gettext_lazy(
        "This model takes up to %(max)s references; these are %(count)s. Take some out."
    ),
    "references.unreadable": gettext_lazy(
        "The references can't be read. Reload the page and choose them again."
    ),
    "references.gone": gettext_lazy("Reference %(number)s can't be found. Take it out."),
    "references.twice": gettext_lazy("%(name)s is a reference already. Each one counts once."),
    "background.needs_other_format": gettext_lazy(
        "A transparent background needs PNG or WebP as the file format."
    ),
    "output_compression.needs_other_format": gettext_lazy("Only WebP and JPEG can be compressed."),
    "output_compression.out_of_range": gettext_lazy("Give a whole number from %(min)s to %(max)s."),
    "output_compression.not_a_number": gettext_lazy("Give a whole number from 0 to 100."),
    "partial_images.not_a_number": gettext_lazy("Choose one of the numbers."),
    ".key_used": gettext_lazy(
        "This form was already used for another edit. Open the studio again to start a new one."
    ),
    ".over_budget": gettext_lazy(
        "This edit may cost %(wanted)s, and only %(left)s is left this month. Choose fewer pictures "
        "or a lower quality, or ask an administrator."
    ),
}


def problem(found: Any, operation: str = "edit") -> str:
    """A `Problem` in words: ours where the code has some, else the catalogue's own sentence."""
    code = f"{found.field}.{found.code}"
    sentence = PROBLEMS.get(f"{operation}:{code}") or PROBLEMS.get(code)
    if sentence is None:
        return _(found.message)
    try:
        return str(sentence) % _facts(found.facts)
    except KeyError:
        return str(found.message)


def _facts(facts: Mapping[str, Any]) -> dict[str, str]:
    """Numbers as people write them, and amounts as money."""
    said = {
        name: number_format(value, force_grouping=True) if isinstance(value, int) else str(value)
        for name, value in facts.items()
    }
    for name, value in facts.items():
        if name.endswith("_microusd"):
            said[name.removesuffix("_microusd")] = money(value)
    return said
