"""Why a result is doubtful, in words: its answer was put in, but did not do what was asked of it.

Codes are those of `Result.flag`; one without words here still gets a true sentence.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

FLAGS: dict[str, tuple[str | Promise, str | Promise]] = {  # for a tile or a list, and as a sentence
    "blank": (
        gettext_lazy("Blank"),
        gettext_lazy("The model sent a blank picture: one colour all over, or nothing to be seen."),
    ),
    "another_picture": (
        gettext_lazy("Another picture"),
        gettext_lazy(
            "The model sent another picture: around the mask it does not resemble the source, so"
            " what is inside may not belong there."
        ),
    ),
    "drifted": (
        gettext_lazy("Drifted"),
        gettext_lazy(
            "Around the mask the model changed more than can be corrected, so what is inside may"
            " not meet the rest. Look along the edge."
        ),
    ),
    "turned": (
        gettext_lazy("Turned"),
        gettext_lazy(
            "The model sent its picture turned. It was turned back; look whether it belongs there."
        ),
    ),
    "mirrored": (
        gettext_lazy("Mirrored"),
        gettext_lazy(
            "The model sent its picture mirrored. It was mirrored back; look whether it belongs"
            " there."
        ),
    ),
}
DOUBTFUL = gettext_lazy("Doubtful")
SOMETHING = gettext_lazy("Something about what the model sent is odd. Look at it closely.")


def word(flag: str) -> str:
    """What a tile or a list says; "" where nothing is doubtful."""
    return str(FLAGS.get(flag, (DOUBTFUL,))[0]) if flag else ""


def sentence(flag: str) -> str:
    return str(FLAGS[flag][1] if flag in FLAGS else SOMETHING) if flag else ""
