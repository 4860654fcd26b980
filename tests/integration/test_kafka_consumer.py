"""What Kafka's consumers keep to besides the suite of every consumer (tests/contract), under both group protocols."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from mastery_engine.adapters.kafka.consumer import KafkaLogConsumer
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.ports import NewRecord
from tests.integration.kafka_house import KafkaHouse, behind, numbered, numbers, read, until


@pytest.fixture(params=["consumer", "classic"])
async def house(request: pytest.FixtureRequest, kafka_servers: str) -> AsyncIterator[KafkaHouse]:
    made = KafkaHouse(kafka_servers, request.param)
    yield made
    await made.close()


async def test_a_poll_answers_as_soon_as_something_is_there(house: KafkaHouse) -> None:
    log = await house.log()
    consumer = log.consumer(house.group)
    await log.append(numbered(1))
    await read(consumer, 1)
    waiting = asyncio.create_task(consumer.poll(100, 30.0))
    await log.append(numbered(1, 1))
    assert numbers(await asyncio.wait_for(waiting, 10)) == [1]
    await consumer.close()


async def test_offsets_set_back_from_outside_are_followed(house: KafkaHouse) -> None:
    log = await house.log()
    await log.append(numbered(20))
    first = log.consumer(house.group)
    found = await read(first, 20, commit=True)
    await first.close()
    # As kafka-consumer-groups --reset-offsets does: no word of the topic's id.
    outside = Consumer({"bootstrap.servers": house.connection.servers, "group.id": house.group})
    places = [TopicPartition(log.topic, number, 0) for number in behind(found)]
    outside.commit(offsets=places, asynchronous=False)
    outside.close()
    second = log.consumer(house.group)
    assert await second.committed() == {}
    assert numbers(await read(second, 20)) == list(range(20))
    await second.close()


async def test_a_missing_topic_is_told_and_waited_for(house: KafkaHouse) -> None:
    log = await house.log()
    await log.append(numbered(1))
    consumer = log.consumer(house.group)
    await read(consumer, 1)
    await house.delete(log.topic)

    told: list[str] = []

    async def is_told() -> bool:
        try:
            await consumer.poll(1, 0.2)
        except DependencyDown as error:
            told.append(error.message)
        return bool(told)

    await until(is_told)
    assert "mastery topics apply" in told[0]
    await house.make(log.topic, 3)
    await log.append(numbered(1, 7))

    async def back() -> bool:
        try:
            return numbers(await consumer.poll(1, 0.2)) == [7]
        except DependencyDown:
            return False

    await until(back)
    await consumer.close()


async def test_added_partitions_are_found(house: KafkaHouse) -> None:
    log = await house.log(partitions=1)
    await log.append(numbered(5))
    consumer = log.consumer(house.group)
    await read(consumer, 5, commit=True)
    await house.grow(log, 4)

    async def spread() -> bool:
        with suppress(DependencyDown):
            return len(await log.ends()) == 4
        return False

    await until(spread)
    await log.append([NewRecord(b"student:%d" % number, b"%d" % number) for number in range(100, 200)])
    assert numbers(await read(consumer, 100)) == list(range(100, 200))
    await consumer.close()


async def test_two_members_share_the_partitions_and_hand_over_with_nothing_lost(house: KafkaHouse) -> None:
    log = await house.log(partitions=6)
    await log.append(numbered(600))
    first, second = log.consumer(house.group), log.consumer(house.group)
    found: set[int] = set()
    owners: dict[int, set[int]] = {0: set(), 1: set()}

    async def work(number: int, consumer: KafkaLogConsumer) -> None:
        records = await consumer.poll(50, 0.2)
        if records:
            owners[number] |= {one.partition for one in records}
            found.update(numbers(records))
            await consumer.commit(behind(records))

    await work(0, first)
    count = 600

    async def both_read() -> bool:
        nonlocal count
        await log.append(numbered(60, count))
        count += 60
        owners[0].clear()
        owners[1].clear()
        await asyncio.gather(work(0, first), work(1, second))
        return bool(owners[0]) and bool(owners[1]) and not owners[0] & owners[1]

    await until(both_read)
    await first.close()

    async def all_read() -> bool:
        await work(1, second)
        return len(found) == count

    await until(all_read)
    await second.close()
    assert found == set(range(count))


async def test_records_of_another_producers_partitioner_are_read_just_as_well(house: KafkaHouse) -> None:
    log = await house.log()
    other = Producer({"bootstrap.servers": house.connection.servers, "partitioner": "consistent_random"})
    for number in range(100):
        other.produce(log.topic, key=b"student:%d" % (number % 17), value=b"%d" % number)
    assert other.flush(20) == 0
    consumer = log.consumer(house.group)
    assert numbers(await read(consumer, 100)) == list(range(100))
    await consumer.close()


async def test_who_was_taken_for_dead_learns_it_at_the_commit_and_joins_again(house: KafkaHouse) -> None:
    log = await house.log(partitions=1)
    await log.append(numbered(10))
    consumer = log.consumer(house.group)
    found = await read(consumer, 10)
    member = consumer._member
    assert member is not None
    # As seen from the group: it has left.
    await asyncio.to_thread(member._consumer.unsubscribe)
    await asyncio.to_thread(member._consumer.poll, 1)
    other = log.consumer(house.group)
    assert numbers(await read(other, 10, commit=True)) == list(range(10))
    await other.close()
    await consumer.commit(behind(found))
    await log.append(numbered(5, 10))
    assert set(range(10, 15)) <= set(numbers(await read(consumer, 5)))
    await consumer.close()


async def test_a_broker_that_is_not_there_is_named_in_time() -> None:
    house = KafkaHouse("127.0.0.1:9")
    log = house.opened("requests")
    consumer = log.consumer(house.group)
    with pytest.raises(DependencyDown, match=r"plaintext at 127\.0\.0\.1:9"):
        await asyncio.wait_for(consumer.poll(1), 12)
    with pytest.raises(DependencyDown, match=r"plaintext at 127\.0\.0\.1:9"):
        await asyncio.wait_for(log.append(numbered(1)), 15)
    await consumer.close()
    await house.close()
