"""Server-sent events over ASGI: as the HTML standard has them, and no more of them at once than the reader takes.

Written here rather than taken from a library: what is wanted is that a reader who goes away, or takes nothing, ends the stream
and leaves nothing behind, which those do by other rules.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, final

import msgspec
import structlog
from fastapi import Response

from mastery_engine.api.asgi import Message, Receive, Scope, Send
from mastery_engine.engine.live_moments import Beat, Ended, Moment
from mastery_engine.engine.live_updates import LiveStream

MEDIA_TYPE: Final = "text/event-stream"
RETRY_MS: Final = 3_000
SEND_SECONDS: Final = 30.0
"""Who takes nothing for that long is gone: what is on its way to a reader is bounded, and so is how long it may lie there."""
_BEAT: Final = b":\n\n"
_encoder: Final = msgspec.json.Encoder()
_log: Final = structlog.get_logger(__name__)


def encoded(moment: Moment) -> bytes:
    """A moment as it goes over the wire."""
    if isinstance(moment, Beat):
        return _BEAT
    if isinstance(moment, Ended):
        return b'event: end\ndata: {"reason":"%s"}\n\n' % moment.reason.encode()
    place = b"" if moment.place is None else b"id: %s\n" % moment.place.encode()
    return b"%sevent: %s\ndata: %s\n\n" % (place, moment.kind.encode(), _encoder.encode(moment.result))


@final
class EventStream(Response):
    """Sends moments as they come, until there are no more or nobody takes them."""

    media_type = MEDIA_TYPE

    def __init__(self, moments: LiveStream, ended: Callable[[], None]) -> None:
        """Nothing is sent yet.

        Args:
            moments: What to send; closed at the end.
            ended: Called once, whatever ends the stream.
        """
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._moments = moments
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        del scope
        sending = asyncio.create_task(self._send(send), name="send a stream")
        leaving = asyncio.create_task(_gone(receive), name="watch a reader")
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            leaving.cancel()
            self._moments.close()
            self._ended()
            await asyncio.wait({sending, leaving})
        if not sending.cancelled():
            sending.result()

    async def _send(self, send: Send) -> None:
        try:
            start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            await _in_time(send, start)
            await _in_time(send, _part(b"retry: %d\n\n" % RETRY_MS))
            async for moment in self._moments:
                await _in_time(send, _part(encoded(moment)))
            await _in_time(send, {**_part(b""), "more_body": False})
        except TimeoutError:
            _log.info("a reader took nothing", seconds=SEND_SECONDS)


def _part(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": True}


async def _in_time(send: Send, message: Message) -> None:
    async with asyncio.timeout(SEND_SECONDS):
        await send(message)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
