"""A state store on a server that everybody shares, and whose clock nobody can set."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

from msgspec.structs import replace
from redis.asyncio import Redis

from mastery_engine.adapters.redis.address import read_address
from mastery_engine.adapters.redis.state import open_redis_store
from mastery_engine.ports import Entry, StateStore, Write
from tests.contract.factories import FakeClock, PurgingStore

_MOST_SECONDS_LATE = 30


class ServerOfItsOwn:
    """Keys under a prefix that no other test has; those that have expired by the test's clock, the server expires.

    It does so only once the life that it was told for them was seen to be the right one.
    """

    def __init__(self, store: StateStore, clock: FakeClock, url: str, prefix: str) -> None:
        self._store = store
        self._clock = clock
        self._raw: Any = Redis.from_url(url)
        self._prefix = prefix
        self._expires: dict[str, int] = {}

    async def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        await self._let_time_pass()
        return await self._store.get_many([self._prefix + key for key in keys])

    async def write_many(self, writes: Sequence[Write]) -> list[bool]:
        await self._let_time_pass()
        named = [replace(write, key=self._prefix + write.key) for write in writes]
        applied = await self._store.write_many(named)
        lives = {write.key: write.ttl_seconds for write, done in zip(named, applied, strict=True) if done}
        await self._check_lives(lives)
        for key, seconds in lives.items():
            self._expires.pop(key, None)
            if seconds is not None:
                self._expires[key] = self._clock.now + seconds * 1_000
        return applied

    async def scan(self, prefix: str) -> AsyncIterator[list[str]]:
        await self._let_time_pass()
        async for keys in self._store.scan(self._prefix + prefix):
            yield [key.removeprefix(self._prefix) for key in keys]

    async def expired(self) -> AsyncIterator[list[str]]:
        async for keys in self._store.expired():
            yield [key.removeprefix(self._prefix) for key in keys]

    async def purge(self) -> int:
        return await self._store.purge()

    async def ping(self) -> None:
        self._clock.now, before = await self._server_ms(), self._clock.now
        await self._store.ping()
        self._clock.now = before

    async def close(self) -> None:
        names = [name async for name in self._raw.scan_iter(f"{self._prefix}*", 1_000)]
        if names:
            await self._raw.unlink(*names)
        await self._raw.aclose()
        await self._store.close()

    async def _server_ms(self) -> int:
        seconds, micros = await self._raw.time()
        return seconds * 1_000 + micros // 1_000

    async def _let_time_pass(self) -> None:
        due = [key for key, moment in self._expires.items() if moment <= self._clock.now]
        if due:
            await self._raw.unlink(*due)
        for key in due:
            del self._expires[key]

    async def _check_lives(self, lives: dict[str, int | None]) -> None:
        """By the server's own word."""
        pipeline = self._raw.pipeline(transaction=False)
        for key in lives:
            pipeline.ttl(key)
        for seconds, told in zip(lives.values(), await pipeline.execute(), strict=True):
            # -1: for good; -2: it is not there, as after a removal.
            if seconds is None:
                assert told in {-1, -2}
            else:
                assert seconds - _MOST_SECONDS_LATE <= told <= seconds


class RedisStates:
    """Makes state stores on one Redis."""

    expires_by_itself = True
    forgets_versions = False

    def __init__(self, clock: FakeClock, url: str) -> None:
        self._clock = clock
        self._url = url

    async def state(self) -> PurgingStore:
        store = open_redis_store(read_address("MASTERY_STORE_URL", self._url), self._clock)
        return ServerOfItsOwn(store, self._clock, self._url, f"test:{uuid4().hex}:")

    async def close(self) -> None:
        return
