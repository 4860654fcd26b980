"""Every name that `/ready` gives stands in the operator's table with what it means and what to do, and no other does."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mastery_engine.api.app import create_app
from mastery_engine.api.background import background
from mastery_engine.bootstrap import Engine, open_engine
from mastery_engine.bootstrap.watching import Duty
from mastery_engine.worker.archive import run_archiver
from mastery_engine.worker.run import run_worker
from tests.api.school import client_of, served
from tests.security.issuer import issuer
from tests.security.token_smith import ec_jwk, ec_key
from tools.installation import Installation

PAGE = Path(__file__).parents[2] / "docs" / "operations" / "index.md"
HEADING = "### The names at `/ready`"
ROW = re.compile(r"^\| `(?P<name>[a-z_]+)` \| (?P<means>[^|]+) \| (?P<do>[^|]+) \|$", re.MULTILINE)


class Seen(Exception):
    """Ends a process that has told what works in it."""


def rows() -> Iterator[re.Match[str]]:
    after = PAGE.read_text("utf-8").partition(HEADING)[2]
    return ROW.finditer(after.partition("\n## ")[0])


async def names_of_duties(installation: Installation) -> set[str]:
    """Of what works in a worker and in an archiver."""
    found: set[str] = set()

    @asynccontextmanager
    async def look(engine: Engine, duty: Duty) -> AsyncGenerator[None]:
        del engine
        found.update(duty.troubles)
        raise Seen
        yield

    for run in (run_worker, run_archiver):
        with pytest.raises(Seen):
            await run(installation.settings, lambda: None, look)
    return found


async def names_of_a_service(installation: Installation) -> set[str]:
    """Of everything that a service can need, or do without."""
    settings = installation.settings
    async with open_engine(settings, serves=True) as engine, background(engine) as tasks:
        app = create_app(settings, engine, lambda: None, tasks)
        async with served(app) as asgi, client_of(asgi) as http:
            answer = (await http.get("/ready")).json()
    assert answer["success"], answer
    return {one["name"] for one in answer["data"]["dependencies"]}


async def test_every_name_has_a_line_with_what_it_means_and_what_to_do(
    installation: Installation, redis_url: str
) -> None:
    with issuer() as sso:
        sso.give(ec_jwk(ec_key(), "e"))
        installation.variables |= {
            "MASTERY_JWT_JWKS_URL": sso.url,
            "MASTERY_CACHE_URL": redis_url,
            "MASTERY_LIMITS_URL": redis_url,
            "MASTERY_LOG_LEVEL": "error",
        }
        given = await names_of_a_service(installation) | await names_of_duties(installation)
    assert {"registry", "shared_cache", "limits", "issuer_keys", "erasures", "letters"} <= given
    listed = [row["name"] for row in rows()]
    assert sorted(listed) == sorted({*given, "lag"})
    assert all(len(row["means"]) > 20 and len(row["do"]) > 10 for row in rows())
