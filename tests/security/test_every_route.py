"""Every route, for every role, about every kind of student: generated from the table of routes.

A route that concerns anybody's data names its action; one without an action stands in `OPEN`, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import httpx2
import pytest

from mastery_engine.adapters.auth import TokenRole
from mastery_engine.api.operation import Operation
from mastery_engine.api.table import OPERATIONS
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.cohort import Cohort, Membership
from mastery_engine.engine.policy import TABLE, Action
from tests.api.school import NOW_MS, School, open_school, quiz
from tests.security.doors import (
    _DRAWN,
    ENDLESS,
    OPEN,
    READERS,
    READS_NOBODY,
    ROLES,
    STUDENTS,
    YESTERDAY,
    Door,
    ask,
    doors,
    is_read,
)


@pytest.fixture
async def walk() -> AsyncGenerator[School]:
    async with open_school() as school:
        for student in ("amal", "bo-01", "cy-01", "dee-01"):
            days = (quiz(course_id="python-1", timestamp=NOW_MS - day * DAY_MS) for day in range(1, 8))
            await school.teach(student, *days)
        left = Membership(person_id="cy-01", end=YESTERDAY)
        now = tuple(Membership(person_id=one) for one in ("amal", "bo-01"))
        teachers = (Membership(person_id="ms-yun"),)
        cohort = Cohort(cohort_id="7a", teachers=teachers, students=(*now, left))
        await school.engine.adapters.rosters.put("default", [cohort])
        yield school


def may_see(role: TokenRole, relation: str, action: Action) -> bool:
    """What docs/explanation/access.md says, told apart from how the engine decides it."""
    needed = TABLE[action].get(role)
    return (
        needed == "tenant"
        or (needed == "own" and relation == "own")
        or (needed == "taught" and relation in {"own", "taught"})
    )


def test_every_route_has_an_action_or_a_reason_to_have_none() -> None:
    without = {operation.name for operation in OPERATIONS if operation.action is None}
    assert without == set(OPEN)
    assert {operation.action for operation in OPERATIONS} - {None} <= set(TABLE)


def test_every_route_with_an_action_asks_for_a_token() -> None:
    named: Sequence[Operation] = [one for one in OPERATIONS if one.action is not None]
    assert [one.name for one in named if not one.asks_for] == []


@pytest.mark.parametrize("name", sorted(name for name, door in doors().items() if is_read(door)))
async def test_who_may_sees_and_for_all_others_the_hidden_is_as_what_does_not_exist(
    walk: School, name: str
) -> None:
    door = doors()[name]
    for role in ROLES:
        if role in TABLE[door.action]:
            await walk_as(walk, name, door, role)
        else:
            answers = [await ask(walk, door, role, student) for student in STUDENTS.values()]
            assert {answer.status_code for answer in answers} == {403}
            assert all(told(answer, "") == told(answers[0], "") for answer in answers)


async def walk_as(walk: School, name: str, door: Door, role: TokenRole) -> None:
    """Ask about every kind of student, in a role that may use the door."""
    if (role, door.action) in READS_NOBODY:
        before = await walk.audit()
        answers = [(await ask(walk, door, role, one)).json()["data"] for one in STUDENTS.values()]
        assert all(answer["current"] is None for answer in answers)
        assert await walk.audit() == before
        return
    hidden = not may_see(role, "absent", door.action)
    absent = await ask(walk, door, role, "zoe-01") if hidden else None
    for relation, student in STUDENTS.items():
        if name in ENDLESS and may_see(role, relation, door.action):
            continue
        before = len(await walk.audit())
        answer = await ask(walk, door, role, student)
        record = (await walk.audit())[before:][0]
        allowed = may_see(role, relation, door.action)
        assert (record.allowed, record.action, record.request_id) == (
            allowed,
            door.action,
            walk.request_hash("the-walk"),
        )
        assert record.subjects == (walk.hash(student),)
        if not allowed:
            assert answer.status_code == 404, (relation, answer.text)
            assert absent is not None
            assert told(answer, student) == told(absent, "zoe-01"), relation
        elif relation != "absent":
            assert answer.status_code < 300, (relation, answer.text)


@pytest.mark.parametrize("name", sorted(name for name, door in doors().items() if is_read(door)))
async def test_nobody_sees_a_student_of_another_tenant(walk: School, name: str) -> None:
    door = doors()[name]
    for role in READERS:
        if name in ENDLESS and TABLE[door.action].get(role) == "tenant":
            continue
        answers = [await ask(walk, door, role, student, "north") for student in ("dee-01", "zoe-01")]
        assert without_ids(answers[0], "dee-01") == without_ids(answers[1], "zoe-01"), role
        assert door.action in {record.action for record in await walk.audit("north")}


@pytest.mark.parametrize("name", sorted(name for name, door in doors().items() if is_read(door)))
async def test_hidden_and_absent_cost_the_same_calls_to_the_stores(
    walk: School, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    door = doors()[name]
    calls: list[str] = []
    adapters = walk.engine.adapters
    for port in ("store", "archive", "rosters", "audit", "erasures", "dead_letters"):
        for method in ("get", "get_many", "read", "taught", "append", "search", "of_student", "list", "find"):
            _count(monkeypatch, getattr(adapters, port), f"{port}.{method}", method, calls)
    for role in READERS[:2]:
        costs: list[list[str]] = []
        for student in ("dee-01", "zoe-01"):
            calls.clear()
            await ask(walk, door, role, student)
            costs.append(calls[:])
        assert costs[0] == costs[1], role
        assert "audit.append" in costs[0], role


def _count(monkeypatch: pytest.MonkeyPatch, port: Any, name: str, method: str, calls: list[str]) -> None:
    original = getattr(port, method, None)
    if original is None:
        return

    def counted(*args: Any, **options: Any) -> Any:
        calls.append(name)
        return original(*args, **options)

    monkeypatch.setattr(port, method, counted)


@pytest.mark.parametrize("name", sorted(doors()))
async def test_a_role_that_may_not_use_a_route_is_told_so_and_is_on_record(school: School, name: str) -> None:
    door = doors()[name]
    for role in ROLES:
        if role not in TABLE[door.action]:
            answer = await ask(school, door, role, "amal")
            assert (answer.status_code, role) == (403, role), answer.text
            last = (await school.audit())[-1]
            assert (last.allowed, last.action, last.role) == (False, door.action, role)
            assert last.request_id == school.request_hash("the-walk")


def without_ids(answer: httpx2.Response, student: str) -> tuple[int, str, dict[str, str]]:
    """The same without the student that was asked for, and without ids and tokens that are drawn by chance."""
    status, text, headers = told(answer, student)
    told_headers = {name: _DRAWN.sub("#", value) for name, value in headers.items()}
    return status, _DRAWN.sub("#", text), told_headers


def told(answer: httpx2.Response, student: str) -> tuple[int, str, dict[str, str]]:
    """Everything that a caller can tell apart: without the student's own name, the time, and what the caller has left."""
    own = {"x-request-id", "x-ratelimit-remaining", "x-ratelimit-reset"}
    headers = {name: value for name, value in answer.headers.items() if name not in own}
    text = re.sub(r'"timestamp":"[^"]*"', "", answer.text)
    return answer.status_code, text.replace(student, "…") if student else text, headers
