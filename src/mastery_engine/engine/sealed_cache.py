"""A cache whose copies are sealed: what somebody else has put there, or moved to another key, is no copy."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from hmac import compare_digest
from typing import Final, final

from mastery_engine.engine.cache_counts import CacheCounts
from mastery_engine.ports import Cache, Cached, Fill

SEAL_BYTES: Final = 16


@final
class SealedCache:
    """Puts a seal before each copy, which only who has the key can make, and which holds for one cache key.

    Who may write to the cache can take copies away, or put back an older one of the same key, and no more.
    """

    def __init__(self, cache: Cache, key: bytes, counts: CacheCounts) -> None:
        """Seal what goes into a cache.

        Args:
            cache: Holds the copies.
            key: 16 to 64 secret bytes, the same in all processes that share the cache.
            counts: To count in what has no such seal.
        """
        self._cache = cache
        self._key = key
        self._counts = counts

    async def get_many(self, keys: Sequence[str]) -> list[Cached]:
        """Copies whose seal holds, or leases; others are removed."""
        found = await self._cache.get_many(keys)
        told = [self._opened(key, one) for key, one in zip(keys, found, strict=True)]
        broken = [
            key
            for key, one, opened in zip(keys, found, told, strict=True)
            if one.value is not None and opened.value is None
        ]
        if broken:
            self._counts.corrupt += len(broken)
            await self._cache.remove_many(broken)
        return told

    async def fill_many(self, fills: Sequence[Fill]) -> None:
        """Seal and keep."""
        await self._cache.fill_many(
            [one._replace(value=self._seal(one.key, one.value) + one.value) for one in fills]
        )

    async def remove_many(self, keys: Sequence[str]) -> None:
        """Remove copies, and end leases."""
        await self._cache.remove_many(keys)

    async def ping(self) -> None:
        """Return if the cache answers."""
        await self._cache.ping()

    async def close(self) -> None:
        """Close the cache."""
        await self._cache.close()

    def _opened(self, key: str, found: Cached) -> Cached:
        if found.value is None:
            return found
        seal, value = found.value[:SEAL_BYTES], found.value[SEAL_BYTES:]
        return Cached(value) if compare_digest(seal, self._seal(key, value)) else Cached(None)

    def _seal(self, key: str, value: bytes) -> bytes:
        name = key.encode()
        sealed = blake2b(len(name).to_bytes(4), key=self._key, digest_size=SEAL_BYTES)
        sealed.update(name)
        sealed.update(value)
        return sealed.digest()
