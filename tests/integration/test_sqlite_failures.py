"""What the embedded files say, and keep, when the machine fails them."""

import errno
import os
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NoReturn

import pytest
from filelock import FileLock

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.sqlite.database import Database
from mastery_engine.adapters.sqlite.home import SqliteHome
from mastery_engine.adapters.sqlite.lock import FoldingLock
from mastery_engine.domain.errors import ConfigurationError, DependencyDown, NewerVersion
from mastery_engine.ports import ArchivedEvent, NewRecord, Write


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[SqliteHome]:
    made = SqliteHome(tmp_path / "home", SystemClock())
    yield made
    await made.close()


def pragma(database: Database, text: str) -> None:
    assert database._writing is not None
    database._writing.execute(f"PRAGMA {text}").fetchall()


def no_more_room(database: Database) -> None:
    pragma(database, "max_page_count = 1")


def event(number: int) -> ArchivedEvent:
    return ArchivedEvent("t1", f"e{number}", "s1", 1, 1, "topic", 0, number, 1, bytes(5_000))


async def test_folder_and_files_are_their_owners_alone(home: SqliteHome) -> None:
    await home.state()
    await (await home.log("mastery.requests")).append([NewRecord(b"", b"")])
    await home.archive()
    with home.folding_lock():
        modes = {path.name: path.stat().st_mode & 0o777 for path in home.folder.iterdir()}
    assert home.folder.stat().st_mode & 0o777 == 0o700
    assert {"state.db", "log.db", "log.db-wal", "archive.db", "folding.lock", "folding.pid"} <= set(modes)
    assert set(modes.values()) == {0o600}


async def test_a_file_of_a_newer_release_is_refused_with_both_versions_named(home: SqliteHome) -> None:
    await home.state()
    await home.close()
    path = home.folder / "state.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(NewerVersion, match=r"state\.db has schema version 99.* up to 1: install the newer"):
        await home.state()


