"""What all limits keep to: the first N of any 60 seconds pass, and who is refused has not come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Protocol, cast
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from mastery_engine.adapters.memory import MemoryLimits
from mastery_engine.adapters.redis.address import read_address
from mastery_engine.adapters.redis.limits import PREFIX, RedisLimits, open_redis_limits
from mastery_engine.ports import WINDOW_SECONDS, Limits, Standing
from tests.contract.factories import FakeClock

PATIENT_SECONDS = 20.0
# The server's clock goes on by itself: what is told of it is right to so many seconds.
LEEWAY_SECONDS = 10


class House(Protocol):
    """Limits, and a way to let time pass."""

    limits: Limits

    async def let_pass(self, seconds: float) -> None: ...

    async def close(self) -> None: ...


class InMemory:
    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.limits: Limits = MemoryLimits(clock)

    async def let_pass(self, seconds: float) -> None:
        self._clock.now += round(seconds * 1_000)

    async def close(self) -> None:
        await self.limits.close()


class InRedis:
    """A server whose clock nobody can set: here what it has written down becomes older."""

    def __init__(self, url: str) -> None:
        self.raw: Any = Redis.from_url(url)
        self.limits: Limits = open_redis_limits(read_address("X", url), "X", PATIENT_SECONDS)

    async def let_pass(self, seconds: float) -> None:
        for name in await self.keys():
            moments = [int(one) - round(seconds * 1e6) for one in await self.raw.lrange(name, 0, -1)]
            left = await self.raw.pttl(name) - round(seconds * 1e3)
            await self.raw.unlink(name)
            if left > 0:
                await self.raw.rpush(name, *moments)
                await self.raw.pexpire(name, left)

    async def keys(self) -> list[bytes]:
        return [name async for name in self.raw.scan_iter(f"{PREFIX}{RUN}*", 1_000)]

    async def close(self) -> None:
        for name in await self.keys():
            await self.raw.unlink(name)
        await self.raw.aclose()
        await self.limits.close()
        await self.limits.close()


RUN = uuid4().hex


def key() -> str:
    return f"{RUN}{uuid4().hex}"


def house_of(request: pytest.FixtureRequest, clock: FakeClock) -> House:
    if request.param == "redis":
        return InRedis(request.getfixturevalue("redis_url"))
    return InMemory(clock)


@pytest.fixture(params=["memory", "redis"])
async def house(request: pytest.FixtureRequest, clock: FakeClock) -> AsyncIterator[House]:
    made = house_of(request, clock)
    yield made
    await made.close()


async def test_so_many_pass_and_the_next_one_is_told_when_to_come_again(house: House) -> None:
    who = key()
    told = [await house.limits.take(who, 3) for _ in range(4)]
    assert [one.passed for one in told] == [True, True, True, False]
    assert [one.remaining for one in told] == [2, 1, 0, 0]
    for one in told:
        assert (WINDOW_SECONDS - LEEWAY_SECONDS) * 1_000 < one.wait_ms <= WINDOW_SECONDS * 1_000


async def test_what_is_told_is_true(house: House) -> None:
    who = key()
    await house.limits.take(who, 2)
    await house.let_pass(20)
    await house.limits.take(who, 2)
    refused = await house.limits.take(who, 2)
    assert not refused.passed
    assert 30_000 <= refused.wait_ms <= 40_000
    await house.let_pass(refused.wait_ms / 1_000 - LEEWAY_SECONDS)
    assert not (await house.limits.take(who, 2)).passed
    await house.let_pass(LEEWAY_SECONDS)
    passed = await house.limits.take(who, 2)
    assert (passed.passed, passed.remaining) == (True, 0)


async def test_who_is_refused_has_not_come(house: House) -> None:
    who = key()
    await house.limits.take(who, 1)
    await house.let_pass(30)
    assert not (await house.limits.take(who, 1)).passed
    await house.let_pass(30)
    assert (await house.limits.take(who, 1)).passed


async def test_at_the_edge_of_a_minute_no_more_pass_than_elsewhere(house: House) -> None:
    who = key()
    assert (await house.limits.take(who, 4)).passed
    await house.let_pass(45)
    assert [(await house.limits.take(who, 4)).passed for _ in range(4)] == [True, True, True, False]
    await house.let_pass(15)
    assert [(await house.limits.take(who, 4)).passed for _ in range(2)] == [True, False]


async def test_each_key_is_counted_by_itself(house: House) -> None:
    one, other = key(), key()
    assert (await house.limits.take(one, 1)).passed
    assert not (await house.limits.take(one, 1)).passed
    assert (await house.limits.take(other, 1)).passed


async def test_of_many_at_once_no_more_pass_than_may(house: House) -> None:
    who = key()
    told = await asyncio.gather(*(house.limits.take(who, 7) for _ in range(40)))
    assert sum(one.passed for one in told) == 7


async def test_a_limit_that_was_lowered_holds_at_once(house: House) -> None:
    who = key()
    for _ in range(3):
        await house.limits.take(who, 5)
        await house.let_pass(10)
    refused = await house.limits.take(who, 1)
    assert (refused.passed, refused.remaining) == (False, 0)
    # The last of the three came 10 seconds ago, and it is the one that has to go.
    assert 40_000 <= refused.wait_ms <= 50_000
    assert (await house.limits.take(who, 5)).remaining == 1


async def test_they_answer_when_asked(house: House) -> None:
    await house.limits.ping()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    steps=st.lists(st.tuples(st.sampled_from([0, 0, 20, 40, 60]), st.integers(0, 1)), max_size=25),
    most=st.integers(1, 4),
)
async def test_in_every_history_the_first_of_any_minute_pass(
    house: House, steps: list[tuple[int, int]], most: int
) -> None:
    """Steps of seconds that the server's own going on does not bring over an edge."""
    whom, now, passed = (key(), key()), 0, [list[int](), list[int]()]
    for seconds, who in steps:
        await house.let_pass(seconds)
        now += seconds
        expected = sum(now - moment < WINDOW_SECONDS for moment in passed[who]) < most
        told = await house.limits.take(whom[who], most)
        assert told.passed == expected
        if expected:
            passed[who].append(now)
        assert told.remaining == most - sum(now - moment < WINDOW_SECONDS for moment in passed[who])


