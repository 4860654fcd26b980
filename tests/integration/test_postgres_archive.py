"""The archive in PostgreSQL under several writers, droppers and readers at once."""

import asyncio
import gc
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import AsyncAdaptedQueuePool

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.postgres.records import PostgresRecords, open_postgres
from mastery_engine.contracts.audit_chain import verify
from tests.contract.test_archive import event, grouped
from tests.contract.test_audit_trail import entry
from tests.contract.test_dead_letters import letter

CHILD = Path(__file__).with_name("postgres_child.py")
DISAGREEING = (
    "SELECT count(*) FROM (SELECT tenant_no, student_id, event_id, day FROM archived_ids) AS ids "
    "FULL JOIN archived_events USING (tenant_no, student_id, event_id, day) "
    "WHERE ids IS NULL OR archived_events.value IS NULL"
)


@pytest.fixture
async def records(ready_postgres: str) -> AsyncIterator[PostgresRecords]:
    made = await open_postgres(ready_postgres, SystemClock())
    yield made
    await made.close()


def start(what: str, url: str, name: str = "-", count: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, CHILD, what, url, name, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(*children: subprocess.Popen[str]) -> list[str]:
    told: list[str] = []
    for child in children:
        out, complaint = child.communicate(timeout=100)
        assert child.returncode == 0, complaint
        told.append(out)
    return told


def ask(url: str, question: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(question.encode()).fetchall()


def partitions(url: str) -> list[str]:
    listing = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'archived_events'::regclass"
    return sorted(str(name).removeprefix("archived_events_") for (name,) in ask(url, listing))


def written(day: int) -> str:
    return date.fromordinal(date(1970, 1, 1).toordinal() + day).strftime("%Y%m%d")


async def test_of_processes_that_write_the_same_events_each_counts_once(
    ready_postgres: str, records: PostgresRecords
) -> None:
    added = finish(*[start("archive", ready_postgres, name, 3_000) for name in "abc"])
    assert sum(map(int, added)) == 3_000
    found = await grouped(records.archive, "t1")
    assert len({one.event_id for one in found}) == len(found) == 3_000
    assert ask(ready_postgres, DISAGREEING) == [(0,)]
    # The first of an id, whole: day and content are of one and the same writer.
    assert all(one.value.decode() == f"{one.topic_id}:{one.day}" for one in found)


async def test_partitions_that_several_writers_need_at_once_are_made_once(
    ready_postgres: str, records: PostgresRecords
) -> None:
    others = [await open_postgres(ready_postgres, SystemClock()) for _ in range(3)]
    writers = [records, *others]
    added = await asyncio.gather(
        *(
            one.archive.add(
                [event(n * 100 + day, topic_id=f"topic-{n}", day=16_000 + day) for day in range(40)]
            )
            for n, one in enumerate(writers)
        )
    )
    assert added == [40] * 4
    assert partitions(ready_postgres) == [written(16_000 + day) for day in range(40)]
    for one in others:
        await one.close()


async def test_an_event_counts_once_whatever_day_it_is_sent_for(records: PostgresRecords) -> None:
    assert await records.archive.add([event(1, day=16_000)]) == 1
    assert await records.archive.add([event(1, day=16_005), event(2, day=16_005)]) == 1
    assert await records.archive.of_student("t1", "s1") == [event(1, day=16_000), event(2, day=16_005)]


async def test_days_are_dropped_whole_where_no_other_tenant_has_events(
    ready_postgres: str, records: PostgresRecords
) -> None:
    await records.archive.add([event(n, day=16_000 + n % 4) for n in range(400)])
    await records.archive.add([event(1, tenant="t2", day=16_001), event(2, tenant="t2", day=16_009)])
    assert await records.archive.drop_before("t1", 16_003) == 300
    assert partitions(ready_postgres) == [written(day) for day in (16_001, 16_003, 16_009)]
    assert ask(ready_postgres, DISAGREEING) == [(0,)]
    assert await records.archive.drop_before("t2", 16_009) == 1
    assert partitions(ready_postgres) == [written(day) for day in (16_003, 16_009)]


async def test_a_long_read_holds_up_no_drop_and_sees_what_was_there(
    ready_postgres: str, records: PostgresRecords
) -> None:
    await records.archive.add([event(n, f"s{n % 50:02}", day=16_000 + n % 2) for n in range(10_000)])
    reading = records.archive.by_student("t1")
    found = len(await anext(reading))
    assert await records.archive.drop_before("t1", 16_001) == 5_000
    # Its rows have gone; the empty partition goes when nobody reads.
    assert partitions(ready_postgres) == [written(16_000), written(16_001)]
    assert ask(ready_postgres, DISAGREEING) == [(0,)]
    async for part in reading:
        found += len(part)
    assert found == 10_000
    assert await records.archive.drop_before("t1", 16_001) == 0
    assert partitions(ready_postgres) == [written(16_001)]


async def test_writers_and_droppers_of_the_same_days_leave_every_event_whole_or_not_at_all(
    ready_postgres: str, records: PostgresRecords
) -> None:
    other = await open_postgres(ready_postgres, SystemClock())
    ended = asyncio.Event()

    async def write(archive: PostgresRecords, start: int) -> int:
        added = 0
        for n in range(start, start + 10):
            batch = [event(n * 20 + m, f"s{m % 3}", day=16_000 + m % 5) for m in range(20)]
            added += await archive.archive.add(batch)
        return added

    async def drop() -> int:
        dropped = 0
        while not ended.is_set():
            dropped += await other.archive.drop_before("t1", 16_004)
        return dropped

    dropping = asyncio.create_task(drop())
    added = await asyncio.gather(write(records, 0), write(records, 100), write(other, 200))
    ended.set()
    dropped = await dropping
    assert sum(added) == 3 * 10 * 20
    assert len(await grouped(records.archive, "t1")) == sum(added) - dropped
    assert ask(ready_postgres, DISAGREEING) == [(0,)]
    await other.close()


async def test_processes_that_append_at_once_keep_one_chain_a_tenant(
    ready_postgres: str, records: PostgresRecords
) -> None:
    finish(*[start("audit", ready_postgres, name, 40) for name in "abc"])
    for tenant in ("t1", "t2"):
        chain = await records.audit.read(tenant, limit=1_000)
        assert len(chain) == 3 * 40 * 5
        assert verify(chain) is None
        assert {one.sequence for one in await records.audit.read(tenant, subject="a", limit=1_000)} == {
            one.sequence for one in chain if "a" in one.entry.subjects
        }


async def test_a_process_killed_while_it_appends_leaves_a_chain_that_holds(
    ready_postgres: str, records: PostgresRecords
) -> None:
    child = start("audit", ready_postgres, "a", 1_000_000)
    assert child.stdout is not None
    for _ in range(5):
        assert child.stdout.readline()
    child.kill()
    child.communicate(timeout=60)
    await records.audit.append([entry(1, "b")])
    chain = await records.audit.read("t1", limit=100_000)
    assert len(chain) > 5
    assert verify(chain) is None


async def test_a_caller_that_goes_takes_no_others_entries_along(
    ready_postgres: str, records: PostgresRecords
) -> None:
    with psycopg.connect(ready_postgres) as other:
        other.execute("LOCK TABLE audit_chains")
        appending = [asyncio.create_task(records.audit.append([entry(n, "a")])) for n in range(5)]
        await asyncio.sleep(0)
        appending[0].cancel()
        appending[4].cancel()
        outcomes = await asyncio.gather(appending[0], appending[4], return_exceptions=True)
        assert [type(one) for one in outcomes] == [asyncio.CancelledError] * 2
    await asyncio.gather(*appending[1:4])
    chain = await records.audit.read("t1")
    assert {one.entry.at_ms % 10 for one in chain} >= {1, 2, 3}
    assert verify(chain) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_records SET sequence = 2",
        "DELETE FROM audit_records",
        "TRUNCATE audit_records",
        "DELETE FROM audit_subjects",
    ],
)
async def test_what_is_on_record_cannot_be_changed_with_plain_statements_of_the_owner_either(
    ready_postgres: str, records: PostgresRecords, statement: str
) -> None:
    await records.audit.append([entry(1, "a")])
    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        ask(ready_postgres, statement)


