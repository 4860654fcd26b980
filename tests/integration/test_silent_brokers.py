"""A reader whose broker dies between its poll and its commit."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress

import pytest

from mastery_engine.adapters.kafka.connection import GroupProtocol
from mastery_engine.adapters.kafka.consumer import KafkaLogConsumer
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.ports import Record
from tests.integration.kafka_house import KafkaHouse, behind, numbered, numbers, read, until
from tests.integration.own_broker import OwnBroker

# The client by itself would wait for 45 seconds.
PATIENCE_SECONDS = 25.0


async def read_up_to(consumer: KafkaLogConsumer, number: int) -> list[Record]:
    """Read as a worker does, which tries again while the broker is not back."""
    found: list[Record] = []

    async def come() -> bool:
        with suppress(DependencyDown):
            found.extend(await consumer.poll(100, 0.2))
        return set(range(100, number + 1)) <= set(numbers(found))

    await until(come)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["consumer", "classic"])
async def test_a_commit_that_nobody_answers_is_given_up_soon_and_nothing_is_passed_over(
    broker: OwnBroker, protocol: GroupProtocol
) -> None:
    house = KafkaHouse(broker.address, protocol)
    log = await house.log()
    consumer = log.consumer(house.group)
    await log.append(numbered(100))
    records = await read(consumer, 100)
    await broker.stop(signal.SIGKILL)
    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(DependencyDown, match="commit offsets of"):
            await consumer.commit(behind(records))
        with pytest.raises(DependencyDown, match="read"):
            await consumer.poll(100, 0.1)
        await consumer.rewind()
    await broker.start()
    await log.append(numbered(50, first=100))
    again = await read_up_to(consumer, 149)
    # What the broker was asked to commit it may have heard after all.
    assert set(numbers(again)) - set(numbers(records)) == set(range(100, 150))
    await consumer.commit(behind(again))
    await consumer.close()
    await house.close()
