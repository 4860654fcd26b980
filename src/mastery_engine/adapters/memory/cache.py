"""Cache in a dictionary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from mastery_engine.ports import Cached, Clock, Fill

KEPT_SECONDS: Final = 300
LEASE_SECONDS: Final = 10


class _Held(Struct, frozen=True, gc=False):
    value: bytes | None
    lease: str
    until: float


class MemoryCache:
    """Keys to copies that expire."""

    def __init__(self, clock: Clock) -> None:
        """Start empty.

        Args:
            clock: Tells when a copy or a lease has expired.
        """
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._leases = 0

    async def get_many(self, keys: Sequence[str]) -> list[Cached]:
        return [self._get(key) for key in keys]

    async def fill_many(self, fills: Sequence[Fill]) -> None:
        now = self._clock.monotonic()
        for key, value, lease in fills:
            held = self._current(key, now)
            if lease and held is not None and held.lease == lease:
                self._held[key] = _Held(value, "", now + KEPT_SECONDS)

    async def remove_many(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._held.pop(key, None)

    async def ping(self) -> None:
        return

    async def close(self) -> None:
        return

    def _current(self, key: str, now: float) -> _Held | None:
        held = self._held.get(key)
        return None if held is None or held.until <= now else held

    def _get(self, key: str) -> Cached:
        now = self._clock.monotonic()
        held = self._current(key, now)
        if held is not None:
            return Cached(held.value)
        self._leases += 1
        lease = str(self._leases)
        self._held[key] = _Held(None, lease, now + LEASE_SECONDS)
        return Cached(None, lease)