async def test_words_of_a_statement_are_only_words(records: PostgresRecords) -> None:
    bad = "'; DROP TABLE cohorts; --"
    assert await records.archive.of_student(bad, bad) == []
    assert await records.archive.add([event(1, tenant=bad, student=bad, topic_id=bad, event_id=bad)]) == 1
    assert [one.event_id for one in await records.archive.of_student(bad, bad)] == [bad]
    await records.audit.append([entry(1, bad, tenant=bad)])
    assert len(await records.audit.read(bad, subject=bad)) == 1
    assert await records.dead_letters.add([letter(1, letter_id=bad, tenant_id=bad)]) == 1
    assert len(await records.dead_letters.find(tenant_id=bad, after="")) == 1
    assert await records.archive.drop_before(bad, 17_000) == 1
    assert await records.rosters.list(bad, after=bad) == []


async def test_a_broken_records_ids_may_hold_any_character(records: PostgresRecords) -> None:
    odd = ["a\0b", "a\\0b", "a\\\0b", "\0", "\\", "\\\\0"]
    letters = [letter(n, tenant_id=one, student_id=one) for n, one in enumerate(odd)]
    assert await records.dead_letters.add(letters) == len(odd)
    for one in letters:
        assert await records.dead_letters.find(tenant_id=one.tenant_id) == [one]


async def test_a_reader_that_goes_away_gives_its_connection_back(records: PostgresRecords) -> None:
    await records.archive.add([event(n, f"s{n}") for n in range(10)])
    async for _ in records.archive.by_student("t1"):
        break
    gc.collect()
    pool = records.archive._database._engine.pool
    assert isinstance(pool, AsyncAdaptedQueuePool)
    async with asyncio.timeout(20):
        while pool.checkedout():
            await records.rosters.list("t1")
