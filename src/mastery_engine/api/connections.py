"""Connections of people who take their time: each may take so much of it, and no more than so many are open."""

from __future__ import annotations

import asyncio
from typing import Final, cast

import h11
import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HEAD_SECONDS: Final = 10.0
"""How long a request's line and headers may take, how long one goes on sending that was answered already, and how long the
last answer may take to leave."""
MOST_DRAINED_BYTES: Final = 8 << 20
"""What is thrown away of a body after its answer, so that the answer is not lost with the connection."""
_log: Final = structlog.get_logger(__name__)


class Connection(H11Protocol):
    """One connection. Between requests the server's own time counts, and from a request's headers on, the application's.

    Attributes:
        most: Most of them open.
    """

    most = 0
    _slow: asyncio.TimerHandle | None = None
    _drained = 0

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


def connections_of(most: int) -> type[Connection]:
    """What a server makes of each connection.

    Args:
        most: Most of them open; others are closed at once.
    """
    return type("Connection", (Connection,), {"most": most})
