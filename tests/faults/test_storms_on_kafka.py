"""All at once on real Kafka: workers that come and go, events sent twice and out of order by weeks, and poison of ten kinds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from mastery_engine.contracts.event_json import encode_event
from mastery_engine.domain.events import LearningEvent
from tests.faults.kafka_ending import check
from tests.integration.kafka_house import until
from tests.integration.kafka_installation import Installation, send
from tests.unit.engine.house import completion, quiz

STUDENTS = 7
COUNT = 400


def day(ago: int) -> str:
    return (datetime.now(UTC) - timedelta(days=ago)).strftime("%Y-%m-%dT10:00:00")


def events(random: Random) -> list[LearningEvent]:
    """Of three weeks, in no order at all."""
    made: list[LearningEvent] = [
        (quiz if number % 2 else completion)(
            number + 1, number % 11, day(3 + number % 21), student=f"s{number % STUDENTS}"
        )
        for number in range(COUNT)
    ]
    random.shuffle(made)
    return made


def poison(good: bytes) -> list[bytes]:
    """Records of ten kinds that cannot count; `good` is one that could."""
    event = encode_event(quiz(9_001, 5, day(3)))
    return [
        b"\x01\0\0\0\x01",
        b"\0\x7f\xff\xff\xff\0",
        good[:-3],
        b"{broken",
        b"plain words",
        b'{"event_type": "unheard.of"}',
        event.replace(b'"correct_answers":5', b'"correct_answers":NaN'),
        encode_event(quiz(9_002, 5, "2020-01-01T10:00:00")),
        encode_event(quiz(9_003, 5, day(-2))),
        encode_event(quiz(9_004, 99, day(3))),
    ]


@pytest.mark.slow
async def test_a_storm_of_rebalances_repeats_disorder_and_poison_loses_and_doubles_nothing(
    installation: Installation,
) -> None:
    random = Random(7)
    made = events(random)
    workers = [installation.start("worker") for _ in range(3)]
    try:
        async with installation.engine() as engine:
            (good,) = await engine.adapters.codec.encode([quiz(9_000, 5, day(3))])
            bad = poison(good)
            consumer = engine.adapters.log.consumer(engine.group)
            for part in range(10):
                own = made[part::10]
                await send(engine, [*own, bad[part], *own])
                before = sum((await consumer.committed()).values())

                async def went_on(before: int = before) -> bool:
                    return sum((await consumer.committed()).values()) > before

                await until(went_on)
                victim = workers.pop(0)
                (victim.kill if part % 2 else victim.terminate)()
                victim.communicate(timeout=30)
                workers.append(installation.start("worker"))
            await consumer.close()
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()
    await check(installation, made, bad)
