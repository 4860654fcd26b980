"""All at once on real Kafka: workers that come and go, events sent twice and out of order by weeks, and poison of ten kinds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from mastery_engine.domain.events import LearningEvent
from tests.faults.kafka_ending import check
from tests.integration.kafka_house import until
from tests.unit.engine.house import completion, quiz
from tools.chaos.poison import poison
from tools.installation import Installation, send

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


@pytest.mark.slow
async def test_a_storm_of_rebalances_repeats_disorder_and_poison_loses_and_doubles_nothing(
    installation: Installation,
) -> None:
    random = Random(7)
    made = events(random)
    workers = [installation.start("worker") for _ in range(3)]
    try:
        async with installation.engine() as engine:
            good = quiz(9_000, 5, day(3))
            (value,) = await engine.adapters.codec.encode([good])
            bad = poison(good, value)
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
