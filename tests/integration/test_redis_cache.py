"""A cache in a real Redis: what lies there, and what becomes of it when Redis is away, slow or wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic
from typing import Any, cast
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from mastery_engine.adapters.cache.redis import ANSWER_SECONDS, KEPT_SECONDS, LEASE_SECONDS, RedisCache
from mastery_engine.bootstrap import open_engine
from mastery_engine.cli.diagnosis import diagnose
from mastery_engine.config import load_settings
from mastery_engine.domain.errors import ConfigurationError, DependencyDown
from mastery_engine.ports import Cached, Fill
from tests.integration.proxy import Proxy

PATIENT_SECONDS = 20.0


@pytest.fixture
def key() -> str:
    return f"cache:student:{uuid4().hex}"


@pytest.fixture
async def client(redis_url: str, key: str) -> AsyncIterator[Any]:
    made = cast("Any", Redis).from_url(redis_url)
    yield made
    await made.delete(key)
    await made.aclose()


@pytest.fixture
async def proxy(redis_url: str) -> AsyncIterator[Proxy]:
    made = Proxy(redis_url)
    await made.up()
    yield made
    await made.down()


async def test_leases_and_copies_expire(redis_url: str, client: Any, key: str) -> None:
    cache = RedisCache(redis_url, "redis", PATIENT_SECONDS)
    ((_, lease),) = await cache.get_many([key])
    assert 0 < await client.ttl(key) <= LEASE_SECONDS
    await cache.fill_many([Fill(key, b"copy", lease)])
    assert LEASE_SECONDS < await client.ttl(key) <= KEPT_SECONDS
    await cache.close()


@pytest.mark.parametrize("value", [b"", b"garbage", b"\xff"])
async def test_what_is_neither_copy_nor_lease_is_a_miss_that_nobody_fills(
    redis_url: str, client: Any, key: str, value: bytes
) -> None:
    await client.set(key, value)
    cache = RedisCache(redis_url, "redis", PATIENT_SECONDS)
    assert await cache.get_many([key]) == [Cached(None)]
    await cache.close()


async def test_a_key_of_another_type_is_a_miss_too(redis_url: str, client: Any, key: str) -> None:
    await client.hset(key, "a", "b")
    cache = RedisCache(redis_url, "redis", PATIENT_SECONDS)
    assert await cache.get_many([key]) == [Cached(None)]
    await cache.remove_many([key])
    assert not await client.exists(key)
    await cache.close()


async def test_a_silent_redis_takes_a_quarter_of_a_second_and_one_that_is_back_answers(
    proxy: Proxy, key: str
) -> None:
    cache = RedisCache(proxy.url, "redis://shown")
    while not await answers(cache):
        pass
    proxy.silence()
    began = monotonic()
    with pytest.raises(DependencyDown, match="redis://shown"):
        await cache.get_many([key])
    assert monotonic() - began < 8 * ANSWER_SECONDS
    await proxy.down()
    with pytest.raises(DependencyDown):
        await cache.remove_many([key])
    await proxy.up()
    while not await answers(cache):
        pass
    await cache.close()


async def test_several_round_trips_that_are_just_quick_enough_take_no_longer_than_one(
    proxy: Proxy, key: str
) -> None:
    cache = RedisCache(proxy.url, "redis://shown")
    while not await answers(cache):
        pass
    # Asking and answering take one share each, and a key that is not there is asked for twice.
    proxy.seconds = 0.3 * ANSWER_SECONDS
    began = monotonic()
    with pytest.raises(DependencyDown, match="redis://shown"):
        await cache.get_many([key])
    assert monotonic() - began < 8 * ANSWER_SECONDS
    proxy.seconds = 0.0
    while not await answers(cache):
        pass
    await cache.close()


async def answers(cache: RedisCache) -> bool:
    """Whether it answers in its quarter of a second, which a busy machine may miss."""
    try:
        await cache.ping()
    except DependencyDown:
        return False
    return True


async def test_a_wrong_password_is_told_without_it(redis_url: str) -> None:
    url = redis_url.replace("redis://", "redis://nobody:not-the-one@")
    cache = RedisCache(url, "redis://***@shown", PATIENT_SECONDS)
    with pytest.raises(DependencyDown) as told:
        await cache.ping()
    assert "not-the-one" not in told.value.message
    await cache.close()


@pytest.mark.parametrize("url", ["redis://h:port/0", "redis://:hu/nter@h/0", "redis://h/0?socket_timeout=x"])
def test_a_url_of_no_redis_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="MASTERY_CACHE_URL") as told:
        RedisCache(url, "shown")
    assert "hu" not in told.value.message


@pytest.mark.parametrize(("port", "outcome"), [(None, "ok"), (9, "failed")])
def test_doctor_tells_whether_it_answers(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int | None, outcome: str
) -> None:
    monkeypatch.setenv("MASTERY_HOME", str(tmp_path))
    monkeypatch.setenv("MASTERY_CACHE_URL", redis_url if port is None else f"redis://127.0.0.1:{port}/0")

    async def make_the_home() -> None:
        async with open_engine(load_settings()) as engine:
            await engine.adapters.store.ping()

    asyncio.run(make_the_home())
    assert [one.outcome for one in diagnose().checks if one.name == "shared cache"] == [outcome]
