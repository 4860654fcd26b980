"""Read your own write: a token of where events lie, and waiting until they are folded."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable
from typing import Annotated, Final, final

import msgspec
from msgspec import Meta, Struct

from mastery_engine.api.envelope import RETRY_SECONDS
from mastery_engine.api.errors import Refusal
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.ports import Clock, EventLog, LogConsumer, Position

HEADER: Final = "X-Mastery-Position"
VERSION: Final = 1
LONGEST_WAIT_SECONDS: Final = 2.0
_LOOK_AGAIN_SECONDS: Final = 0.01
_MOST_CHARACTERS: Final = 16 * 1024


class _Token(Struct, array_like=True, frozen=True):
    version: int
    topic_id: str
    offsets: dict[Annotated[int, Meta(ge=0)], Annotated[int, Meta(ge=0)]]


_decoder: Final = msgspec.msgpack.Decoder(_Token)


@final
class Positions:
    """Makes tokens, and waits for them."""

    def __init__(self, log: EventLog, folding: LogConsumer, clock: Clock) -> None:
        """Put the parts together.

        Args:
            log: Where events are appended.
            folding: A consumer of the group that folds; it is asked what is committed and never polled.
            clock: For the waits.
        """
        self._log = log
        self._folding = folding
        self._clock = clock
        self._look: asyncio.Task[dict[int, int]] | None = None

    async def token(self, positions: Iterable[Position]) -> str:
        """Opaque token of the last of the positions in each partition."""
        last: dict[int, int] = {}
        for partition, offset in positions:
            last[partition] = max(offset, last.get(partition, 0))
        token = _Token(VERSION, await self._log.topic_id(), last)
        return base64.urlsafe_b64encode(msgspec.msgpack.encode(token)).decode().rstrip("=")

    async def wait(self, text: str) -> None:
        """Return once all that a token stands for is folded.

        Args:
            text: From `token`.

        Raises:
            InvalidInput: It is no such token, or of a log that was made anew since.
            Refusal: It is not folded within two seconds.
            DependencyDown: The log does not answer.
        """
        token = _read(text)
        if token.topic_id != await self._log.topic_id():
            raise _invalid(text, "is of a log that was made anew since; ask without it")
        deadline = self._clock.monotonic() + LONGEST_WAIT_SECONDS
        while not await self._folded(token):
            if self._clock.monotonic() >= deadline:
                message = f"the events of {HEADER} are not folded yet; they are safe, try again"
                raise Refusal("SERVICE_UNAVAILABLE", message, headers={"Retry-After": str(RETRY_SECONDS)})
            await self._clock.sleep(_LOOK_AGAIN_SECONDS)

    async def _folded(self, token: _Token) -> bool:
        # The offsets are committed as a step's last act: what is committed is folded and written.
        # Who waits at the same time shares one look, so that a crowd asks the log no more than one does.
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._folding.committed(), name="look what is folded")
        committed = await asyncio.shield(self._look)
        return all(committed.get(partition, 0) > offset for partition, offset in token.offsets.items())


def _read(text: str) -> _Token:
    try:
        if len(text) > _MOST_CHARACTERS:
            raise _invalid(text, "is longer than any token of here")
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        token = _decoder.decode(raw)
    except (ValueError, msgspec.DecodeError):
        raise _invalid(text, "must be the position that an ingest answered") from None
    if token.version != VERSION:
        raise _invalid(text, f"is of version {token.version}; known is {VERSION}")
    return token


def _invalid(text: str, rule: str) -> InvalidInput:
    return InvalidInput.of(Problem(HEADER, text[:100], rule))
