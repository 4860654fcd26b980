"""How often a caller may come: counted with the other replicas where that is possible, else by this process alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final, final

import structlog

from mastery_engine.domain.errors import MasteryError
from mastery_engine.engine.access import Caller
from mastery_engine.ports import Clock, Limits, Standing

PAUSE_SECONDS: Final = 1.0
"""How long nobody asks limits that did not answer: then one request does."""
_KEY_BYTES: Final = 16
_log: Final = structlog.get_logger(__name__)


@final
class Limiting:
    """Shared limits, and those of this process for as long as the shared ones do not answer.

    So an outage neither opens the door, nor closes it: each process lets through what one caller may, by its own count.
    """

    def __init__(self, key: bytes, clock: Clock, own: Limits, shared: Callable[[], Limits] | None) -> None:
        """Nobody is counted yet.

        Args:
            key: Of the hashes that stand for callers.
            clock: Its monotonic seconds tell when to ask again.
            own: Of this process.
            shared: Gives those of all replicas, which are opened when the first asks; None without any.
        """
        self._key = key
        self._clock = clock
        self._own = own
        self._open = shared
        self._shared: Limits | None = None
        self._again = 0.0
        self._trouble: str | None = None

    @property
    def shares(self) -> bool:
        """Whether there are limits that replicas share."""
        return self._open is not None

    @property
    def trouble(self) -> str | None:
        """Why the shared limits are not used, as of the last request; None while they are, or where there are none."""
        return self._trouble

    async def take(self, caller: Caller, name: str, most: int) -> Standing:
        """Come, and pass if fewer than `most` have in the 60 seconds before.

        Args:
            caller: Who comes; tenant, role and subject count.
            name: Of what is asked for; each has a count of its own.
            most: At least 1.
        """
        key = self._hash(caller, name)
        if self._open is None or (self._trouble is not None and self._clock.monotonic() < self._again):
            return await self._own.take(key, most)
        if self._shared is None:
            self._shared = self._open()
        # Those who come while this one waits do not wait as well, once it is known that there is trouble.
        self._again = self._clock.monotonic() + PAUSE_SECONDS
        try:
            standing = await self._shared.take(key, most)
        except MasteryError as error:
            self._tell(error.message)
            return await self._own.take(key, most)
        self._tell(None)
        return standing

    async def close(self) -> None:
        """Let go of the limits; idempotent."""
        if self._shared is not None:
            await self._shared.close()
        await self._own.close()

    def _hash(self, caller: Caller, name: str) -> str:
        # The subject comes last: it alone may hold anything.
        text = f"{caller.tenant_id}\n{caller.role}\n{name}\n{caller.subject}"
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=_KEY_BYTES).hexdigest()

    def _tell(self, trouble: str | None) -> None:
        if trouble is not None:
            self._again = self._clock.monotonic() + PAUSE_SECONDS
        if (trouble is None) != (self._trouble is None):
            if trouble is None:
                _log.warning("limits are shared by all replicas again")
            else:
                _log.warning("limits are this process's own until the shared ones answer", reason=trouble)
        self._trouble = trouble
