"""A cache in Redis: quick or not at all, for what it holds can be read elsewhere."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, cast, final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from mastery_engine.domain.errors import ConfigurationError, DependencyDown
from mastery_engine.ports import Cached, Fill

KEPT_SECONDS: Final = 300
LEASE_SECONDS: Final = 10
ANSWER_SECONDS: Final = 0.25
MOST_CONNECTIONS: Final = 16
_COPY: Final = b"V"
_LEASE: Final = b"L"
_FILL: Final = (
    "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end"
)


@final
class RedisCache:
    """Each key holds a copy behind the letter V, or a lease behind the letter L."""

    def __init__(self, url: str, shown: str, answer_seconds: float = ANSWER_SECONDS) -> None:
        """Nothing is asked yet.

        Args:
            url: `redis://` or `rediss://`; may hold user and password.
            shown: The URL without them.
            answer_seconds: Longest that anything takes, with the wait for a connection.

        Raises:
            ConfigurationError: It is no such URL.
        """
        self._shown = shown
        self._answer_seconds = answer_seconds
        try:
            pool = cast("Any", BlockingConnectionPool).from_url(
                url,
                max_connections=MOST_CONNECTIONS,
                timeout=answer_seconds,
                socket_timeout=answer_seconds,
                socket_connect_timeout=answer_seconds,
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError:
            # What it says may hold a part of a password.
            raise ConfigurationError(
                f"MASTERY_CACHE_URL = {shown!r} names no Redis; write it like redis://HOST:PORT/0"
            ) from None
        self._client = cast("Any", Redis(connection_pool=pool))

    async def get_many(self, keys: Sequence[str]) -> list[Cached]:
        if not keys:
            return []
        async with self._answering():
            held: list[bytes | None] = await self._client.mget(keys)
            missing = [key for key, value in zip(keys, held, strict=True) if value is None]
            leases = await self._lease(missing) if missing else {}
        return [_cached(value, leases.get(key, "")) for key, value in zip(keys, held, strict=True)]

    async def fill_many(self, fills: Sequence[Fill]) -> None:
        if not fills:
            return
        async with self._answering(), self._client.pipeline(transaction=False) as pipeline:
            for key, value, lease in fills:
                pipeline.eval(_FILL, 1, key, _LEASE + lease.encode(), _COPY + value, KEPT_SECONDS)
            await pipeline.execute()

    async def remove_many(self, keys: Sequence[str]) -> None:
        if keys:
            async with self._answering():
                await self._client.unlink(*keys)

    async def ping(self) -> None:
        async with self._answering():
            await self._client.ping()

    async def close(self) -> None:
        await self._client.aclose(close_connection_pool=True)

    async def _lease(self, keys: Sequence[str]) -> dict[str, str]:
        """Leases by key, without those of which somebody else has one."""
        leases = [secrets.token_hex(8) for _ in keys]
        async with self._client.pipeline(transaction=False) as pipeline:
            for key, lease in zip(keys, leases, strict=True):
                pipeline.set(key, _LEASE + lease.encode(), nx=True, ex=LEASE_SECONDS)
            taken: list[bool | None] = await pipeline.execute()
        return {key: lease for key, lease, ours in zip(keys, leases, taken, strict=True) if ours}

    @asynccontextmanager
    async def _answering(self) -> AsyncGenerator[None]:
        try:
            # Of all round trips together: each may be quick enough, and who waits for all of them no better off.
            async with asyncio.timeout(self._answer_seconds):
                yield
        except (RedisError, OSError) as error:
            raise DependencyDown(
                f"the cache at {self._shown} does not answer as it should: {type(error).__name__}"
            ) from error


def _cached(value: bytes | None, lease: str) -> Cached:
    if value is None:
        return Cached(None, lease)
    return Cached(value[1:]) if value[:1] == _COPY else Cached(None)
