"""An engine whose state is behind a sidecar: the same answers as on any other store, whatever happens to the sidecar."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from mastery_engine.bootstrap import Engine, open_engine
from mastery_engine.config import Settings
from mastery_engine.contracts import keys
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.domain.events import LearningEvent
from mastery_engine.engine.work import Runner
from mastery_engine.ports import ABSENT, Write
from tests.integration.dapr_house import ENGINE, dapr_house
from tests.integration.dapr_state_house import dapr_store, sidecar_on
from tests.integration.kafka_house import until
from tests.unit.engine.house import quiz
from tests.unit.engine.small_school import caller
from tools.installation import document

WHEN = (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT10:00:00")
STUDENTS = 25


@pytest.fixture
async def school(redis_url: str) -> AsyncIterator[str]:
    """A tenant that no other test has, and whose keys go with it."""
    name = f"t{uuid4().hex}"
    yield name
    raw: Any = Redis.from_url(redis_url)
    names = [key async for key in raw.scan_iter(f"school:{name}:*", 1_000)]
    await raw.unlink(f"tenant:{name}", *names)
    await raw.aclose()


def events(school: str, count: int) -> list[LearningEvent]:
    return [quiz(n, n % 11, WHEN, student=f"s{n % STUDENTS}", tenant=school) for n in range(1, count + 1)]


def settings(folder: Path, url: str, **more: object) -> Settings:
    return Settings.model_validate({"home": folder, "store_url": url, **more})


async def answers(engine: Engine, school: str) -> list[Any]:
    """Make the school, fold, and export."""
    await engine.tenants.ensure(Tenant(tenant_id=school))
    await engine.ingest.take_events(events(school, 300))
    async with engine.folding() as worker:
        await worker.drain()
    who = caller(tenant=school)
    return [one async for batch in engine.exports.results(who) for one in batch]


@pytest.mark.parametrize("listed", [True, False], ids=["keys of Redis", "keys of the archive"])
async def test_an_export_is_the_same_as_with_the_state_in_files(
    dapr_sidecar: str, redis_url: str, school: str, tmp_path: Path, *, listed: bool
) -> None:
    url = f"dapr://{dapr_sidecar}/statestore" + (f"?keys={redis_url}" if listed else "")
    async with open_engine(settings(tmp_path / "dapr", url)) as engine:
        found = await answers(engine, school)
    async with open_engine(settings(tmp_path / "files", "")) as engine:
        assert found == await answers(engine, school)
    assert len(found) == STUDENTS


async def test_every_key_of_a_student_expires(
    dapr_sidecar: str, redis_url: str, school: str, tmp_path: Path
) -> None:
    async with open_engine(settings(tmp_path, f"dapr://{dapr_sidecar}/statestore")) as engine:
        await answers(engine, school)
    raw: Any = Redis.from_url(redis_url)
    names = [key async for key in raw.scan_iter(f"school:{school}:*", 1_000)]
    assert len(names) > 300 + STUDENTS
    assert min([await raw.ttl(key) for key in names]) > 0
    assert await raw.ttl(f"tenant:{school}") == -1
    await raw.aclose()


@pytest.mark.usefixtures("daprd")
async def test_a_worker_goes_on_through_sidecars_that_are_killed_and_counts_each_event_once(
    redis_url: str, school: str, tmp_path: Path
) -> None:
    sidecar, count = sidecar_on(tmp_path / "sidecar", redis_url), 2_000
    await sidecar.start()
    url = f"dapr://{sidecar.grpc}/statestore?keys={redis_url}"
    async with open_engine(settings(tmp_path / "home", url)) as engine, engine.folding(50) as worker:
        await engine.tenants.ensure(Tenant(tenant_id=school))
        await engine.ingest.take_events(events(school, count))
        stop = asyncio.Event()
        working = asyncio.create_task(run(worker, stop))
        for share in (0.2, 0.4, 0.6):

            async def got_on(share: float = share) -> bool:
                assert not working.done()
                return worker.total.polled >= share * count

            await until(got_on)
            await sidecar.stop(signal.SIGKILL)

            async def waits() -> bool:
                return worker.waiting_for is not None

            await until(waits)
            await sidecar.start()

        async def is_done() -> bool:
            return worker.total.polled >= count

        await until(is_done)
        stop.set()
        await working
        documents = [await document(engine, f"s{n}", school) for n in range(STUDENTS)]
        assert sum(one.state.events for one in documents) == count
        report = await engine.replay.run(await engine.tenants.get(school), "run", switch=False)
        assert (report.students, report.equal) == (STUDENTS, STUDENTS)
    await sidecar.stop(signal.SIGKILL)


async def run(worker: Runner, stop: asyncio.Event) -> None:
    await worker.run(stop)


@pytest.mark.usefixtures("daprd", "redis_url")
async def test_the_files_of_the_deployment_offer_what_the_store_needs(
    kafka_servers: str, tmp_path: Path
) -> None:
    async with dapr_house(tmp_path, kafka_servers) as house:
        sidecar = await house.sidecar(ENGINE, "configuration.yaml")
        store = dapr_store(sidecar.grpc)
        await store.ping()
        assert await store.write_many(
            [Write("a", b"1"), Write("b", b"1", ABSENT, 60), Write("b", b"2", ABSENT)]
        ) == [
            True,
            True,
            False,
        ]
        (entry,) = await store.get_many(["b"])
        assert entry is not None
        assert await store.write_many([Write("b", None, entry.version), Write("a", None)]) == [True, True]
        await store.close()


async def test_keys_that_no_redis_has_are_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"write \?keys=redis://"):
        async with open_engine(settings(tmp_path, "dapr://statestore?keys=memory://")):
            pass


async def test_the_archive_lists_what_a_sidecar_cannot_and_says_how_to_list_the_rest(
    dapr_sidecar: str, school: str, tmp_path: Path
) -> None:
    async with open_engine(settings(tmp_path, f"dapr://{dapr_sidecar}/statestore")) as engine:
        await answers(engine, school)
        prefix = keys.learner(school, "")
        listed = [key async for batch in engine.adapters.store.scan(prefix) for key in batch]
        assert sorted(listed) == sorted(keys.document(school, f"s{n}") for n in range(STUDENTS))
        with pytest.raises(ConfigurationError, match=r"\?keys=redis://"):
            assert [batch async for batch in engine.adapters.store.scan("processed:")] == []
