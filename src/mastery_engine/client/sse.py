"""Server-sent events out of bytes, as the HTML standard has them; without any IO.

A library for it would bring another client of its own, and reads lines of any length.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple, final

MOST_BYTES: Final = 1 << 20
"""Of one event; far more than a result has."""


class Event(NamedTuple):
    """One event.

    Attributes:
        kind: Its type.
        data: Its data.
        id: Of the last event that had one; None before.
    """

    kind: str
    data: bytes
    id: str | None


@final
class EventDecoder:
    """Takes bytes as they come, and gives the events that are whole.

    Attributes:
        last_id: Of the last event that had one.
        retry_seconds: How long the server asks to wait before coming again; None if it does not say.
    """

    def __init__(self, last_id: str | None = None) -> None:
        """Nothing came yet."""
        self.last_id = last_id
        self.retry_seconds: float | None = None
        self._rest = b""
        self._kind = "message"
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, part: bytes) -> Iterator[Event]:
        """The events that end in a part.

        Raises:
            ValueError: An event is too long, or its kind is not UTF-8.
        """
        *lines, self._rest = (self._rest + part).split(b"\n")
        for line in lines:
            event = self._line(line.removesuffix(b"\r"))
            if event is not None:
                yield event
        if self._size + len(self._rest) > MOST_BYTES:
            raise ValueError(f"an event of a stream is longer than {MOST_BYTES:,} bytes")

    def _line(self, line: bytes) -> Event | None:
        if not line:
            data, kind = self._data, self._kind
            self._data, self._kind, self._size = [], "message", 0
            return Event(kind, b"\n".join(data), self.last_id) if data else None
        self._size += len(line)
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._kind = value.decode()
        elif name == b"id" and b"\0" not in value:
            self.last_id = value.decode()
        elif name == b"retry" and value.isdigit():
            self.retry_seconds = int(value) / 1_000
        return None
