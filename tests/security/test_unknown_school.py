"""A token that holds, of a school that is not here: an issuer may serve more schools than were made on this service."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from mastery_engine.contracts import keys
from mastery_engine.domain.errors import NotFound
from mastery_engine.engine.policy import TABLE
from tests.api.school import School, open_school
from tests.security.doors import CALLERS, READERS, ask, doors

NOWHERE = "a-school-elsewhere"
STUDENT = "amal"


@pytest.fixture
async def school() -> AsyncGenerator[School]:
    async with open_school() as opened:
        yield opened


async def held(school: School) -> list[object]:
    """Everything that the stores have of the school, beside its trail and the witness of it: a refusal is on record too."""
    adapters = school.engine.adapters
    found = [key async for batch in adapters.store.scan("") for key in batch if NOWHERE in key]
    kept = [key for key in found if key != keys.audit_witness(NOWHERE)]
    requests = await adapters.privacy_requests.find(tenant_id=NOWHERE, limit=10)
    cohorts = await adapters.rosters.list(NOWHERE)
    return [*kept, *requests, *cohorts]


@pytest.mark.parametrize(
    "name", sorted(name for name, door in doors().items() if door.method != "get" and door.intent is None)
)
async def test_nothing_is_written_for_a_school_that_is_not_here(school: School, name: str) -> None:
    door = doors()[name]
    for role in (*READERS, "service"):
        if role in TABLE[door.action]:
            answer = await ask(school, door, role, STUDENT, NOWHERE)
            assert answer.status_code in {400, 404} or door.action == "mastery.calculate", answer.text
    assert await held(school) == []


@pytest.mark.parametrize("name", ["erase", "restrict", "unrestrict", "revoke_tokens"])
async def test_who_writes_for_a_school_that_is_not_here_is_told_so(school: School, name: str) -> None:
    answer = await ask(school, doors()[name], "admin", STUDENT, NOWHERE)
    assert answer.status_code == 404
    assert NOWHERE in answer.json()["error"]["message"]
    assert CALLERS["admin"] not in answer.text
    with pytest.raises(NotFound):
        await school.engine.tenants.get(NOWHERE)
