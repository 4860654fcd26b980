"""The schema registry is away in the middle: events under schemas not seen before wait, and none becomes a dead letter."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from mastery_engine.bootstrap import Engine
from tests.faults.kafka_ending import check
from tests.integration.kafka_house import until
from tests.integration.proxy import Proxy
from tests.integration.telling import Telling
from tests.unit.engine.house import completion, quiz
from tools.installation import Installation, send

WHEN = (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT10:00:00")


@pytest.fixture
async def proxy(registry_url: str) -> AsyncIterator[Proxy]:
    made = Proxy(registry_url)
    await made.up()
    yield made
    await made.down()


async def waiting(engine: Engine) -> int:
    """How many records the workers are not done with."""
    consumer = engine.adapters.log.consumer(engine.group)
    try:
        done = await consumer.committed()
    finally:
        await consumer.close()
    return sum((await engine.adapters.log.ends()).values()) - sum(done.values())


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["refuses", "falls silent"])
async def test_events_under_a_schema_not_seen_before_wait_for_a_registry_that_is_away(
    fault: str, installation: Installation, proxy: Proxy
) -> None:
    seen = [quiz(number, number % 11, WHEN, student=f"s{number % 3}") for number in range(1, 20)]
    unseen = [completion(number, number % 11, WHEN, student=f"s{number % 3}") for number in range(20, 40)]
    async with installation.engine() as engine:
        apart = engine.adapters.apart
        assert apart is not None
        installation.variables["MASTERY_REGISTRY_URL"] = proxy.url
        async with Telling(installation, "worker") as worker:
            await send(engine, seen)

            async def folded() -> bool:
                return await waiting(engine) == 0

            await until(folded)
            if fault == "refuses":
                await proxy.down()
            else:
                proxy.silence()
            more = [quiz(number, number % 11, WHEN, student=f"s{number % 3}") for number in range(40, 50)]
            await send(engine, more)
            await until(folded)
            await send(engine, unseen)
            await worker.says("processing waits", "the schema registry", "does not answer")
            assert await waiting(engine) > 0
            assert set((await apart.letter_log.ends()).values()) == {0}
            await proxy.down()
            await proxy.up()
            await worker.says("processing goes on")
            await until(folded)
    await check(installation, [*seen, *unseen, *more], poison=())
