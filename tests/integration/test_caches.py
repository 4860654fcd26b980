"""Caches of whole engines: what one process folds another tells within a second, on real Kafka, with and without L2."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest

from mastery_engine.bootstrap import Engine, open_engine
from mastery_engine.bootstrap.caches import cache_troubles
from mastery_engine.config import Settings
from mastery_engine.contracts import keys
from mastery_engine.contracts.document import TOMBSTONE
from mastery_engine.domain.errors import NotFound
from mastery_engine.domain.events import LearningEvent
from mastery_engine.engine.following import NOT_YET
from mastery_engine.ports import Write
from tests.integration.kafka_house import until
from tests.integration.own_broker import OwnBroker
from tests.integration.proxy import Proxy
from tests.unit.engine.house import quiz
from tests.unit.engine.small_school import caller
from tools.installation import Installation, fold, send

WHEN = (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT10:00:00")


@asynccontextmanager
async def serving(settings: Settings) -> AsyncGenerator[Engine]:
    """An engine as a process that serves has it, once it follows the results."""
    async with open_engine(settings, serves=True) as engine:
        await until(lambda: settled(engine, trouble=False))
        yield engine


async def settled(engine: Engine, *, trouble: bool) -> bool:
    assert engine.cached is not None
    return (engine.cached.trouble not in {None, NOT_YET}) if trouble else engine.cached.trouble is None


async def events_of(engine: Engine, student: str) -> int:
    return (await engine.queries.profile(caller(), student)).events


async def seconds_until(engine: Engine, student: str, events: int) -> float:
    """How long it takes until so many events of a student are told, asked again and again."""
    began = monotonic()

    async def seen() -> bool:
        return await events_of(engine, student) == events

    await until(seen)
    return monotonic() - began


@pytest.fixture
def student() -> str:
    """Whom nobody else has in the caches that all share."""
    return f"s-{uuid4().hex}"


@pytest.mark.parametrize("level", ["l1", "l2"])
async def test_what_one_process_folds_the_other_tells_within_a_second(
    installation: Installation, redis_url: str, student: str, level: str
) -> None:
    settings = installation.settings.model_copy(update={"cache_url": redis_url if level == "l2" else ""})
    async with open_engine(settings) as folder, serving(settings) as server:
        assert server.cached is not None
        await send(folder, [quiz(1, 5, WHEN, student=student)])
        await fold(folder)
        for number in range(2, 6):
            assert await events_of(server, student) == number - 1
            assert await events_of(server, student) == number - 1
            await send(folder, [quiz(number, 5, WHEN, student=student)])
            await fold(folder)
            assert await seconds_until(server, student, number) < 1.0
        counts = server.cached.counts
        assert counts.hits["l1"] >= 4
        assert counts.evictions >= 4
        assert (counts.misses["l2"] > 0) == (level == "l2")


async def test_a_second_process_takes_from_redis_what_the_first_has_read(
    installation: Installation, redis_url: str, student: str
) -> None:
    settings = installation.settings.model_copy(update={"cache_url": redis_url})
    async with open_engine(settings) as folder, serving(settings) as one, serving(settings) as other:
        assert one.cached is not None
        assert other.cached is not None
        await send(folder, [quiz(1, 5, WHEN, student=student)])
        await fold(folder)
        # The news of the fold itself must have come: it would remove the copy.
        await asyncio.gather(events_of(one, student), events_of(other, student))
        await send(folder, [quiz(2, 5, WHEN, student=student)])
        await fold(folder)
        await asyncio.gather(seconds_until(one, student, 2), seconds_until(other, student, 2))
        counts = other.cached.counts

        async def taken_from_redis() -> bool:
            await one.cached.evict({})  # type: ignore[union-attr]
            one.cached.resume()  # type: ignore[union-attr]
            other.cached.resume()  # type: ignore[union-attr]
            await events_of(one, student)
            return await events_of(other, student) == 2 and counts.hits["l2"] > 0

        await until(taken_from_redis)


async def test_an_erased_student_is_gone_from_redis_with_the_tombstone(
    installation: Installation, redis_url: str, student: str
) -> None:
    settings = installation.settings.model_copy(update={"cache_url": redis_url})
    async with serving(settings) as server, open_engine(settings) as eraser:
        await send(server, [quiz(1, 5, WHEN, student=student)])
        await fold(server)
        assert await events_of(server, student) == 1
        await eraser.adapters.store.write_many([Write(keys.document("default", student), TOMBSTONE)])
        async with serving(settings) as fresh:
            with pytest.raises(NotFound):
                await events_of(fresh, student)


async def test_redis_may_go_and_come_and_every_answer_is_right(
    tmp_path: Path, redis_url: str, student: str
) -> None:
    proxy = Proxy(redis_url)
    await proxy.up()
    settings = Settings.model_validate({"home": tmp_path, "cache_url": proxy.url, "cache_bytes": 0})
    async with serving(settings) as server:
        assert server.cached is not None
        shared = server.cached.shared
        assert shared is not None
        number = 0

        async def learn() -> None:
            nonlocal number
            number += 1
            await take(server, quiz(number, 5, WHEN, student=student))
            assert await events_of(server, student) == number
            assert await events_of(server, student) == number

        await learn()
        await until(lambda: told(server.cached.counts.hits["l2"] > 0))  # type: ignore[union-attr]
        proxy.silence()
        await learn()
        assert cache_troubles(server.cached)["shared_cache"]() is not None
        await proxy.down()
        await learn()
        await proxy.up()
        await until(lambda: told(shared.trouble is None))
        await learn()
        assert server.cached.counts.failures > 0
    await proxy.down()


async def told(answer: bool) -> bool:  # noqa: FBT001 - it is the answer itself
    return answer


async def take(engine: Engine, event: LearningEvent) -> None:
    async with engine.intake().open() as taking:
        await taking.take([event])


async def test_two_hundred_at_once_are_one_read_of_the_store(tmp_path: Path, student: str) -> None:
    async with serving(Settings.model_validate({"home": tmp_path})) as server:
        assert server.cached is not None
        await take(server, quiz(1, 5, WHEN, student=student))
        server.cached.resume()
        before = server.cached.counts.misses["l1"]
        key = keys.document("default", student)
        found = await asyncio.gather(*(server.cached.many([key]) for _ in range(200)))
        assert all(one[0] is found[0][0] for one in found)
        assert server.cached.counts.misses["l1"] - before == 1


async def test_another_process_on_the_same_files_hears_of_what_is_folded(
    tmp_path: Path, student: str
) -> None:
    settings = Settings.model_validate({"home": tmp_path})
    async with serving(settings) as server, open_engine(settings) as folder:
        await take(folder, quiz(1, 5, WHEN, student=student))
        assert await events_of(server, student) == 1
        await take(folder, quiz(2, 5, WHEN, student=student))
        assert await seconds_until(server, student, 2) < 1.0


async def test_while_kafka_is_away_nothing_is_kept_and_afterwards_it_is_again(
    broker: OwnBroker, registry_url: str, tmp_path: Path, student: str
) -> None:
    installation = Installation(broker.address, registry_url, tmp_path / "home")
    await installation.prepare()
    async with installation.engine() as folder, serving(installation.settings) as server:
        await send(folder, [quiz(1, 5, WHEN, student=student)])
        await fold(folder)
        assert await events_of(server, student) == 1
        await broker.stop(signal.SIGKILL)
        await until(lambda: settled(server, trouble=True))
        assert server.cached is not None
        held: Any = server.cached.held_bytes
        assert await events_of(server, student) == 1
        assert (held, server.cached.held_bytes) == (0, 0)
        await broker.start()
        await until(lambda: settled(server, trouble=False))
        assert await events_of(server, student) == 1
        assert server.cached.held_bytes > 0
        await send(folder, [quiz(2, 5, WHEN, student=student)])
        await fold(folder)
        assert await seconds_until(server, student, 2) < 1.0
