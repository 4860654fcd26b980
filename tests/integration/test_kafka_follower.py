"""Who follows a topic of a real Kafka: all that comes from now on, and no trace of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any, cast

import pytest

from mastery_engine.adapters.kafka.follower import KafkaFollower
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.ports import NewRecord, Record
from tests.integration.kafka_house import DEADLINE_SECONDS, KafkaHouse, numbered, numbers


@pytest.fixture
async def house(kafka_servers: str) -> AsyncIterator[KafkaHouse]:
    made = KafkaHouse(kafka_servers)
    yield made
    await made.close()


async def seen(follower: KafkaFollower, count: int, most: int = 1_000) -> list[Record]:
    """Poll until so many records have come."""
    found: list[Record] = []
    deadline = monotonic() + DEADLINE_SECONDS
    while len(found) < count:
        assert monotonic() < deadline, f"only {len(found)} of {count} records came"
        polled = await follower.poll(most, 0.2)
        assert len(polled) <= most
        found += polled
    return found


async def test_what_was_there_is_passed_over_and_what_comes_is_seen_in_order(house: KafkaHouse) -> None:
    log = await house.log()
    await log.append(numbered(100))
    before = await log.ends()
    follower = await KafkaFollower(log.topic, house.admin).open()
    # Appended before the first poll: from its opening on it misses nothing.
    await log.append(numbered(500, 100))
    found = await seen(follower, 500, most=70)
    assert numbers(found) == list(range(100, 600))
    for partition, end in (await log.ends()).items():
        offsets = [record.offset for record in found if record.partition == partition]
        assert offsets == list(range(before[partition], end))
    assert await follower.poll(70, 0.0) == []
    await follower.close()


async def test_a_record_is_seen_whole(house: KafkaHouse) -> None:
    log = await house.log(partitions=1)
    follower = await KafkaFollower(log.topic, house.admin).open()
    headers = (("event_type", b"mastery.updated"), ("event_id", b"1"))
    await log.append([NewRecord(b"student:zoe", b"\0value", headers)])
    assert await seen(follower, 1) == await log.read(0, 0, 1)
    await follower.close()


async def test_a_look_answers_as_soon_as_something_comes_and_no_later_than_told(house: KafkaHouse) -> None:
    log = await house.log()
    follower = await KafkaFollower(log.topic, house.admin).open()
    assert await asyncio.wait_for(follower.poll(10, 0.1), 10) == []
    waiting = asyncio.create_task(follower.poll(10, 30.0))
    await log.append(numbered(1))
    assert numbers(await asyncio.wait_for(waiting, 10)) == [0]
    await follower.close()


async def test_followers_see_the_same_and_leave_no_group_behind(house: KafkaHouse) -> None:
    log = await house.log()
    followers = [await KafkaFollower(log.topic, house.admin).open() for _ in range(2)]
    await log.append(numbered(50))
    for follower in followers:
        assert numbers(await seen(follower, 50)) == list(range(50))
    listed = cast("Any", house.admin.client()).list_consumer_groups()
    groups = {group.group_id for group in (await asyncio.to_thread(listed.result, 20)).valid}
    assert "mastery-engine-follower" not in groups
    for follower in followers:
        await follower.close()


async def test_of_a_topic_made_again_all_is_seen(house: KafkaHouse) -> None:
    log = await house.log()
    await log.append(numbered(300))
    follower = await KafkaFollower(log.topic, house.admin).open()
    await house.recreate(log)
    await log.append(numbered(20, 300))
    assert numbers(await seen(follower, 20)) == list(range(300, 320))
    await follower.close()


async def test_a_missing_topic_is_told_at_the_opening(house: KafkaHouse) -> None:
    with pytest.raises(DependencyDown, match="mastery topics apply"):
        await KafkaFollower(f"{house.prefix}missing", house.admin).open()


async def test_brokers_that_are_not_there_are_told_at_the_opening() -> None:
    house = KafkaHouse("127.0.0.1:9")
    with pytest.raises(DependencyDown, match=r"plaintext at 127\.0\.0\.1:9"):
        await asyncio.wait_for(KafkaFollower("results", house.admin).open(), 15)
    await house.close()


async def test_it_is_closed_twice_and_sees_nothing_after_that(house: KafkaHouse) -> None:
    log = await house.log()
    follower = await KafkaFollower(log.topic, house.admin).open()
    await log.append(numbered(1))
    for _ in range(2):
        await follower.close()
    assert await follower.poll(10, 0.1) == []
