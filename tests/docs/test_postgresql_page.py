"""The SQL of the page on PostgreSQL makes a database that the service can use."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.postgres.records import open_postgres
from mastery_engine.adapters.postgres.upgrade import upgrade_schema
from tests.contract.test_archive import event
from tests.contract.test_audit_trail import entry

PAGE = Path(__file__).parents[2] / "docs/how-to/use-postgresql.md"
NAMES = ("mastery_owner", "mastery_service", "mastery")


@pytest.fixture
def made(postgres_url: str) -> Iterator[dict[str, str]]:
    """Run what the page says, with names of our own in place of the page's; roles are the whole server's."""
    names = {name: f"{name}_{uuid4().hex}" for name in NAMES}
    (block,) = re.findall(r"^```sql\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for statement in block.split(";\n"):
            connection.execute(re.sub(r"\bmastery\w*", lambda found: names[found[0]], statement).encode())
        yield names
        database, *roles = (sql.Identifier(names[name]) for name in reversed(NAMES))
        with suppress(psycopg.errors.InvalidCatalogName):
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))
        for role in roles:
            connection.execute(sql.SQL("DROP ROLE {}").format(role))


async def test_the_two_users_of_the_page_upgrade_and_serve(postgres_url: str, made: dict[str, str]) -> None:
    split = urlsplit(postgres_url)
    host = split.netloc.rpartition("@")[2]

    def url(user: str) -> str:
        return split._replace(netloc=f"{made[user]}@{host}", path=f"/{made['mastery']}").geturl()

    _, now = await upgrade_schema(url("mastery_owner"), made["mastery_service"])
    assert now.state == "current"
    records = await open_postgres(url("mastery_service"), SystemClock())
    assert await records.archive.add([event(1), event(2, day=16_001)]) == 2
    assert await records.archive.drop_before("t1", 16_001) == 1
    await records.audit.append([entry(1, "a")])
    await records.close()
