"""The bytes of one request's body and not one more, for the connection may carry another request."""

from io import BufferedIOBase

from editor.images_api.refusals import Refusal

CHUNK = 64 * 1024
LONGEST_LINE = 200  # of a chunk's head
# What is left of a refused body is read so that the refusal arrives; more of it closes the connection.
MOST_DRAINED = 128 * 1024 * 1024


class Body:
    """A body of an announced length."""

    def __init__(self, stream: BufferedIOBase, length: int) -> None:
        self.stream = stream
        self.length: int | None = length
        self.left = length

    def read(self, size: int = -1) -> bytes:
        wanted = self.left if size < 0 else min(size, self.left)
        data = self.stream.read(wanted) if wanted > 0 else b""
        self.left -= len(data)
        return data

    def drain(self) -> bool:
        """Read the rest; False where that is too much, or does not come."""
        if self.left > MOST_DRAINED:
            return False
        while self.left > 0:
            if not self.read(CHUNK):
                return False
        return True


class ChunkedBody:
    """A body whose length nobody knows before its end."""

    length = None

    def __init__(self, stream: BufferedIOBase) -> None:
        self.stream = stream
        self._left = 0  # of the chunk at hand
        self._is_over = False

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, or all. Raises Refusal for chunks that are none."""
        pieces = []
        wanted = size
        while wanted != 0 and not self._is_over:
            piece = self._piece(wanted)
            pieces.append(piece)
            wanted -= len(piece) if size > 0 else 0
        return b"".join(pieces)

    def drain(self) -> bool:
        drained = 0
        try:
            while not self._is_over and drained <= MOST_DRAINED:
                drained += len(self.read(CHUNK))
        except Refusal:
            return False
        return self._is_over

    def _piece(self, wanted: int) -> bytes:
        if self._left == 0:
            self._left = self._next_length()
        if self._left == 0:
            self._end()
            return b""
        data = self.stream.read(self._left if wanted < 0 else min(wanted, self._left))
        self._left -= len(data)
        if not data:
            self._broken()
        if self._left == 0 and self.stream.readline(3) != b"\r\n":
            self._broken()
        return data

    def _next_length(self) -> int:
        line = self.stream.readline(LONGEST_LINE)
        digits = line.split(b";")[0].strip()
        is_one = line.endswith(b"\n") and 0 < len(digits) <= 12
        if not is_one or not set(digits) <= set(b"0123456789abcdefABCDEF"):
            self._broken()
        return int(digits, 16)

    def _end(self) -> None:
        for _ in range(50):  # trailers, which mean nothing here
            line = self.stream.readline(LONGEST_LINE)
            if line in (b"\r\n", b"\n", b""):
                self._is_over = True
                return
        self._broken()

    def _broken(self) -> None:
        self._is_over = True
        raise Refusal(400, "The chunks of the body are damaged.", code="invalid_body")
