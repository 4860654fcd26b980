"""The schema in PostgreSQL: made, brought up to date, refused, and the rights that a service needs."""

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg import sql
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.postgres import schema
from mastery_engine.adapters.postgres.address import read_address
from mastery_engine.adapters.postgres.database import Database
from mastery_engine.adapters.postgres.records import look, open_postgres
from mastery_engine.adapters.postgres.tables import METADATA, VERSION
from mastery_engine.adapters.postgres.upgrade import migrations, upgrade_schema
from mastery_engine.domain.errors import ConfigurationError, NewerVersion, NotFound
from tests.contract.test_archive import event
from tests.contract.test_audit_trail import entry
from tests.contract.test_dead_letters import letter
from tests.contract.test_rosters import cohort, person


def set_version(url: str, version: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE mastery_schema SET version_num = %s", [version])


def tables_of(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        listing = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        return sorted(name for (name,) in connection.execute(listing).fetchall())


async def test_nothing_becomes_the_newest_schema_and_a_second_time_changes_nothing(
    bare_postgres: str,
) -> None:
    before, now = await upgrade_schema(bare_postgres)
    assert (before, now.version, now.state) == (None, schema.VERSIONS[-1], "current")
    assert tables_of(bare_postgres) == sorted(METADATA.tables)
    before, now = await upgrade_schema(bare_postgres)
    assert (before, now.state) == (schema.VERSIONS[-1], "current")


async def test_of_several_upgrades_at_once_one_does_it(bare_postgres: str) -> None:
    done = await asyncio.gather(*(upgrade_schema(bare_postgres) for _ in range(4)))
    assert [before for before, _ in done].count(None) == 1
    assert {now.state for _, now in done} == {"current"}


async def test_an_upgrade_that_fails_leaves_nothing_behind(bare_postgres: str) -> None:
    with psycopg.connect(bare_postgres) as connection:
        connection.execute("CREATE TABLE cohort_teachers (n integer)")
    with pytest.raises(Exception, match='"cohort_teachers" already exists'):
        await upgrade_schema(bare_postgres)
    assert tables_of(bare_postgres) == ["cohort_teachers"]


async def test_migrations_and_tables_agree(ready_postgres: str) -> None:
    def differences(connection: Connection) -> list[Any]:
        options = {"compare_type": True, "compare_server_default": True, "version_table": VERSION.name}
        context = MigrationContext.configure(connection, opts=options)
        return compare_metadata(context, METADATA)

    database = Database(read_address(ready_postgres))
    async with database.read() as connection:
        found = await connection.run_sync(differences)
        collations = await connection.execute(
            text(
                "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
                "AND collation_name = 'C'"
            )
        )
        compared_bytewise = {(table, column) for table, column in collations}
    await database.close()
    assert [one for one in found if not (one[0] == "remove_table" and one[1].name == VERSION.name)] == []
    assert compared_bytewise == {
        (table.name, column.name)
        for table in METADATA.tables.values()
        for column in table.columns
        if getattr(column.type, "collation", None)
        or getattr(getattr(column.type, "impl", None), "collation", None)
    }


def test_this_release_knows_the_versions_that_it_can_make_and_none_leads_back() -> None:
    scripts = list(migrations().walk_revisions())
    assert tuple(one.revision for one in reversed(scripts)) == schema.VERSIONS
    assert not [one.revision for one in scripts if hasattr(one.module, "downgrade")]


async def test_a_database_without_a_schema_is_refused_and_left_as_it_is(bare_postgres: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"database mastery_\w+ has no schema yet.*mastery db upgrade"
    ):
        await open_postgres(bare_postgres, SystemClock())
    assert (await look(bare_postgres)).state == "absent"
    assert tables_of(bare_postgres) == []


async def test_an_older_schema_is_refused_with_what_to_do(
    ready_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = schema.VERSIONS[-1]
    monkeypatch.setattr(schema, "VERSIONS", (*schema.VERSIONS, "0098"))
    assert (await look(ready_postgres)).state == "behind"
    with pytest.raises(
        ConfigurationError, match=rf"version {newest}, this release's is 0098.*mastery db upgrade"
    ):
        await open_postgres(ready_postgres, SystemClock())


async def test_a_newer_schema_is_refused_also_by_an_upgrade(ready_postgres: str) -> None:
    set_version(ready_postgres, "0099")
    with pytest.raises(
        NewerVersion,
        match=rf"0099, written by a newer release.* up to {schema.VERSIONS[-1]}: install the newer",
    ):
        await open_postgres(ready_postgres, SystemClock())
    with pytest.raises(NewerVersion, match="0099"):
        await upgrade_schema(ready_postgres)


async def test_a_server_that_is_too_old_is_refused(
    ready_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "OLDEST_SERVER", 990_000)
    with pytest.raises(ConfigurationError, match=r"is version \d+; version 99 or newer is needed"):
        await open_postgres(ready_postgres, SystemClock())


@pytest.fixture
def service(bare_postgres: str) -> Iterator[str]:
    """Name of a role that has no rights but those of everybody, and wants quoting."""
    role = f'Service "{uuid4().hex}" 100%'
    quoted = sql.Identifier(role)
    with psycopg.connect(bare_postgres, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(quoted))
    yield role
    with psycopg.connect(bare_postgres, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP OWNED BY {}").format(quoted))
        connection.execute(sql.SQL("DROP ROLE {}").format(quoted))


async def test_a_service_role_may_do_all_that_a_service_does_and_no_more(
    bare_postgres: str, service: str
) -> None:
    await upgrade_schema(bare_postgres, service)
    await upgrade_schema(bare_postgres, service)
    split = urlsplit(bare_postgres)
    host = split.netloc.rpartition("@")[2]
    url = split._replace(netloc=f"{quote(service, safe='')}@{host}").geturl()
    records = await open_postgres(url, SystemClock())
    assert await records.archive.add([event(1), event(2, day=16_001), event(3, tenant="t2")]) == 3
    assert await records.archive.droppable("t1", 16_002) == [(16_000, 1, 7), (16_001, 1, 7)]
    assert await records.archive.drop_before("t1", 16_002) == 2
    assert len(await records.archive.of_student("t2", "s1")) == 1
    await records.audit.append([entry(1, "a")])
    assert len(await records.audit.read("t1", subject="a")) == 1
    assert await records.dead_letters.add([letter(1)]) == 1
    assert await records.dead_letters.replace(letter(1, note="seen"), letter(1))
    for _ in range(2):
        await records.rosters.put("t1", [cohort("7b", [person("T")], [person("a")])])
    assert await records.rosters.delete("t1", "7b")
    assert (await records.erasures.ask("t1", "0" * 32, 5, "1" * 32)).state == "asked"
    database = records.audit._database
    for forbidden in (
        "DELETE FROM audit_records",
        "UPDATE audit_subjects SET sequence = 0",
        "TRUNCATE audit_records",
        "DELETE FROM erasures",
        "UPDATE erasures SET at_ms = 0",
        "DELETE FROM audit_chains",
        "DROP TABLE archived_events",
        "CREATE TABLE mine (n integer)",
        "UPDATE mastery_schema SET version_num = 'x'",
    ):
        with pytest.raises((ConfigurationError, ProgrammingError), match=r"permission denied|must be owner"):
            async with database.write() as connection:
                await connection.execute(text(forbidden))
    await records.close()


async def test_without_rights_it_is_told_who_gives_them(bare_postgres: str, service: str) -> None:
    await upgrade_schema(bare_postgres)
    split = urlsplit(bare_postgres)
    url = split._replace(netloc=f"{quote(service, safe='')}@{split.netloc.rpartition('@')[2]}").geturl()
    with pytest.raises(ConfigurationError, match=r"permission denied.*mastery db upgrade --service-role"):
        await open_postgres(url, SystemClock())


async def test_a_service_role_that_is_not_there_is_named_and_nothing_is_done(bare_postgres: str) -> None:
    with pytest.raises(NotFound, match="has no role 'nobody-here'"):
        await upgrade_schema(bare_postgres, "nobody-here")
    assert tables_of(bare_postgres) == []
