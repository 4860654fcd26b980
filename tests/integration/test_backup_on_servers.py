"""Backups and recovery on real Kafka and real Redis, which is really wiped."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mastery_engine.bootstrap import Engine
from mastery_engine.bootstrap.replaying import replay_all
from mastery_engine.contracts import keys
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.events import QuizPerformanceSubmitted
from mastery_engine.engine.replay_notes import Wanted
from tests.integration.kafka_house import until
from tests.integration.own_database import flush, own_database
from tests.unit.engine.house import quiz
from tools.installation import Installation, archive, document, fold, is_committed, outputs, send

WHEN = (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT10:00:00")
SCHOOL = Tenant(tenant_id="school", retention_days=None, time_zone="Europe/Berlin")
STUDENTS = 7


def events(first: int, last: int) -> list[QuizPerformanceSubmitted]:
    """Of students of two schools."""
    return [
        quiz(number, number % 11, WHEN, student=f"s{number % STUDENTS}", tenant=_tenant(number))
        for number in range(first, last)
    ]


def _tenant(number: int) -> str:
    return "school" if number % STUDENTS == 0 else "default"


@pytest.fixture
async def house(installation: Installation, redis_url: str) -> AsyncIterator[Installation]:
    """An installation whose state is in a database of its own."""
    async with own_database(redis_url) as url:
        installation.variables["MASTERY_STORE_URL"] = url
        async with installation.engine() as engine:
            await engine.tenants.create(SCHOOL)
        yield installation


async def wipe(house: Installation) -> None:
    await flush(house.variables["MASTERY_STORE_URL"])


async def mastery(house: Installation, *command: str, code: int = 0) -> Any:
    """A command in a process of its own; what it printed as JSON, or its error."""
    with house.start(*command, "--json") as process:
        out, said = await asyncio.to_thread(process.communicate, None, 120)
    assert process.returncode == code, said.decode()
    return json.loads(out if code == 0 else said.splitlines()[-1])


async def catch_up(house: Installation) -> None:
    async with house.engine() as engine:
        await fold(engine)
        await archive(engine)


async def check(house: Installation, sent: Sequence[QuizPerformanceSubmitted]) -> None:
    """The state is that of these events, each counted once; an archive of them says the same."""
    async with house.engine() as engine:
        for number in range(STUDENTS):
            wanted = sum(one.student_id == f"s{number}" for one in sent)
            assert (await document(engine, f"s{number}", _tenant(number))).state.events == wanted
        for tenant, students in (("default", STUDENTS - 1), ("school", 1)):
            report = await replay_all(engine, await engine.tenants.get(tenant), Wanted(switch=False))
            assert (report.equal, report.different, report.missing) == (students, {}, 0)
        told = {one["caused_by"] for _, one in await outputs(engine) if "caused_by" in one}
        assert told == {one.event_id for one in sent}


async def committed(engine: Engine) -> None:
    """Return once others have folded all that is in the log."""
    ends = await engine.adapters.log.ends()
    consumer = engine.adapters.log.consumer(engine.group)

    async def reached() -> bool:
        return await is_committed(consumer, ends)

    await until(reached)
    await consumer.close()


async def test_a_backup_made_under_load_and_a_wiped_redis_lose_nothing_and_double_nothing(
    house: Installation, tmp_path: Path
) -> None:
    sent = events(0, 900)
    place = str(tmp_path / "backup")
    async with house.engine() as engine:
        await send(engine, sent[:300])
        with house.start("worker") as worker:
            await committed(engine)
            making = asyncio.create_task(mastery(house, "backup", "create", place))
            for first in range(300, 600, 20):
                await send(engine, [*sent[first : first + 20], *sent[:5]])
            made = await making
            refused = await mastery(house, "backup", "restore", place, "--replace", "--yes", code=1)
            assert "at work" in refused["error"]["message"]
            await committed(engine)
            worker.send_signal(signal.SIGTERM)
            await asyncio.to_thread(worker.wait, 40)
        assert made["counts"]["documents"] == STUDENTS
        await send(engine, sent[600:700])
    await catch_up(house)
    await wipe(house)
    async with house.engine() as engine:
        assert (await document(engine, "s1")).state.events == 0
    report = await mastery(house, "backup", "restore", place)
    assert (report["documents"], report["tenants"], report["lost"]) == (STUDENTS, 1, 0)
    async with house.engine() as engine:
        await send(engine, [*sent[700:], *sent[:40], *sent[590:610]])
    await catch_up(house)
    await check(house, sent)


async def test_a_backup_in_an_object_store_is_restored_into_files_as_well(
    house: Installation, s3_url: str
) -> None:
    sent = events(0, 60)
    async with house.engine() as engine:
        await send(engine, sent)
    await catch_up(house)
    await mastery(house, "backup", "create", s3_url)
    await wipe(house)
    del house.variables["MASTERY_STORE_URL"]
    assert (await mastery(house, "backup", "restore", s3_url))["documents"] == STUDENTS
    async with house.engine() as engine:
        await send(engine, sent[:20])
    await catch_up(house)
    await check(house, sent)


async def test_without_a_backup_a_replay_rebuilds_what_was_wiped_while_workers_fold_on(
    house: Installation,
) -> None:
    sent = events(0, 400)
    async with house.engine() as engine:
        await send(engine, sent[:300])
    await catch_up(house)
    await wipe(house)
    async with house.engine() as engine:
        assert await engine.tenants.get("school") == SCHOOL
        with house.start("worker") as worker:
            await send(engine, sent[300:])
            replays = [
                asyncio.create_task(mastery(house, "replay", "--all", "--tenant", tenant))
                for tenant in ("default", "school")
            ]
            await asyncio.gather(*replays)
            await committed(engine)
            worker.send_signal(signal.SIGTERM)
            await asyncio.to_thread(worker.wait, 40)
        await archive(engine)
        for tenant in ("default", "school"):
            await mastery(house, "replay", "--all", "--tenant", tenant)
        await send(engine, sent[:50])
        await fold(engine)
        await archive(engine)
        entry = (await engine.adapters.store.get_many([keys.tenant("school")]))[0]
        assert entry is not None
    await check(house, sent)
