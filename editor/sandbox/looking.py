"""Decodes what was uploaded, for the catalogue's rules and for the work."""

from contextlib import AbstractContextManager
from typing import Any

from editor.images_api.asked import Asked, Looked, LookFailed, Upload
from editor.imaging import files, formats, masks
from editor.sandbox.pictures import Work

MOST_PIXELS = 64_000_000


class Decoder:
    """Looks at the pictures of one request, and keeps their pixels. `gate` is held meanwhile."""

    def __init__(self, gate: AbstractContextManager[Any]) -> None:
        self._gate = gate
        self._pixels: dict[int, Any] = {}  # by the identity of their bytes, which the request keeps

    def look(self, upload: Upload) -> Looked:
        """Raises LookFailed."""
        declared = formats.declared_size(files.sniff(upload.data[:64]) or "", upload.data[:64])
        if declared is not None and declared[0] * declared[1] > MOST_PIXELS:
            raise LookFailed
        with self._gate:
            try:
                picture = files.open_picture(upload.data)
            except files.ImageRefused:
                raise LookFailed from None
        if picture.size[0] * picture.size[1] > MOST_PIXELS:
            raise LookFailed
        self._pixels[id(upload.data)] = picture.pixels
        return Looked(picture.format, picture.size, picture.has_alpha)

    def work(self, asked: Asked) -> Work:
        request = asked.request
        pictures = tuple(self._pixels[id(part.data)] for part in request.images)
        return Work(
            model=asked.model,
            request=request,
            source=pictures[0] if pictures else None,
            mask=self._mask(asked),
            references=pictures[1:],
            transparent=request.background == "transparent",
        )

    def _mask(self, asked: Asked) -> Any | None:
        request = asked.request
        if request.mask is not None:
            return masks.api_mask_to_mask(request.mask.data, request.mask.size)
        if request.operation == "edit" and asked.model.send_alpha:
            # the picture's own transparency is the mask then
            return masks.api_mask_to_mask(request.images[0].data, request.images[0].size)
        return None
