"""Small pictures of masks, for lists of them."""

import cv2

from .arrays import Size, size_of
from .masks import read_mask
from .previews import SMALL_THUMB_SIDE


def mask_thumb(data: bytes, size: Size) -> bytes:
    """The mask in `data`, a file of a mask of `size` (width, height), as a grey PNG whose long side is
    at most SMALL_THUMB_SIDE pixels: the brighter, the more of what lies under a pixel is masked.

    Raises MaskRefused (not_a_mask, wrong_size) as read_mask does.
    """
    mask = read_mask(data, size)
    across, down = size_of(mask)
    scale = min(1.0, SMALL_THUMB_SIDE / max(across, down))
    small = (max(1, round(across * scale)), max(1, round(down * scale)))
    written, png = cv2.imencode(".png", cv2.resize(mask, small, interpolation=cv2.INTER_AREA))
    assert written
    return png.tobytes()
