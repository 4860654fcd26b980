"""Server-sent events, as the HTML standard has them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Final

import msgspec

from mastery_engine.api.long_answer import LongAnswer
from mastery_engine.api.operation import EVENT_STREAM
from mastery_engine.engine.live_moments import Beat, Ended, Moment
from mastery_engine.engine.live_updates import LiveStream

RETRY_MS: Final = 3_000
_BEAT: Final = b":\n\n"
_encoder: Final = msgspec.json.Encoder()


def encoded(moment: Moment) -> bytes:
    """A moment as it goes over the wire."""
    if isinstance(moment, Beat):
        return _BEAT
    if isinstance(moment, Ended):
        return b'event: end\ndata: {"reason":"%s"}\n\n' % moment.reason.encode()
    place = b"" if moment.place is None else b"id: %s\n" % moment.place.encode()
    return b"%sevent: %s\ndata: %s\n\n" % (place, moment.kind.encode(), _encoder.encode(moment.result))


async def text_of(moments: LiveStream) -> AsyncGenerator[bytes]:
    """Moments as they go over the wire, with how soon to come again before them."""
    yield b"retry: %d\n\n" % RETRY_MS
    async for moment in moments:
        yield encoded(moment)


def event_stream(moments: LiveStream, ended: Callable[[], None]) -> LongAnswer:
    """The answer that sends moments as they come, until there are no more or nobody takes them.

    Args:
        moments: What to send; closed at the end.
        ended: Called once, whatever ends the stream.
    """

    def over() -> None:
        moments.close()
        ended()

    return LongAnswer(text_of(moments), over, EVENT_STREAM, {"X-Accel-Buffering": "no"})
