"""Telling what a picture is about from what is behind it."""

import cv2
import numpy as np

from .arrays import Mask, Pixels, size_of

_LONG_SIDE = 320
_ROUNDS = 4


def subject_alpha(pixels: Pixels) -> Mask:
    """(height, width) uint8: 255 on what stands in the middle, 0 on the ground behind it, soft edges.

    GrabCut (Rother, Kolmogorov and Blake 2004) from a frame around the picture, at a small size.
    Where it finds nothing, or nothing else, all is subject.
    """
    width, height = size_of(pixels)
    shrink = max(1.0, max(width, height) / _LONG_SIDE)
    small = max(1, round(width / shrink)), max(1, round(height / shrink))
    reduced = cv2.resize(pixels[..., :3], small, interpolation=cv2.INTER_AREA)
    found = _grabbed(np.asarray(reduced, np.uint8))
    if not 0.01 < found.mean() / 255 < 0.97:
        return np.full((height, width), 255, np.uint8)
    large = cv2.resize(found, (width, height), interpolation=cv2.INTER_CUBIC)
    soft = cv2.GaussianBlur(np.asarray(large, np.uint8), (0, 0), max(0.8, 0.35 * shrink))
    return np.clip((np.asarray(soft, np.float32) - 64) * 2, 0, 255).astype(np.uint8)


def _grabbed(reduced: Pixels) -> Mask:
    height, width = reduced.shape[:2]
    edge = max(1, round(0.04 * min(width, height)))
    if min(width, height) < 4 * edge + 8:
        return np.full((height, width), 255, np.uint8)
    marks = np.full((height, width), cv2.GC_BGD, np.uint8)
    marks[edge:-edge, edge:-edge] = cv2.GC_PR_BGD
    quarter = height // 4, width // 4
    marks[quarter[0] : -quarter[0], quarter[1] : -quarter[1]] = cv2.GC_PR_FGD
    cv2.setRNGSeed(0)  # its clustering draws at random
    ground, front = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(reduced, marks, (0, 0, 0, 0), ground, front, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    kept = (marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD)
    return np.where(kept, 255, 0).astype(np.uint8)
