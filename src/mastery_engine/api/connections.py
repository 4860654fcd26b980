"""Connections of people who take their time: each may take so much of it, and no more than so many are open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, cast

import h11
import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HEAD_SECONDS: Final = 10.0
"""How long a request's line and headers may take, how long one goes on sending that was answered already, and how long the
last answer may take to leave."""
MOST_DRAINED_BYTES: Final = 8 << 20
"""What is thrown away of a body after its answer, so that the answer is not lost with the connection."""
MOST_HEAD_BYTES: Final = 32 << 10
"""Of a request's line and headers; a token has at most 8 KiB."""
MOST_HEADERS: Final = 200
MOST_CHUNKS: Final = 10_000
"""Of a body. To read one takes 20 µs, however little it holds: a few MB of such would take the loop from all others."""
_log: Final = structlog.get_logger(__name__)
Malformed = Callable[[bool], tuple[list[tuple[bytes, bytes]], bytes]]


class _Parser(h11.Connection):
    """HTTP/1.1 with bounds that hold however the bytes come; h11 has one of heads, and only of those that come in parts."""

    method = b""
    _chunks = 0

    def next_event(self) -> Any:
        """What has come next, unless it is too much."""
        event = super().next_event()
        if isinstance(event, h11.Data):
            self._chunks += event.chunk_start
            if self._chunks > MOST_CHUNKS:
                raise h11.RemoteProtocolError("too many chunks")
        elif isinstance(event, h11.Request):
            self.method, self._chunks = event.method, 0
            size = len(event.target) + sum(len(name) + len(value) for name, value in event.headers)
            if size > MOST_HEAD_BYTES or len(event.headers) > MOST_HEADERS:
                raise h11.RemoteProtocolError("too many headers")
        return event


class Connection(H11Protocol):
    """One connection. Between requests the server's own time counts, and from a request's headers on, the application's.

    Attributes:
        most: Most of them open.
        malformed: Headers and body of the answer to what is no HTTP, which came by TLS or not.
    """

    most = 0
    malformed: Malformed
    _slow: asyncio.TimerHandle | None = None
    _drained = 0

    def __init__(self, *given: Any, **named: Any) -> None:
        """As the server makes one."""
        super().__init__(*given, **named)
        self.conn = self._parser = _Parser(h11.SERVER, MOST_HEAD_BYTES)

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self.most:
            _log.warning("too many connections", open=len(self.connections))
            transport.abort()
            return
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of it."""
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, and time whoever should have come further by now."""
        super().data_received(data)
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is not None and not cycle.response_complete:
            self._drained = 0
            self._disarm()
            return
        self._arm()
        if self.conn.their_state is h11.SEND_BODY:
            self._drained += len(data)
            if self._drained > MOST_DRAINED_BYTES:
                self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, in the envelope, where no answer has begun; and hang up."""
        del msg
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is not None and not cycle.response_complete:
            # Whatever the application would say comes too late.
            cycle.disconnected = True
            cycle.message_event.set()
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            headers, body = self.malformed(self.scheme == "https")
            answer = h11.Response(status_code=400, headers=headers, reason=b"Bad Request")
            without_body = self.conn.our_state is h11.SEND_RESPONSE and self._parser.method == b"HEAD"
            events = (answer, h11.Data(data=b"" if without_body else body), h11.EndOfMessage())
            self.transport.write(b"".join(self.conn.send(event) or b"" for event in events))
        self.transport.close()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection on which nobody asks any more, though its caller takes nothing."""
        super().timeout_keep_alive_handler()
        self._disarm()
        self._arm()

    def _arm(self) -> None:
        if self._slow is None:
            self._slow = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _disarm(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None


def connections_of(most: int, malformed: Malformed) -> type[Connection]:
    """What a server makes of each connection.

    Args:
        most: Most of them open; others are closed at once.
        malformed: Headers and body of the answer to what is no HTTP, which came by TLS or not.
    """
    return type("Connection", (Connection,), {"most": most, "malformed": staticmethod(malformed)})
