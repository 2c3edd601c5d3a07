"""The names for what every module of this room takes and gives."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
"""(height, width, 3) RGB or (height, width, 4) RGBA, uint8, sRGB, upright, straight alpha."""

Mask: TypeAlias = NDArray[np.uint8]
"""(height, width) uint8, only 0 and 255; 255 = change here."""

Floats: TypeAlias = NDArray[np.float32]

Size: TypeAlias = tuple[int, int]
"""(width, height)."""

Bounds: TypeAlias = tuple[int, int, int, int]
"""(left, top, right, bottom); right and bottom exclusive."""


def size_of(array: NDArray[Any]) -> Size:
    """(width, height) of pixels or of a mask."""
    return int(array.shape[1]), int(array.shape[0])
