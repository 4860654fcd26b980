"""Answers that take long: sent as they are made, and no more of them at once than the reader takes.

Written here rather than taken from a library: what is wanted is that a reader who goes away, or takes nothing, ends the answer
and leaves nothing behind, which those do by other rules.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Final, final

import structlog
from fastapi import Response

from mastery_engine.api.asgi import Message, Receive, Scope, Send
from mastery_engine.domain.errors import MasteryError

SEND_SECONDS: Final = 30.0
"""Who takes nothing for that long is gone: what is on its way to a reader is bounded, and so is how long it may lie there."""
_log: Final = structlog.get_logger(__name__)


@final
class LongAnswer(Response):
    """Sends part after part, until there are no more or nobody takes them."""

    def __init__(
        self,
        parts: AsyncGenerator[bytes],
        ended: Callable[[], None],
        media_type: str,
        headers: Mapping[str, str],
    ) -> None:
        """Nothing is sent yet.

        Args:
            parts: What to send; closed at the end.
            ended: Called once, whatever ends the answer.
            media_type: Of the whole.
            headers: Further ones.
        """
        super().__init__(headers=headers, media_type=media_type)
        del self.headers["content-length"]
        self._parts = parts
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        del scope
        sending = asyncio.create_task(self._send(send), name="send a long answer")
        leaving = asyncio.create_task(_gone(receive), name="watch a reader")
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            leaving.cancel()
            self._ended()
            await asyncio.wait({sending, leaving})
            await self._parts.aclose()
        if not sending.cancelled():
            sending.result()

    async def _send(self, send: Send) -> None:
        try:
            start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            await _in_time(send, start)
            async for part in self._parts:
                await _in_time(send, {"type": "http.response.body", "body": part, "more_body": True})
            await _in_time(send, {"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            _log.info("a reader took nothing", seconds=SEND_SECONDS)
        except MasteryError as error:
            # Too late to say so: an answer without its end is what the reader can tell it by.
            _log.warning("a long answer was broken off", code=error.code)


async def _in_time(send: Send, message: Message) -> None:
    async with asyncio.timeout(SEND_SECONDS):
        await send(message)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
