"""One SQLite file: opening, migrating, sharing, cancelling, closing."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from threading import Event

import pytest

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.sqlite.database import Database
from mastery_engine.adapters.sqlite.grouped import GroupedWrites
from mastery_engine.adapters.sqlite.home import SqliteHome
from mastery_engine.adapters.sqlite.schema import Schema
from mastery_engine.domain.errors import ConfigurationError, DependencyDown
from mastery_engine.ports import NewRecord, Write

ONE = ("CREATE TABLE t (n INTEGER)",)
TWO = ("ALTER TABLE t ADD COLUMN m INTEGER NOT NULL DEFAULT 7", "INSERT INTO t VALUES (2, 2)")
BAD = ("INSERT INTO t VALUES (3, 3)", "CREATE TABLE t (n INTEGER)")


def put(number: int, connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO t (n) VALUES (?)", (number,))


def rows(connection: sqlite3.Connection) -> list[tuple[int, ...]]:
    return connection.execute("SELECT * FROM t ORDER BY n").fetchall()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = await Database(tmp_path / "t.db", Schema((ONE,))).open()
    yield made
    await made.close()


async def test_a_new_step_brings_an_old_file_up_to_date_and_keeps_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    old = await Database(path, Schema((ONE,))).open()
    await old.write(lambda connection: put(1, connection))
    await old.close()
    for _ in range(2):
        new = await Database(path, Schema((ONE, TWO))).open()
        assert await new.read(rows) == [(1, 7), (2, 2)]
        await new.close()


async def test_a_step_that_fails_is_not_taken_in_part(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        await Database(path, Schema((ONE, TWO, BAD))).open()
    mended = await Database(path, Schema((ONE, TWO))).open()
    assert await mended.read(rows) == [(2, 2)]
    await mended.close()


async def test_a_file_is_durable_and_shared(database: Database) -> None:
    def settings(connection: sqlite3.Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert await database.write(settings) == ["wal", 2, 1, 1, 10_000]
    assert await database.read(settings) == ["wal", 2, 1, 1, 10_000]


async def test_a_job_that_fails_leaves_nothing(database: Database) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        put(1, connection)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(fail)
    assert await database.read(rows) == []


async def test_a_read_does_not_wait_for_a_write(database: Database) -> None:
    begun, go_on = Event(), Event()

    def slow(connection: sqlite3.Connection) -> None:
        put(1, connection)
        begun.set()
        go_on.wait(60)

    writing = asyncio.create_task(database.write(slow))
    await asyncio.to_thread(begun.wait, 60)
    assert await database.read(rows) == []
    go_on.set()
    await writing
    assert await database.read(rows) == [(1,)]


async def test_a_cancelled_write_that_had_begun_ends_before_the_call_does(database: Database) -> None:
    begun, go_on = Event(), Event()

    def slow(connection: sqlite3.Connection) -> None:
        begun.set()
        go_on.wait(60)
        put(1, connection)

    begun_write = asyncio.create_task(database.write(slow))
    waiting_write = asyncio.create_task(database.write(lambda connection: put(2, connection)))
    await asyncio.to_thread(begun.wait, 60)
    waiting_write.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting_write
    for _ in range(3):
        begun_write.cancel()
        await asyncio.sleep(0)
        assert not begun_write.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await begun_write
    assert await database.read(rows) == [(1,)]


async def test_writes_that_wait_share_a_transaction_and_a_cancelled_one_is_taken_back(
    database: Database,
) -> None:
    begun, go_on = Event(), Event()
    groups: list[int] = []

    def apply(connection: sqlite3.Connection, items: list[int]) -> list[int]:
        groups.append(len(items))
        if len(groups) == 1:
            begun.set()
            go_on.wait(60)
        for item in items:
            put(item, connection)
        return [-item for item in items]

    grouped = GroupedWrites[int, int](database, lambda connection, items: apply(connection, list(items)))
    first = asyncio.create_task(grouped.write(0))
    await asyncio.to_thread(begun.wait, 60)
    others = [asyncio.create_task(grouped.write(n)) for n in range(1, 6)]
    await asyncio.sleep(0)
    others.pop().cancel()
    first.cancel()
    await asyncio.sleep(0)
    assert not first.done()
    go_on.set()
    assert await asyncio.gather(*others) == [-1, -2, -3, -4]
    with pytest.raises(asyncio.CancelledError):
        await first
    assert groups == [1, 4]
    assert await database.read(rows) == [(0,), (1,), (2,), (3,), (4,)]


async def test_a_caller_cancelled_twice_still_waits_for_its_transaction_that_fails(
    database: Database,
) -> None:
    begun, go_on = Event(), Event()

    def apply(_: sqlite3.Connection, __: object) -> list[None]:
        begun.set()
        go_on.wait(60)
        raise ZeroDivisionError

    writing = asyncio.create_task(GroupedWrites[int, None](database, apply).write(1))
    await asyncio.to_thread(begun.wait, 60)
    for _ in range(3):
        writing.cancel()
        await asyncio.sleep(0)
        assert not writing.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await writing


async def test_when_everything_is_cancelled_so_are_the_callers_of_a_group(database: Database) -> None:
    begun, go_on = Event(), Event()

    def apply(_: sqlite3.Connection, items: Sequence[int]) -> list[None]:
        begun.set()
        go_on.wait(60)
        return [None] * len(items)

    grouped = GroupedWrites[int, None](database, apply)
    first = asyncio.create_task(grouped.write(1))
    await asyncio.to_thread(begun.wait, 60)
    second = asyncio.create_task(grouped.write(2))
    await asyncio.sleep(0)
    assert grouped._task is not None
    grouped._task.cancel()
    go_on.set()
    outcomes = await asyncio.gather(first, second, grouped._task, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 3


async def test_a_failed_group_tells_each_of_its_callers_and_the_next_one_goes_on(database: Database) -> None:
    def apply(connection: sqlite3.Connection, items: list[int]) -> list[None]:
        for item in items:
            put(1 // item, connection)
        return [None] * len(items)

    grouped = GroupedWrites[int, None](database, lambda connection, items: apply(connection, list(items)))
    outcomes = await asyncio.gather(grouped.write(1), grouped.write(0), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ZeroDivisionError, ZeroDivisionError]
    await grouped.write(1)
    assert await database.read(rows) == [(1,)]


async def test_a_file_stays_open_until_its_last_holder_has_gone(database: Database) -> None:
    database.lease()
    database.lease()
    await database.release()
    assert await database.read(rows) == []
    await database.release()
    with pytest.raises(DependencyDown, match=r"t\.db was closed"):
        await database.read(rows)
    await database.close()


async def test_a_home_keeps_its_data_and_its_versions_when_it_is_opened_again(tmp_path: Path) -> None:
    versions: set[str] = set()
    for _ in range(3):
        home = SqliteHome(tmp_path, SystemClock())
        store, log = await home.state(), await home.log("mastery.requests")
        consumer = log.consumer("g")
        await log.append([NewRecord(b"key", b"value")])
        assert len(await consumer.poll(10)) == 1
        await consumer.commit(await log.ends())
        await store.write_many([Write("key", None)])
        await store.write_many([Write("key", b"same")])
        (entry,) = await store.get_many(["key"])
        assert entry is not None
        versions.add(entry.version)
        await home.close()
        await home.close()
    assert len(versions) == 3


async def test_ports_of_a_home_share_its_files_and_close_one_by_one(tmp_path: Path) -> None:
    home = SqliteHome(tmp_path, SystemClock())
    archive, audit, letters = await asyncio.gather(home.archive(), home.audit(), home.dead_letters())
    await archive.close()
    assert await audit.tenants() == []
    await audit.close()
    await letters.close()
    assert await (await home.archive()).tenants() == []
    await home.close()


async def test_a_topic_keeps_its_number_of_partitions(tmp_path: Path) -> None:
    home = SqliteHome(tmp_path, SystemClock())
    await home.log("mastery.requests", 6)
    with pytest.raises(ConfigurationError, match=r"has 6 partitions, not 4"):
        await home.log("mastery.requests", 4)
    await home.close()