async def test_two_replicas_count_together(redis_url: str) -> None:
    one, other = InRedis(redis_url), InRedis(redis_url)
    who = key()
    told = [await house.limits.take(who, 3) for house in (one, other, one, other)]
    assert [standing.passed for standing in told] == [True, True, True, False]
    await one.close()
    await other.close()


async def test_in_redis_nothing_lies_longer_or_takes_more_than_it_must(redis_url: str) -> None:
    house = InRedis(redis_url)
    who = key()
    for _ in range(60):
        await house.limits.take(who, 50)
    (name,) = await house.keys()
    assert await house.raw.llen(name) == 50
    assert 0 < await house.raw.pttl(name) <= WINDOW_SECONDS * 1_000 + 1
    assert await house.raw.memory_usage(name) < 1_500
    await house.let_pass(59)
    await house.let_pass(2)
    assert await house.keys() == []
    await house.close()


async def test_a_clock_of_the_server_that_was_set_back_counts_as_one_that_stands(redis_url: str) -> None:
    house = InRedis(redis_url)
    who = key()
    await house.limits.take(who, 2)
    await house.let_pass(-30)
    second = await house.limits.take(who, 2)
    third = await house.limits.take(who, 2)
    assert (second.passed, third) == (
        True,
        Standing(passed=False, remaining=0, wait_ms=WINDOW_SECONDS * 1_000),
    )
    await house.close()


async def test_in_memory_who_has_not_come_for_a_minute_is_forgotten(clock: FakeClock) -> None:
    limits = MemoryLimits(clock, most_keys=100)
    for number in range(250):
        await limits.take(str(number), 1)
    assert len(limits) == 100
    clock.advance(WINDOW_SECONDS)
    for _ in range(60):
        await limits.take("one", 1_000)
    assert len(limits) == 1


async def test_looking_counts_nothing(clock: FakeClock) -> None:
    limits = MemoryLimits(clock)
    assert [limits.look("one", 1) for _ in range(3)] == [Standing(passed=True, remaining=1, wait_ms=0)] * 3
    await limits.take("one", 1)
    assert limits.look("one", 1) == Standing(passed=False, remaining=0, wait_ms=WINDOW_SECONDS * 1_000)


def test_limits_in_redis_ask_without_trying_twice(redis_url: str) -> None:
    limits = open_redis_limits(read_address("X", redis_url), "X")
    assert cast("Any", limits)._servers._client.connection_pool.connection_kwargs["socket_timeout"] == 1.0
    assert isinstance(limits, RedisLimits)
