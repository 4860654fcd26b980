"""Tickets for those who cannot send a token with what they open, such as a browser's EventSource: good once, for a minute."""

from __future__ import annotations

import hashlib
from typing import Final, final

import msgspec
from msgspec import Struct

from mastery_engine.contracts import keys
from mastery_engine.ports import ABSENT, Clock, StateStore, Write

TICKET_SECONDS: Final = 60


class Ticket(Struct, frozen=True, kw_only=True):
    """What a ticket stands for.

    Attributes:
        student_id: Whose result may be followed with it.
        claims: Of the token that it was asked for with, as the door reads them.
        until_ms: Until when it may be used, Unix milliseconds.
    """

    student_id: str
    claims: msgspec.Raw
    until_ms: int


_DECODER: Final = msgspec.json.Decoder(Ticket)


@final
class StreamTickets:
    """Tickets in the state store, so that any process may take what another gave. Their text itself is kept nowhere."""

    def __init__(self, store: StateStore, clock: Clock) -> None:
        """Use a store.

        Args:
            store: Where they are kept until they are used.
            clock: Tells when one is too old.
        """
        self._store = store
        self._clock = clock

    async def give(self, text: str, student_id: str, claims: bytes) -> None:
        """Make a ticket.

        Args:
            text: What its bearer shows; random, and long enough that nobody guesses it.
            student_id: Whose result.
            claims: JSON, given back when it is used.
        """
        until = self._clock.now_ms() + TICKET_SECONDS * 1_000
        ticket = Ticket(student_id=student_id, claims=msgspec.Raw(claims), until_ms=until)
        write = Write(_key(text), msgspec.json.encode(ticket), ABSENT, TICKET_SECONDS)
        await self._store.write_many([write])

    async def use(self, text: str) -> Ticket | None:
        """What a ticket stands for, once: None for one that was used, is too old or never was."""
        key = _key(text)
        (entry,) = await self._store.get_many([key])
        if entry is None:
            return None
        # Of two who show it at once, one removes it.
        (removed,) = await self._store.write_many([Write(key, None, entry.version)])
        ticket = _DECODER.decode(entry.value)
        return ticket if removed and self._clock.now_ms() < ticket.until_ms else None


def _key(text: str) -> str:
    return keys.stream_ticket(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest())
