"""What the consumers of the embedded logs keep to besides, in whose polls nothing is on its way."""

from collections.abc import AsyncIterator

import pytest

from mastery_engine.ports import NewRecord
from tests.contract.factories import Factory, FakeClock, RecreatedLog
from tests.integration.kafka_house import numbered


@pytest.fixture
async def log(factory: Factory) -> AsyncIterator[RecreatedLog]:
    made = await factory.log()
    yield made
    await made.close()


async def test_no_partition_waits_while_another_has_much(log: RecreatedLog) -> None:
    await log.append([NewRecord(b"busy", b"") for _ in range(1_000)])
    await log.append(numbered(17))
    consumer = log.consumer("g")
    polled = {record.partition for _ in range(3) for record in await consumer.poll(10)}
    assert polled == {0, 1, 2}


async def test_a_poll_waits_for_a_record_and_no_longer_than_told(log: RecreatedLog, clock: FakeClock) -> None:
    consumer = log.consumer("g")
    began = clock.now
    assert await consumer.poll(10, wait_seconds=2.0) == []
    assert clock.now - began == 2_000

    async def append_once() -> None:
        clock.on_sleep = None
        await log.append(numbered(1))

    clock.on_sleep = append_once
    began = clock.now
    assert len(await consumer.poll(10, wait_seconds=2.0)) == 1
    assert clock.now - began < 1_000


async def test_what_is_there_comes_with_the_first_poll(log: RecreatedLog) -> None:
    await log.append(numbered(60))
    consumer = log.consumer("g")
    assert len(await consumer.poll(25)) == 25
    assert len(await consumer.poll(100)) == 35
    await log.recreate("another")
    assert await consumer.poll(100) == []
    assert consumer.topic_id == "another"
