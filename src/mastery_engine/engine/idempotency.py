"""Requests that may be sent again: the same key and body get the same answer, another body is refused.

1. Reserve the key by compare-and-set, for a minute: who comes meanwhile waits for the answer a while.
2. Do the work.
3. Put the answer in the place of the reservation, for a day, by compare-and-set.

Ended before 3, the reservation goes by itself and the work may be done again, which is right: events are known by their own
ids.

What is kept holds nothing of any person: keys and bodies as keyed hashes, and of the answer what cannot be made anew from the
body. So an erasure has nothing to look for here.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final, final

import msgspec
from msgspec import Struct

from mastery_engine.contracts import keys
from mastery_engine.domain.errors import Conflict, InvalidInput, Problem
from mastery_engine.engine.access import Caller
from mastery_engine.ports import ABSENT, Clock, StateStore, Write

KEPT_SECONDS: Final = 86_400
RESERVED_SECONDS: Final = 60
WAIT_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.05
_PURPOSE: Final = "idempotency"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


class UnderWay(Conflict):
    """A request with the same key has not been answered yet; try again in a moment."""


class Kept(Struct, array_like=True, frozen=True):
    """What is kept of a request.

    Attributes:
        digest: Keyed hash of the body.
        at_ms: When it was taken, Unix milliseconds.
        token: Of the answer; None until there is one.
    """

    digest: bytes
    at_ms: int
    token: str | None = None


class Reservation(Struct, frozen=True):
    """The right to do the work of a request.

    Attributes:
        key: Of the store.
        kept: What stands there.
        version: Of what stands there.
    """

    key: str
    kept: Kept
    version: str


_decoder: Final = msgspec.msgpack.Decoder(Kept)


@final
class Idempotency:
    """Knows the requests of the last day."""

    def __init__(self, store: StateStore, pseudonyms: keys.Pseudonyms, clock: Clock) -> None:
        """Use a store.

        Args:
            store: Where they are kept.
            pseudonyms: Of callers; a key for hashes follows from theirs.
            clock: For times and waits.
        """
        self._store = store
        self._pseudonyms = pseudonyms
        self._hash_key = pseudonyms.key_for(_PURPOSE)
        self._clock = clock

    async def begin(self, caller: Caller, key: str, body: bytes) -> Reservation | Kept:
        """Reserve a key, or get what is kept of the same request.

        Args:
            caller: Who sends it; everybody has keys of their own.
            key: 1 to 255 visible ASCII characters.
            body: As it was sent.

        Raises:
            InvalidInput: The key is none.
            Conflict: The key was used with another body.
            UnderWay: A request with the key is not answered yet.
            DependencyDown: The store does not answer.
        """
        if not _KEY.fullmatch(key):
            rule = "must be 1 to 255 visible ASCII characters, without spaces"
            raise InvalidInput.of(Problem("Idempotency-Key", f"{len(key)} characters", rule))
        digest = self._digest(hashlib.sha256(body).digest())
        caller_hash = self._pseudonyms.of(caller.tenant_id, f"{caller.role} {caller.subject}")
        name = keys.idempotency(caller.tenant_id, caller_hash, self._digest(key.encode()).hex())
        deadline = self._clock.monotonic() + WAIT_SECONDS
        while True:
            (entry,) = await self._store.get_many([name])
            if entry is None:
                reserved = await self._reserve(name, digest)
                if reserved is not None:
                    return reserved
                continue
            kept = _decoder.decode(entry.value)
            if kept.digest != digest:
                raise Conflict(
                    "this Idempotency-Key was used with another body; send a new key with a new body"
                )
            if kept.token is not None:
                return kept
            if self._clock.monotonic() >= deadline:
                raise UnderWay("a request with this Idempotency-Key is under way; send it again in a moment")
            await self._clock.sleep(_LOOK_SECONDS)

    async def finish(self, reservation: Reservation, token: str) -> None:
        """Keep what the answer is made from; nothing is kept by who took longer than the reservation lasts.

        Args:
            reservation: Of the request.
            token: What cannot be made anew from the body; nothing of any person.
        """
        kept = msgspec.structs.replace(reservation.kept, token=token)
        await self._write(reservation.key, kept, reservation.version, KEPT_SECONDS)

    async def release(self, reservation: Reservation) -> None:
        """Let the key be used again, after work that was not done."""
        await self._store.write_many([Write(reservation.key, None, reservation.version)])

    async def _reserve(self, name: str, digest: bytes) -> Reservation | None:
        kept = Kept(digest, self._clock.now_ms())
        if not await self._write(name, kept, ABSENT, RESERVED_SECONDS):
            return None
        (entry,) = await self._store.get_many([name])
        # Between the two a minute may have passed, and another one have the key.
        ours = entry is not None and _decoder.decode(entry.value) == kept
        return Reservation(name, kept, entry.version) if entry is not None and ours else None

    async def _write(self, name: str, kept: Kept, expected: str, ttl: int) -> bool:
        write = Write(name, msgspec.msgpack.encode(kept), expected, ttl)
        return (await self._store.write_many([write]))[0]

    def _digest(self, value: bytes) -> bytes:
        return hashlib.blake2b(value, key=self._hash_key, digest_size=32).digest()
