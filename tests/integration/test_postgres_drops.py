"""Days of the archive in PostgreSQL are dropped while others write them: nobody waits for long, and nothing is left half."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

import psycopg
import pytest

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.postgres.records import PostgresRecords, open_postgres
from mastery_engine.adapters.postgres.upgrade import upgrade_schema
from tests.contract.test_archive import event, grouped
from tests.integration.test_postgres_archive import DISAGREEING, ask, partitions, written

DEADLINE_SECONDS = 20
A_MOMENT_SECONDS = 2.0
"""A lock is waited for at most half a second; the rest is for a busy machine."""
WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@pytest.fixture
async def records(ready_postgres: str) -> AsyncIterator[PostgresRecords]:
    made = await open_postgres(ready_postgres, SystemClock())
    yield made
    await made.close()


async def until_one_waits(url: str) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while await asyncio.to_thread(ask, url, WAITING) == [(0,)]:
            pass


async def test_while_a_day_is_dropped_events_of_any_day_are_added_and_read(
    ready_postgres: str, records: PostgresRecords
) -> None:
    await records.archive.add([event(n, day=16_000 + n % 2) for n in range(100)])
    with psycopg.connect(ready_postgres) as holder:
        # In the middle of its long part: one of the ids cannot be deleted yet.
        holder.execute("SELECT 1 FROM archived_ids WHERE day = '2013-10-22' LIMIT 1 FOR UPDATE")
        dropping = asyncio.create_task(records.archive.drop_before("t1", 16_001))
        await until_one_waits(ready_postgres)
        assert not dropping.done()
        started = monotonic()
        assert await records.archive.add([event(200, day=16_000), event(201, day=16_001)]) == 2
        assert len(await records.archive.of_student("t1", "s1")) == 102
        assert monotonic() - started < A_MOMENT_SECONDS
        assert not dropping.done()
    assert await dropping == 51
    assert [one.day for one in await grouped(records.archive, "t1")] == [16_001] * 51
    assert partitions(ready_postgres) == [written(16_001)]
    assert ask(ready_postgres, DISAGREEING) == [(0,)]


async def test_a_drop_waits_a_moment_for_who_writes_the_day_and_takes_the_rest(
    ready_postgres: str, records: PostgresRecords
) -> None:
    await records.archive.add([event(n) for n in range(100)])
    with psycopg.connect(ready_postgres) as writer:
        # As an archiver in the middle of its transaction: id and event are there, and not committed.
        writer.execute(
            "INSERT INTO archived_ids SELECT tenant_no, 'late', event_id, day FROM archived_ids LIMIT 1"
        )
        writer.execute(
            "INSERT INTO archived_events SELECT timestamp_ms, record_offset, appended_ms, day, tenant_no, topic_no, partition, "
            "event_id, 'late', event_text, corrected_by, value FROM archived_events WHERE event_id = "
            "(SELECT event_id FROM archived_ids WHERE student_id <> 'late' LIMIT 1)"
        )
        started = monotonic()
        assert await records.archive.drop_before("t1", 16_001) == 100
        assert monotonic() - started < A_MOMENT_SECONDS
        assert ask(ready_postgres, "SELECT count(*) FROM archived_events") == [(0,)]
    assert [one.student_id for one in await grouped(records.archive, "t1")] == ["late"]
    assert ask(ready_postgres, DISAGREEING) == [(0,)]
    assert await records.archive.drop_before("t1", 16_001) == 1
    assert partitions(ready_postgres) == []


async def test_an_add_that_meets_a_drop_waits_a_moment(ready_postgres: str, records: PostgresRecords) -> None:
    other = await open_postgres(ready_postgres, SystemClock())
    await records.archive.add([event(n, f"s{n % 20}", day=16_000 + n % 5) for n in range(20_000)])
    ended = asyncio.Event()
    longest = 0.0

    async def archiver() -> int:
        nonlocal longest
        added = 0
        while not ended.is_set():
            started = monotonic()
            added += await other.archive.add([event(30_000 + added + n, day=16_010) for n in range(50)])
            longest = max(longest, monotonic() - started)
        return added

    adding = asyncio.create_task(archiver())
    dropped = await records.archive.drop_before("t1", 16_005)
    ended.set()
    assert await adding >= 50
    assert dropped == 20_000
    assert longest < A_MOMENT_SECONDS
    assert ask(ready_postgres, DISAGREEING) == [(0,)]
    await other.close()


async def test_another_schools_day_is_left_as_it_is(ready_postgres: str, records: PostgresRecords) -> None:
    await records.archive.add([event(n, tenant=f"t{n % 2}") for n in range(10)])
    assert await records.archive.drop_before("t1", 17_000) == 5
    assert len(await grouped(records.archive, "t0")) == 5
    assert ask(ready_postgres, DISAGREEING) == [(0,)]


async def test_a_database_of_the_first_version_drops_so_after_an_upgrade(bare_postgres: str) -> None:
    await upgrade_schema(bare_postgres, version="0001")
    before, now = await upgrade_schema(bare_postgres)
    assert (before, now.state) == ("0001", "current")
    records = await open_postgres(bare_postgres, SystemClock())
    await records.archive.add([event(1)])
    assert await records.archive.drop_before("t1", 17_000) == 1
    await records.close()
