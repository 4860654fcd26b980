"""While the audit trail is down nothing leaves that would have to be on record: every door, and every form of an answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import pytest

from mastery_engine.adapters.auth import TokenRole
from mastery_engine.adapters.memory import MemoryAuditTrail
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.engine.policy import TABLE
from mastery_engine.ports import AuditEntry
from tests.api.school import School, open_school
from tests.security.doors import READS_NOBODY, ROLES, ask, doors, swapped


class TrailThatIsDown(MemoryAuditTrail):
    """Takes records until it is broken."""

    down = False

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        if self.down:
            raise DependencyDown("the audit trail at /somewhere/secret does not answer")
        await super().append(entries)


@pytest.fixture
def trail() -> TrailThatIsDown:
    return TrailThatIsDown()


@pytest.fixture
async def school(trail: TrailThatIsDown) -> AsyncGenerator[School]:
    async with open_school(audit=trail) as opened:
        await opened.teach_for_days("amal")
        yield opened


@pytest.mark.parametrize("name", sorted(doors()))
async def test_no_door_answers(school: School, trail: TrailThatIsDown, name: str) -> None:
    """Lists without a student too: who looked is to be known of them as well."""
    door = doors()[name]
    trail.down = True
    for role in ROLES:
        if (role, door.action) in READS_NOBODY:
            continue
        answer = await ask(school, door, role, "amal")
        assert answer.status_code == 503, (role, answer.text)
        assert answer.headers["retry-after"] == "1"
        assert "data" not in answer.json()
        assert "amal" not in answer.text
        assert "secret" not in answer.text


@pytest.mark.parametrize("name", sorted(doors()))
async def test_what_a_door_answers_is_on_record(school: School, trail: TrailThatIsDown, name: str) -> None:
    door = doors()[name]
    for role in ROLES:
        if role in TABLE[door.action] and (role, door.action) not in READS_NOBODY:
            if name == "stream":
                continue  # without an end; tests/api/test_streams.py
            await ask(school, door, role, "amal")
            last = (await trail.read("default", limit=1_000))[-1].entry
            assert (last.request_id, last.role) == (school.request_hash("the-walk"), role)


async def test_what_the_caller_has_is_not_confirmed(school: School, trail: TrailThatIsDown) -> None:
    path = "students/amal/mastery"
    tag = (await school.get(path)).headers["etag"]
    known = {"If-None-Match": tag}
    assert (await school.get(path, headers=known)).status_code == 304
    trail.down = True
    answer = await school.get(path, headers=known)
    assert (answer.status_code, answer.headers.get("etag")) == (503, None)


@pytest.mark.parametrize("name", ["mastery_history", "compare"])
async def test_no_table_leaves(school: School, trail: TrailThatIsDown, name: str) -> None:
    door = doors()[name]
    path, body = door.path.removeprefix("/api/v1/"), door.body
    csv = {"Accept": "text/csv"}
    trail.down = True
    answer = await school.ask(path, swapped(body, "amal"), headers=csv)
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("application/json")
    assert "amal" not in answer.text


@pytest.mark.parametrize("role", ["student", "admin"])
async def test_no_stream_is_begun_by_a_ticket(
    school: School, trail: TrailThatIsDown, role: TokenRole
) -> None:
    who = "amal" if role == "student" else "head"
    bearer = school.bearer(who, role)
    ticket = (await school.http.post("/api/v1/students/amal/stream-ticket", headers=bearer)).json()["data"]
    trail.down = True
    answer = await school.http.get(f"/api/v1/students/amal/stream?ticket={ticket['ticket']}")
    assert answer.status_code == 503
    assert "text/event-stream" not in answer.headers["content-type"]
    assert "amal" not in answer.text


async def test_what_tells_of_the_program_alone_is_there_still(school: School, trail: TrailThatIsDown) -> None:
    trail.down = True
    for path in ("/docs", "/openapi.json", "/health"):
        assert (await school.http.get(path)).status_code == 200, path
