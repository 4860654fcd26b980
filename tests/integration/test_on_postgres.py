"""The stores of record in real PostgreSQL: with the embedded log, and with Kafka, where a silent database delays no score."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mastery_engine.adapters.postgres.archive import PostgresArchive
from mastery_engine.bootstrap import open_engine
from mastery_engine.bootstrap.replaying import replay_all
from mastery_engine.config import Settings
from mastery_engine.contracts import keys
from mastery_engine.contracts.tenant import DEFAULT
from mastery_engine.domain.errors import ConfigurationError, DependencyDown
from mastery_engine.engine.replay_notes import Wanted
from mastery_engine.engine.work import Runner
from mastery_engine.ports import Write
from tests.integration.proxy import Proxy
from tests.unit.engine.house import quiz
from tools.installation import Installation, archive, document, fold, send

WHEN = (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT10:00:00")
EVENTS = [quiz(number, number % 11, WHEN, student=f"s{number % 3}") for number in range(1, 40)]


@pytest.fixture
async def proxy(ready_postgres: str) -> AsyncIterator[Proxy]:
    made = Proxy(ready_postgres)
    await made.up()
    yield made
    await made.down()


@pytest.fixture
async def installation(
    kafka_servers: str, registry_url: str, proxy: Proxy, tmp_path: Path
) -> AsyncIterator[Installation]:
    made = Installation(kafka_servers, registry_url, tmp_path)
    made.variables["MASTERY_ARCHIVE_URL"] = proxy.url
    await made.prepare()
    yield made
    await made.remove()


def embedded(tmp_path: Path, url: str) -> Settings:
    return Settings.model_validate({"home": tmp_path / "home", "archive_url": url})


async def test_an_embedded_log_archives_in_postgres_what_it_folds(
    ready_postgres: str, tmp_path: Path
) -> None:
    async with open_engine(embedded(tmp_path, ready_postgres)) as engine:
        assert isinstance(engine.adapters.archive, PostgresArchive)
        await engine.ingest.take_events(EVENTS)
        async with engine.folding() as worker:
            await worker.drain()
        report = await engine.replay.run(await engine.tenants.get("default"), "run", switch=False)
        assert (report.students, report.equal, report.events) == (3, 3, len(EVENTS))


async def test_several_processes_replay_from_postgres_what_one_does(
    ready_postgres: str, tmp_path: Path
) -> None:
    events = [quiz(n, n % 11, WHEN, student=f"s{n % 250}") for n in range(500)]
    async with open_engine(embedded(tmp_path, ready_postgres)) as engine:
        await engine.ingest.take_events(events)
        async with engine.folding() as worker:
            await worker.drain()
        lost = [Write(keys.document("default", f"s{n}"), None) for n in range(7)]
        await engine.adapters.store.write_many(lost)
        reports = [
            await replay_all(engine, DEFAULT, Wanted(switch=False), workers=workers) for workers in (1, 2)
        ]
        assert reports[0] == reports[1]
        assert (reports[0].students, reports[0].events, reports[0].missing) == (250, 500, 7)
        switched = await replay_all(engine, DEFAULT, Wanted(switch=True), workers=2)
        assert (switched.switched, switched.equal) == (7, 243)


async def test_a_database_without_a_schema_is_refused_with_what_to_do(
    bare_postgres: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="make it with: mastery db upgrade"):
        async with open_engine(embedded(tmp_path, bare_postgres)):
            pass


async def test_a_database_that_is_down_delays_the_archive_and_no_score(
    installation: Installation, proxy: Proxy
) -> None:
    async with installation.engine() as engine, engine.archiving() as (archiver, _):
        await proxy.down()
        async with open_engine(installation.settings, folds_only=True) as folder:
            await send(folder, EVENTS)
            await fold(folder)
            assert (await document(folder, "s1")).state.newest > 0
        with pytest.raises(DependencyDown, match="PostgreSQL"):
            await for_ever(archiver)
        await proxy.up()
    async with installation.engine() as engine:
        await archive(engine)
        report = await engine.replay.run(await engine.tenants.get("default"), "run", switch=False)
        assert (report.students, report.equal, report.events) == (3, 3, len(EVENTS))


async def test_a_worker_starts_while_the_database_is_down_and_an_archiver_says_that_it_is(
    installation: Installation, proxy: Proxy
) -> None:
    await proxy.down()
    with installation.start("archiver") as archiver:
        _, words = archiver.communicate(timeout=30)
    assert archiver.returncode == 75
    assert b"PostgreSQL" in words
    assert b"hush" not in words
    async with open_engine(installation.settings, folds_only=True) as engine, engine.folding() as worker:
        assert await worker.drain() is not None


async def for_ever(runner: Runner) -> None:
    while True:
        await runner.drain()
