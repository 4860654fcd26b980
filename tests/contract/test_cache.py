"""What every cache keeps to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from mastery_engine.adapters.cache.redis import RedisCache
from mastery_engine.adapters.memory import MemoryCache
from mastery_engine.ports import Cache, Cached, Fill
from tests.contract.factories import FakeClock

KEY = f"cache:student:{uuid4().hex}"
PATIENT_SECONDS = 20.0
OTHER = f"{KEY}-other"


@pytest.fixture(params=["memory", "redis"])
async def cache(request: pytest.FixtureRequest, clock: FakeClock) -> AsyncIterator[Cache]:
    url: str = request.getfixturevalue("redis_url") if request.param == "redis" else ""
    made: Cache = RedisCache(url, url, PATIENT_SECONDS) if url else MemoryCache(clock)
    yield made
    await made.remove_many([KEY, OTHER])
    await made.close()


async def get(cache: Cache) -> Cached:
    (found,) = await cache.get_many([KEY])
    return found


async def test_who_finds_nothing_gets_a_lease_and_fills_the_key(cache: Cache) -> None:
    value, lease = await get(cache)
    assert value is None
    assert lease
    await cache.fill_many([Fill(KEY, b"\x00copy", lease)])
    assert await get(cache) == Cached(b"\x00copy")


async def test_copies_come_in_the_order_of_their_keys(cache: Cache) -> None:
    _, lease = await get(cache)
    await cache.fill_many([Fill(KEY, b"", lease)])
    first, second = await cache.get_many([OTHER, KEY])
    assert (first.value, second) == (None, Cached(b""))
    assert first.lease


async def test_one_at_a_time_has_the_lease(cache: Cache) -> None:
    found = await asyncio.gather(*(get(cache) for _ in range(8)))
    leases = [one.lease for one in found if one.lease]
    assert len(leases) == 1
    await cache.fill_many([Fill(KEY, b"1", leases[0])])
    assert await get(cache) == Cached(b"1")


async def test_a_removal_ends_the_lease_of_whoever_has_read_before_it(cache: Cache) -> None:
    _, old = await get(cache)
    await cache.remove_many([KEY])
    await cache.fill_many([Fill(KEY, b"older", old)])
    value, new = await get(cache)
    assert value is None
    await cache.fill_many([Fill(KEY, b"older", old)])
    await cache.fill_many([Fill(KEY, b"newer", new)])
    await cache.fill_many([Fill(KEY, b"older", old)])
    assert await get(cache) == Cached(b"newer")


async def test_without_a_lease_nothing_is_kept(cache: Cache) -> None:
    await cache.fill_many([Fill(KEY, b"1", "")])
    value, lease = await get(cache)
    await cache.fill_many([Fill(KEY, b"2", ""), Fill(OTHER, b"3", lease)])
    assert value is None
    assert (await get(cache)).value is None


async def test_a_removed_copy_is_gone(cache: Cache) -> None:
    _, lease = await get(cache)
    await cache.fill_many([Fill(KEY, b"1", lease)])
    await cache.remove_many([KEY, OTHER])
    assert (await get(cache)).lease


async def test_nothing_asked_for_is_nothing_done(cache: Cache) -> None:
    assert await cache.get_many([]) == []
    await cache.fill_many([])
    await cache.remove_many([])
    await cache.ping()
    await cache.close()
