"""State store in a dictionary."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final

from msgspec import Struct

from mastery_engine.ports import ABSENT, Clock, Entry, Write

_BATCH: Final = 1_000


class _Held(Struct, frozen=True, gc=False):
    entry: Entry
    expires_ms: int | None


class MemoryStateStore:
    """Keys to bytes with versions and expiry; a version is never given twice in one store."""

    def __init__(self, clock: Clock) -> None:
        """Start empty.

        Args:
            clock: Tells when a key has expired.
        """
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._version = 0

    async def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        now = self._clock.now_ms()
        return [self._get(key, now) for key in keys]

    async def write_many(self, writes: Sequence[Write]) -> list[bool]:
        now = self._clock.now_ms()
        return [self._write(write, now) for write in writes]

    async def scan(self, prefix: str) -> AsyncIterator[list[str]]:
        now = self._clock.now_ms()
        keys = [key for key in self._held if key.startswith(prefix) and self._get(key, now)]
        for start in range(0, len(keys), _BATCH):
            yield keys[start : start + _BATCH]

    async def expired(self) -> AsyncIterator[list[str]]:
        if keys := self._expired():
            yield keys

    async def purge(self) -> int:
        """Remove expired entries; returns how many."""
        expired = self._expired()
        for key in expired:
            del self._held[key]
        return len(expired)

    async def ping(self) -> None:
        return

    async def close(self) -> None:
        return

    def _expired(self) -> list[str]:
        now = self._clock.now_ms()
        return [key for key in self._held if self._get(key, now) is None]

    def _get(self, key: str, now: int) -> Entry | None:
        held = self._held.get(key)
        if held is None or (held.expires_ms is not None and held.expires_ms <= now):
            return None
        return held.entry

    def _write(self, write: Write, now: int) -> bool:
        if write.expected is not None:
            entry = self._get(write.key, now)
            if write.expected != (entry.version if entry else ABSENT):
                return False
        if write.value is None:
            self._held.pop(write.key, None)
            return True
        self._version += 1
        expires = None if write.ttl_seconds is None else now + write.ttl_seconds * 1_000
        self._held[write.key] = _Held(Entry(write.value, str(self._version)), expires)
        return True
