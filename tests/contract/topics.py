"""How each system makes topics, real Kafka among them; what is particular to one is asked of it here, and not in a suite."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol, cast

import msgspec
import pytest

from mastery_engine.adapters.kafka.connection import GroupProtocol
from mastery_engine.adapters.kafka.log import KafkaEventLog
from mastery_engine.adapters.kafka.publisher import KafkaPublisher
from mastery_engine.adapters.kafka.results import KafkaResults
from mastery_engine.contracts.outputs import MasteryThresholdReached
from mastery_engine.ports import EventLog, OutputMessage, Results
from tests.contract.factories import SYSTEMS, Factory, FakeClock, RecreatedLog
from tests.integration.kafka_house import KafkaHouse, until

KAFKA: dict[str, GroupProtocol] = {"kafka": "consumer", "kafka-classic": "classic"}
Sent = Callable[[], Awaitable[list[OutputMessage]]]


class Topics(Protocol):
    """Topics of a test's own on one system."""

    async def log(self, topic: str = "mastery.requests", partitions: int = 3) -> EventLog: ...

    async def recreate(self, log: EventLog) -> None:
        """Delete a topic and make it again."""
        ...

    def now_ms(self) -> int:
        """By the clock that records are stamped with."""
        ...

    async def later(self) -> int:
        """A moment behind everything that was appended, and not behind what comes next."""
        ...

    async def results(self) -> tuple[Results, Sent]:
        """The port, and what was sent through it."""
        ...

    async def close(self) -> None: ...


class EmbeddedTopics:
    def __init__(self, factory: Factory, clock: FakeClock) -> None:
        self._factory = factory
        self._clock = clock
        self._logs: dict[str, RecreatedLog] = {}

    async def log(self, topic: str = "mastery.requests", partitions: int = 3) -> EventLog:
        self._logs[topic] = await self._factory.log(topic, partitions)
        return self._logs[topic]

    async def recreate(self, log: EventLog) -> None:
        await self._logs[log.topic].recreate()

    def now_ms(self) -> int:
        return self._clock.now

    async def later(self) -> int:
        self._clock.advance(60)
        return self._clock.now

    async def results(self) -> tuple[Results, Sent]:
        return await self._factory.results()

    async def close(self) -> None:
        for log in self._logs.values():
            await log.close()
        await self._factory.close()


class KafkaTopics:
    def __init__(self, house: KafkaHouse) -> None:
        self._house = house
        self._publisher = KafkaPublisher(house.connection)

    async def log(self, topic: str = "mastery.requests", partitions: int = 3) -> EventLog:
        return await self._house.log(topic, partitions)

    async def recreate(self, log: EventLog) -> None:
        await self._house.recreate(cast("KafkaEventLog", log))

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    async def later(self) -> int:
        moment = self.now_ms() + 1

        async def has_come() -> bool:
            return self.now_ms() >= moment

        await until(has_come)
        return moment

    async def results(self) -> tuple[Results, Sent]:
        log = await self._house.log("mastery.results", 1)

        async def encoded(messages: Sequence[OutputMessage]) -> list[bytes]:
            return [one.value for one in messages]

        async def sent() -> list[OutputMessage]:
            found: list[OutputMessage] = []
            for record in await log.read(0, 0, 1_000):
                output = msgspec.json.decode(record.value, type=MasteryThresholdReached)
                found.append(OutputMessage(record.key, output, record.headers[2:]))
                assert found[-1].headers == record.headers
            return found

        return KafkaResults(log.topic, self._publisher, encoded), sent

    async def close(self) -> None:
        await self._publisher.close()
        await self._house.close()


def topics_of(request: pytest.FixtureRequest, clock: FakeClock, folder: Path) -> Topics:
    """Of the system that a fixture's parameter names."""
    name: str = request.param
    if name in KAFKA:
        return KafkaTopics(KafkaHouse(request.getfixturevalue("kafka_servers"), KAFKA[name]))
    return EmbeddedTopics(SYSTEMS[name](clock, folder), clock)
