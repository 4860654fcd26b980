"""What the PostgreSQL adapters say, and keep, when the server or the way to it fails."""

import asyncio
import traceback
from collections.abc import AsyncIterator

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.postgres import database as database_module
from mastery_engine.adapters.postgres.address import read_address
from mastery_engine.adapters.postgres.database import MOST_CONNECTIONS, Database
from mastery_engine.adapters.postgres.records import PostgresRecords, open_postgres
from mastery_engine.domain.errors import ConfigurationError, DependencyDown
from tests.contract.test_archive import event
from tests.contract.test_audit_trail import entry
from tests.contract.test_dead_letters import letter
from tests.integration.postgres_refusal import refuse_the_password
from tests.integration.proxy import Proxy

PASSWORD = "hush"  # of the URLs below


@pytest.fixture
async def proxy(ready_postgres: str) -> AsyncIterator[Proxy]:
    made = Proxy(ready_postgres)
    await made.up()
    yield made
    await made.down()


@pytest.fixture
async def records(proxy: Proxy) -> AsyncIterator[PostgresRecords]:
    made = await open_postgres(proxy.url, SystemClock())
    yield made
    await made.close()


async def run(database: Database, *statements: str, seconds: float = 60) -> None:
    """One transaction."""
    async with database.write(seconds) as connection:
        for statement in statements:
            await connection.execute(text(statement))


def told_of(error: BaseException) -> str:
    """All that a log could hold of an error."""
    return "".join(traceback.format_exception(error))


async def test_a_server_that_is_down_when_it_is_opened_is_named_without_the_password(proxy: Proxy) -> None:
    url = proxy.url
    await proxy.down()
    with pytest.raises(
        DependencyDown, match=r"PostgreSQL at 127\.0\.0\.1:\d+, database mastery_.*refused"
    ) as down:
        await open_postgres(url, SystemClock())
    assert PASSWORD not in told_of(down.value)
    await proxy.up()
    await (await open_postgres(url, SystemClock())).close()


async def test_a_wrong_password_is_told_and_not_shown() -> None:
    server = await asyncio.start_server(refuse_the_password, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(
            DependencyDown,
            match=r'refuses the connection .*password authentication failed for user "ada".*look at MASTERY_ARCHIVE_URL',
        ) as refused:
            await open_postgres(
                f"postgresql://ada:hush@127.0.0.1:{port}/mastery?sslmode=disable", SystemClock()
            )
    assert PASSWORD not in told_of(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:hush@[::1/mastery",
        "postgresql://ada:hu/hush@host/mastery",
        "postgresql://ada:hush@host:hush/mastery",
        "postgresql://ada:%0hush@host/mastery",
        "postgresql://ada@host/mastery?hush=hush",
        "mysql://ada:hush@host/mastery",
    ],
)
async def test_a_url_that_cannot_be_read_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError, match="the URL of the archive") as refused:
        await open_postgres(url, SystemClock())
    assert PASSWORD not in told_of(refused.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ada:hush@host/school", "PostgreSQL at host:5432, database school"),
        ("postgresql://ada:hush@host:6000/?dbname=school", "PostgreSQL at host:6000, database school"),
        (
            "postgresql://a:hush@one:1,two/school?sslmode=require",
            "PostgreSQL at one:1,two:5432, database school",
        ),
        ("postgresql://ada:hush@host", "PostgreSQL at host:5432, database ada"),
        ("postgresql:///school?host=/run/pg", "PostgreSQL at /run/pg:5432, database school"),
        ("postgresql://", "PostgreSQL at the local socket:5432, database of the user's name"),
    ],
)
def test_a_database_is_shown_by_host_port_and_name(url: str, shown: str) -> None:
    address = read_address(url)
    assert address.shown == shown
    assert PASSWORD not in repr(address)


async def test_a_server_that_goes_in_the_middle_is_down_and_then_found_again(
    proxy: Proxy, records: PostgresRecords
) -> None:
    await records.archive.add([event(1)])
    await proxy.down()
    for attempt in (
        records.archive.add([event(2)]),
        records.archive.ping(),
        records.audit.append([entry(1, "a")]),
        records.dead_letters.counts(),
        records.rosters.list("t1"),
    ):
        with pytest.raises(DependencyDown, match=r"127\.0\.0\.1:\d+, database mastery_.*; try again") as down:
            await attempt
        assert PASSWORD not in told_of(down.value)
    await proxy.up()
    assert await records.archive.add([event(1), event(2)]) == 1
    await records.audit.append([entry(2, "a")])
    assert [record.sequence for record in await records.audit.read("t1")] == [1]


async def test_a_restart_between_two_calls_is_not_noticed(
    ready_postgres: str, records: PostgresRecords
) -> None:
    await asyncio.gather(*(records.archive.tenants() for _ in range(8)))
    ended = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with psycopg.connect(ready_postgres) as connection:
        found = connection.execute(ended).fetchone()
    assert found is not None
    assert found[0] >= 1
    assert await asyncio.gather(*(records.archive.tenants() for _ in range(8))) == [[]] * 8