async def test_a_home_that_cannot_be_a_folder_is_a_matter_of_settings(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "ascii")
    home = SqliteHome(tmp_path / "file" / "home", SystemClock())
    with pytest.raises(ConfigurationError, match=r"cannot be made .*MASTERY_HOME"):
        await home.state()
    with pytest.raises(ConfigurationError, match=r"cannot be locked .*MASTERY_HOME"):
        FoldingLock(tmp_path / "file" / "home").acquire()


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.EROFS, ConfigurationError),
        (errno.EACCES, ConfigurationError),
        (errno.ENOSPC, DependencyDown),
    ],
    ids=errno.errorcode.get,
)
async def test_a_file_that_cannot_be_made_says_why(
    home: SqliteHome, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception]
) -> None:
    # Permissions do not bind the superuser, who runs the tests in many containers.
    def refuse(*_: object, **__: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("mastery_engine.adapters.sqlite.database.os.open", refuse)
    with pytest.raises(error, match=rf"state\.db .*{os.strerror(number)}"):
        await home.state()


async def test_a_file_that_another_process_is_opening_for_too_long_is_named(
    home: SqliteHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.folder.mkdir()
    monkeypatch.setattr("mastery_engine.adapters.sqlite.database.BUSY_SECONDS", 0.01)
    with (
        FileLock(home.folder / "state.opening"),
        pytest.raises(DependencyDown, match=r"state\.db has been kept by another process"),
    ):
        await home.state()
    await home.state()


async def test_a_file_that_turned_read_only_says_so_and_is_no_longer_written(home: SqliteHome) -> None:
    store = await home.state()
    pragma(store._database, "query_only = ON")
    with pytest.raises(DependencyDown, match=r"state\.db may not be written"):
        await store.write_many([Write("key", b"1")])
    assert await store.get_many(["key"]) == [None]


async def test_something_else_in_place_of_a_file_is_named(home: SqliteHome) -> None:
    home.folder.mkdir()
    (home.folder / "state.db").write_bytes(b"no database at all" * 1_000)
    with pytest.raises(DependencyDown, match=r"state\.db is no SQLite database"):
        await home.state()


async def test_a_damaged_file_is_named(home: SqliteHome) -> None:
    store = await home.state()
    await store.write_many([Write(f"key:{n}", bytes(1_000)) for n in range(200)])
    await home.close()
    path = home.folder / "state.db"
    data = bytearray(path.read_bytes())
    data[3 * 16_384 :] = b"\xff" * (len(data) - 3 * 16_384)
    path.write_bytes(data)
    store = await home.state()
    with pytest.raises(DependencyDown, match=r"state\.db is damaged"):
        await store.get_many([f"key:{n}" for n in range(200)])


async def test_a_file_locked_for_too_long_is_named_and_works_again_afterwards(home: SqliteHome) -> None:
    store = await home.state()
    pragma(store._database, "busy_timeout = 1")
    other = sqlite3.connect(home.folder / "state.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DependencyDown, match=r"state\.db is locked by another process"):
        await store.write_many([Write("key", b"1")])
    assert await store.get_many(["key"]) == [None]
    other.close()
    assert await store.write_many([Write("key", b"1")]) == [True]


async def test_a_full_disk_leaves_the_state_as_it_was(home: SqliteHome) -> None:
    store = await home.state()
    await store.write_many([Write("key", b"old")])
    no_more_room(store._database)
    writes = [Write("key", b"new"), *(Write(f"key:{n}", bytes(2_000)) for n in range(500))]
    with pytest.raises(DependencyDown, match=r"state\.db has no room.*make room"):
        await store.write_many(writes)
    found = await store.get_many([write.key for write in writes])
    assert [entry and entry.value for entry in found] == [b"old", *[None] * 500]
    pragma(store._database, "max_page_count = 1000000")
    assert all(await store.write_many(writes))


async def test_a_full_disk_leaves_the_log_as_it_was_and_loses_no_offset(home: SqliteHome) -> None:
    log = await home.log("mastery.requests", 1)
    await log.append([NewRecord(b"key", b"old")])
    no_more_room(log._database)
    with pytest.raises(DependencyDown, match=r"log\.db has no room"):
        await log.append([NewRecord(b"key", bytes(5_000)) for _ in range(100)])
    assert await log.ends() == {0: 1}
    pragma(log._database, "max_page_count = 1000000")
    (position,) = await log.append([NewRecord(b"key", b"new")])
    assert position.offset == 1
    assert [record.value for record in await log.read(0, 0, 10)] == [b"old", b"new"]


async def test_a_full_disk_leaves_the_archive_as_it_was(home: SqliteHome) -> None:
    archive = await home.archive()
    await archive.add([event(0)])
    no_more_room(archive._database)
    with pytest.raises(DependencyDown, match=r"archive\.db has no room"):
        await archive.add([event(n) for n in range(100)])
    assert len(await archive.of_student("t1", "s1")) == 1
    pragma(archive._database, "max_page_count = 1000000")
    assert await archive.add([event(n) for n in range(100)]) == 99


async def test_a_mistake_of_ours_is_not_called_a_failure_of_the_machine(home: SqliteHome) -> None:
    store = await home.state()
    with pytest.raises(sqlite3.OperationalError, match="syntax error"):
        await store._database.read(lambda connection: connection.execute("SELECT FROM WHERE").fetchall())


async def test_audit_records_cannot_be_changed_or_deleted_with_plain_statements(home: SqliteHome) -> None:
    audit = await home.audit()
    for statement in ("UPDATE audit_records SET sequence = 2", "DELETE FROM audit_records"):

        def tamper(connection: sqlite3.Connection, statement: str = statement) -> None:
            connection.execute(
                "INSERT INTO audit_chains (chain, tenant_id, sequence, hash) VALUES (1, 't', 1, x'')"
            )
            connection.execute("INSERT INTO audit_records VALUES (1, 1, x'', x'', x'')")
            connection.execute(statement)

        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            await audit._database.write(tamper)


@pytest.mark.parametrize("name", ["state", "log", "archive"])
async def test_a_file_that_is_removed_or_replaced_while_it_is_open_does_not_answer(
    home: SqliteHome, name: str
) -> None:
    opened = {
        "state": home.state,
        "log": lambda: home.log("mastery.requests"),
        "archive": home.archive,
    }
    port = await opened[name]()
    await port.ping()
    path = home.folder / f"{name}.db"
    away = path.rename(path.with_suffix(".away"))
    with pytest.raises(DependencyDown, match=rf"{name}\.db was removed or replaced .* put the file back"):
        await port.ping()
    path.write_bytes(away.read_bytes())
    with pytest.raises(DependencyDown, match="another file is there"):
        await port.ping()
    away.replace(path)
    await port.ping()
