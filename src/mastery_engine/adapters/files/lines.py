"""Lines of a byte stream in constant memory, however long they are."""

from __future__ import annotations

from collections import deque
from typing import BinaryIO, Final, NamedTuple, final

MAX_LINE_BYTES: Final = 1 << 20
_SKIP_BYTES: Final = 1 << 16


class Line(NamedTuple):
    """One line.

    Attributes:
        number: Counts from 1.
        data: The line as it is in the file, without its end; of a line that is too long only the beginning.
        skipped: Bytes that were passed over because the line is too long, 0 for a whole line.
    """

    number: int
    data: bytes
    skipped: int = 0


@final
class Lines:
    """Reads lines; lines may be put back, to be read again.

    Attributes:
        position: Bytes read so far.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._number = 0
        self._waiting: deque[Line] = deque()
        self.position = 0

    def next(self) -> Line | None:
        """The next line, None at the end."""
        if self._waiting:
            return self._waiting.popleft()
        # Two bytes more than a line may have, for its end.
        data = self._stream.readline(MAX_LINE_BYTES + 2)
        if not data:
            return None
        self._number += 1
        self.position += len(data)
        line = _without_end(data)
        if len(line) <= MAX_LINE_BYTES:
            return Line(self._number, line)
        skipped = len(line) - MAX_LINE_BYTES + (0 if data.endswith(b"\n") else self._skip())
        return Line(self._number, line[:MAX_LINE_BYTES], skipped)

    def put_back(self, lines: list[Line]) -> None:
        """Have these lines read next, in their order."""
        self._waiting.extendleft(reversed(lines))

    def _skip(self) -> int:
        """Pass over the rest of the line; its size without its end."""
        skipped = 0
        while part := self._stream.readline(_SKIP_BYTES):
            self.position += len(part)
            skipped += len(_without_end(part))
            if part.endswith(b"\n"):
                break
        return skipped


def _without_end(line: bytes) -> bytes:
    if line.endswith(b"\r\n"):
        return line[:-2]
    return line[:-1] if line.endswith(b"\n") else line