async def test_a_connection_lost_within_a_transaction_leaves_nothing_of_it(
    proxy: Proxy, ready_postgres: str, records: PostgresRecords
) -> None:
    with psycopg.connect(ready_postgres) as other:
        other.execute("LOCK TABLE archived_ids")
        adding = asyncio.create_task(records.archive.add([event(n) for n in range(100)]))
        await until_waiting(ready_postgres)
        proxy.cut()
        with pytest.raises(DependencyDown, match="does not answer"):
            await adding
    assert await records.archive.of_student("t1", "s1") == []
    assert await records.archive.add([event(n) for n in range(100)]) == 100


async def test_a_server_that_falls_silent_is_waited_for_no_longer_than_told(
    proxy: Proxy, records: PostgresRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    await records.archive.ping()
    monkeypatch.setattr(database_module, "_PING_SECONDS", 0.2)
    proxy.silence()
    reading = asyncio.create_task(records.archive.tenants())
    with pytest.raises(DependencyDown, match="does not answer"):
        async with asyncio.timeout(20):
            await reading
    proxy.cut()
    assert await records.archive.tenants() == []


async def test_a_transaction_that_takes_too_long_is_cut(records: PostgresRecords) -> None:
    with pytest.raises(DependencyDown, match="does not answer"):
        await run(records.archive._database, "SELECT pg_sleep(30)", seconds=0.2)
    await records.archive.ping()


async def test_a_statement_that_takes_too_long_is_ended_by_the_server(records: PostgresRecords) -> None:
    slow = ("SET LOCAL statement_timeout = '50ms'", "SELECT pg_sleep(30)")
    with pytest.raises(
        DependencyDown, match=r"did not do it \(canceling statement due to statement timeout\)"
    ):
        await run(records.archive._database, *slow)
    await records.archive.ping()


async def test_a_lock_that_others_keep_is_not_waited_for_without_end(
    ready_postgres: str, records: PostgresRecords
) -> None:
    impatient = ("SET LOCAL lock_timeout = '50ms'", "DELETE FROM dead_letters")
    with psycopg.connect(ready_postgres) as other:
        other.execute("LOCK TABLE dead_letters")
        with pytest.raises(DependencyDown, match="lock timeout"):
            await run(records.archive._database, *impatient)
    assert await records.dead_letters.add([letter(1)]) == 1


async def test_no_more_than_ten_connections_are_made_and_whoever_finds_none_is_told(
    proxy: Proxy, ready_postgres: str, records: PostgresRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool: object = records.archive._database._engine.pool
    monkeypatch.setattr(pool, "_timeout", 0.2)
    with psycopg.connect(ready_postgres) as other:
        other.execute("LOCK TABLE dead_letters")
        waiting = [asyncio.create_task(records.dead_letters.counts()) for _ in range(MOST_CONNECTIONS)]
        await until_waiting(ready_postgres, MOST_CONNECTIONS)
        with pytest.raises(DependencyDown, match="every connection of this process is busy"):
            await records.dead_letters.counts()
    assert len(await asyncio.gather(*waiting)) == MOST_CONNECTIONS
    assert proxy.most_at_once == MOST_CONNECTIONS


async def test_a_server_that_turned_read_only_is_a_dependency_that_is_down(
    ready_postgres: str, records: PostgresRecords
) -> None:
    with psycopg.connect(ready_postgres, autocommit=True) as other:
        name = other.info.dbname
        other.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'.encode())
    await records.archive._database._engine.dispose()
    with pytest.raises(DependencyDown, match="read-only transaction"):
        await records.archive.add([event(1)])
    assert await records.archive.tenants() == []


async def test_tables_that_have_gone_are_a_matter_of_the_schema(
    ready_postgres: str, records: PostgresRecords
) -> None:
    with psycopg.connect(ready_postgres) as other:
        other.execute("DROP TABLE dead_letters")
    with pytest.raises(ConfigurationError, match=r'"dead_letters" does not exist.*mastery db upgrade'):
        await records.dead_letters.counts()


async def test_a_mistake_of_ours_is_not_called_a_failure_of_the_server(records: PostgresRecords) -> None:
    with pytest.raises(ProgrammingError, match="syntax error"):
        await run(records.archive._database, "SELECT FROM WHERE")


async def test_what_was_closed_says_so_and_ports_close_one_by_one(ready_postgres: str) -> None:
    records = await open_postgres(ready_postgres, SystemClock())
    await records.archive.close()
    assert await records.audit.tenants() == []
    await records.close()
    await records.close()
    with pytest.raises(DependencyDown, match="was closed; open it again"):
        await records.audit.tenants()


async def test_a_cancelled_write_leaves_nothing_and_gives_its_connection_back(
    ready_postgres: str, records: PostgresRecords
) -> None:
    with psycopg.connect(ready_postgres) as other:
        other.execute("LOCK TABLE archived_ids")
        adding = asyncio.create_task(records.archive.add([event(1)]))
        await until_waiting(ready_postgres)
        adding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await adding
    assert await records.archive.of_student("t1", "s1") == []
    assert records.archive._database._engine.pool.checkedout() == 0  # pyright: ignore[reportAttributeAccessIssue] - of a queue


async def until_waiting(url: str, count: int = 1) -> None:
    """Until so many of the database's connections wait for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(20), await psycopg.AsyncConnection.connect(url, autocommit=True) as watch:
        found = None
        while found is None or found[0] < count:
            found = await (await watch.execute(waiting)).fetchone()
