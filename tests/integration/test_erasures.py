"""The erasure ledger beside the archives of record: nothing slips in between, and nothing is taken back."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.postgres.records import PostgresRecords, open_postgres
from mastery_engine.adapters.sqlite.home import SqliteHome
from mastery_engine.bootstrap import open_engine
from mastery_engine.config import Settings
from tests.contract.factories import PSEUDONYMS
from tests.contract.test_archive import event
from tests.contract.test_erasures import ADMIN, ANN
from tests.integration.test_postgres_archive import ask
from tests.integration.test_postgres_drops import until_one_waits

CHANGES = ["UPDATE erasures SET at_ms = 0", "DELETE FROM erasures"]


@pytest.fixture
async def records(ready_postgres: str) -> AsyncIterator[PostgresRecords]:
    made = await open_postgres(ready_postgres, SystemClock(), PSEUDONYMS)
    yield made
    await made.close()


async def test_what_is_being_archived_has_been_when_an_erasure_is_on_record(
    ready_postgres: str, records: PostgresRecords
) -> None:
    other = await open_postgres(ready_postgres, SystemClock(), PSEUDONYMS)
    with psycopg.connect(ready_postgres) as holder:
        # It has asked for markers, has found none, and goes no further yet.
        holder.execute("LOCK TABLE archived_events IN EXCLUSIVE MODE")
        adding = asyncio.create_task(records.archive.add([event(1)]))
        await until_one_waits(ready_postgres)
        asking = asyncio.create_task(other.erasures.ask("t1", ANN, 1_000, ADMIN))
        waiting = "SELECT count(*) = 2 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        async with asyncio.timeout(20):
            while await asyncio.to_thread(ask, ready_postgres, waiting) == [(False,)]:
                assert not asking.done()
    assert (await adding, (await asking).state) == (1, "asked")
    assert await records.archive.add([event(2)]) == 0
    assert await records.archive.of_student("t1", "s1") == [event(1)]
    await other.close()


@pytest.mark.parametrize("statement", [*CHANGES, "TRUNCATE erasures"])
async def test_what_is_on_record_in_postgres_stays(
    ready_postgres: str, records: PostgresRecords, statement: str
) -> None:
    await records.erasures.ask("t1", ANN, 1_000, ADMIN)
    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        ask(ready_postgres, statement)


async def test_an_id_does_not_get_into_postgres_by_another_way_either(ready_postgres: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        ask(ready_postgres, "INSERT INTO erasures VALUES ('ada-01', 1, 'asked', 't1', 0, NULL)")


@pytest.mark.parametrize("statement", CHANGES)
async def test_what_is_on_record_in_a_file_stays(tmp_path: Path, statement: str) -> None:
    home = SqliteHome(tmp_path, SystemClock())
    await (await home.erasures()).ask("t1", ANN, 1_000, ADMIN)
    await home.close()
    connection = sqlite3.connect(tmp_path / "archive.db")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        connection.execute("INSERT INTO erasures VALUES ('ada-01', 1, 'asked', 't1', 0, NULL)")
    connection.close()


async def test_a_file_of_the_first_schema_gets_a_ledger(tmp_path: Path) -> None:
    home = SqliteHome(tmp_path, SystemClock())
    await (await home.archive()).add([event(1)])
    await home.close()
    connection = sqlite3.connect(tmp_path / "archive.db")
    connection.executescript(
        "DROP TABLE erasures; DROP TABLE tenants; DROP TABLE privacy_requests; DROP TABLE tenant_privacy; "
        "DROP TRIGGER audit_subjects_are_not_changed; "
        "DROP TRIGGER audit_subjects_are_not_deleted; ALTER TABLE audit_chains DROP COLUMN day; "
        "ALTER TABLE audit_chains DROP COLUMN seal; PRAGMA user_version = 1;"
    )
    connection.close()
    home = SqliteHome(tmp_path, SystemClock())
    assert (await (await home.erasures()).ask("t1", ANN, 1_000, ADMIN)).number == 1
    archive = await home.archive(PSEUDONYMS)
    assert await archive.add([event(2)]) == 0
    assert await archive.of_student("t1", "s1") == [event(1)]
    await home.close()


@pytest.mark.parametrize("where", ["memory", "files", "postgres"])
async def test_an_engine_archives_nothing_of_an_erased_student(
    request: pytest.FixtureRequest, tmp_path: Path, where: str
) -> None:
    chosen: dict[str, object] = {"home": tmp_path / "home"}
    if where == "memory":
        chosen["store_url"] = "memory://"
    elif where == "postgres":
        chosen["archive_url"] = request.getfixturevalue("ready_postgres")
    async with open_engine(Settings.model_validate(chosen)) as engine:
        student = engine.pseudonyms.of("t1", "s1")
        await engine.adapters.erasures.ask("t1", student, 1_000, engine.pseudonyms.of("t1", "admin"))
        assert await engine.adapters.archive.add([event(1), event(2, "s2")]) == 1
