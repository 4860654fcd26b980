"""A real broker goes down while workers fold, stays down, and comes back: no event is lost or counts twice."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mastery_engine.bootstrap import Engine
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.domain.events import LearningEvent
from tests.faults.kafka_ending import check
from tests.integration.kafka_house import until
from tests.integration.own_broker import OwnBroker
from tests.integration.telling import Telling
from tests.unit.engine.house import completion, quiz
from tools.installation import Installation, send

WHEN = (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT10:00:00")
COUNT = 2_000


def events(first: int, count: int) -> list[LearningEvent]:
    return [
        (quiz if number % 2 else completion)(number, number % 11, WHEN, student=f"s{number % 7}")
        for number in range(first, first + count)
    ]


async def committed(engine: Engine) -> int:
    """How many records the workers are done with."""
    consumer = engine.adapters.log.consumer(engine.group)
    try:
        return sum((await consumer.committed()).values())
    finally:
        await consumer.close()


async def send_until_taken(engine: Engine, events: Sequence[LearningEvent]) -> None:
    """Send as an agent does: what was not acknowledged is sent again, all of it."""

    async def taken() -> bool:
        try:
            await send(engine, events)
        except DependencyDown:
            return False
        return True

    await until(taken)


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
async def test_a_broker_that_goes_down_in_the_middle_and_comes_back_loses_and_doubles_nothing(
    ending: signal.Signals, broker: OwnBroker, registry_url: str, tmp_path: Path
) -> None:
    installation = Installation(broker.address, registry_url, tmp_path / "home")
    installation.variables["MASTERY_BATCH_SIZE"] = "20"
    await installation.prepare()
    first, second = events(1, COUNT), events(COUNT + 1, 50)
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(installation.engine())
        workers = [await stack.enter_async_context(Telling(installation, "worker")) for _ in range(2)]
        for worker in workers:
            await worker.says("folding the events of")
        await send(engine, first)

        async def begun() -> bool:
            return await committed(engine) > COUNT // 20

        await until(begun)
        assert await committed(engine) < COUNT
        await broker.stop(ending)
        for worker in workers:
            await worker.says("processing waits", broker.address)
        with pytest.raises(DependencyDown):
            await send(engine, second)
        await broker.start()
        for worker in workers:
            await worker.says("processing goes on")
        await send_until_taken(engine, second)
    await check(installation, [*first, *second], poison=())
