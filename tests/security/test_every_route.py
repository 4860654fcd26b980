"""Every route, for every role, about every kind of student: generated from the table of routes.

A route that concerns anybody's data names its action; one without an action stands in `OPEN`, with the reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any, Final, NamedTuple, cast

import httpx2
import pytest

from mastery_engine.adapters.auth import TokenRole
from mastery_engine.adapters.memory import MemoryAuditTrail
from mastery_engine.api.openapi import examples
from mastery_engine.api.operation import Operation
from mastery_engine.api.routes.process import INTENTS
from mastery_engine.api.table import OPERATIONS
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.cohort import Cohort, Membership
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.engine.access import TABLE, Action
from mastery_engine.ports import AuditEntry
from tests.api.school import NOW, NOW_MS, School, open_school, quiz

OPEN: Final[dict[str, str]] = {
    "info": "about the program alone",
    "openapi": "about the program alone",
    "health": "about the program alone",
    "ready": "about the program alone",
    "subscribe": "for the sidecar: says which topic it is to bring",
    "learning": "for the sidecar: takes an event in, and tells nothing",
    "process": "for the sidecar: each intent has the action of the route that does the same",
}
INTENT_ACTIONS: Final[dict[str, Action]] = {
    "query_mastery": "mastery.read",
    "calculate": "mastery.calculate",
    "predict": "forecast.read",
    "recommend": "recommendations.read",
}
PAYLOADS: Final[dict[str, dict[str, object]]] = {
    "query_mastery": {},
    "calculate": {"components": {"quiz": 0.9}},
    "predict": {},
    "recommend": {},
}
READS_NOBODY: Final[set[tuple[TokenRole, Action]]] = {("service", "mastery.calculate")}
"""Whoever is named, no student's data is read: plain arithmetic with the numbers that were sent, and no record."""
ROLES: Final[tuple[TokenRole, ...]] = ("student", "teacher", "admin", "service")
STUDENTS: Final = {
    "own": "amal",
    "taught": "bo-01",
    "taught until yesterday": "cy-01",
    "other": "dee-01",
    "absent": "zoe-01",
}
CALLERS: Final[dict[TokenRole, str]] = {
    "student": "amal",
    "teacher": "ms-yun",
    "admin": "head",
    "service": "tutor",
}
YESTERDAY: Final[date] = NOW.date() - timedelta(days=1)


class Door(NamedTuple):
    """A request about a student."""

    name: str
    action: Action
    method: str
    path: str
    body: object
    intent: str | None = None


@cache
def doors() -> dict[str, Door]:
    """Every route with an action, and every intent, that is about a student whom the request names."""
    found: dict[str, Door] = {}
    for operation in OPERATIONS:
        if operation.action is not None:
            body = examples().get(operation.name, {}).get("request")
            found[operation.name] = Door(
                operation.name, operation.action, operation.method, operation.path, body
            )
    for intent in INTENTS:
        body: object = {
            "intent": intent,
            "payload": {"student_id": "amal", **PAYLOADS[intent]},
            "security_context": {},
        }
        found[f"process {intent}"] = Door(
            f"process {intent}", INTENT_ACTIONS[intent], "post", "/process", body, intent
        )
    return found


def about(door: Door) -> bool:
    """Whether the request names a student."""
    named = re.search(r"/students/\{(id|student_id)\}", door.path) is not None
    return named or '"student_id' in json.dumps(door.body)


def is_read(door: Door) -> bool:
    """Whether it answers with one student's data, so that what may not be seen is hidden."""
    return about(door) and door.action not in {"events.ingest", "batch.read"}


def swapped(node: object, student: str) -> object:
    """The same body about another student."""
    if isinstance(node, dict):
        fields = cast("dict[str, object]", node)
        return {name: _field(name, value, student) for name, value in fields.items()}
    if isinstance(node, list):
        return [swapped(one, student) for one in cast("list[object]", node)]
    return node


def _field(name: str, value: object, student: str) -> object:
    if name == "student_id":
        return student
    if name == "student_ids":
        return [student]
    return swapped(value, student)


async def ask(
    school: School, door: Door, role: TokenRole, student: str, tenant: str = "default"
) -> httpx2.Response:
    """Ask about a student, at a door."""
    body = swapped(door.body, student)
    headers = {"X-Request-ID": "the-walk"}
    if door.intent is None:
        headers |= school.bearer(CALLERS[role], role, tenant)
    else:
        token = school.token(CALLERS[role], role, tenant)
        body = {**cast("dict[str, object]", body), "security_context": {"token": token}}
    path = re.sub(r"\{(id|student_id)\}", student, door.path)
    path = re.sub(r"\{\w+\}", "7a", path)
    if body is None:
        return await school.http.request(door.method, path, headers=headers)
    return await school.http.request(door.method, path, headers=headers, json=body)


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
    assert set(INTENT_ACTIONS) == set(INTENTS)


def test_every_route_with_an_action_asks_for_a_token() -> None:
    named: Sequence[Operation] = [one for one in OPERATIONS if one.action is not None]
    assert [one.name for one in named if not one.asks_for] == []


@pytest.mark.parametrize("name", sorted(name for name, door in doors().items() if is_read(door)))
@pytest.mark.parametrize("role", ROLES)
async def test_who_may_sees_and_for_all_others_the_hidden_is_as_what_does_not_exist(
    walk: School, name: str, role: TokenRole
) -> None:
    door = doors()[name]
    if role not in TABLE[door.action]:
        answers = [await ask(walk, door, role, student) for student in STUDENTS.values()]
        assert {answer.status_code for answer in answers} == {403}
        assert all(told(answer, "") == told(answers[0], "") for answer in answers)
        last = (await walk.audit())[-1]
        assert (last.allowed, last.action, last.role) == (False, door.action, role)
        return
    if (role, door.action) in READS_NOBODY:
        before = await walk.audit()
        answers = [(await ask(walk, door, role, one)).json()["data"] for one in STUDENTS.values()]
        assert all(answer["current"] is None for answer in answers)
        assert await walk.audit() == before
        return
    absent = await ask(walk, door, role, "zoe-01")
    for relation, student in STUDENTS.items():
        before = len(await walk.audit())
        answer = await ask(walk, door, role, student)
        (record,) = (await walk.audit())[before:]
        allowed = may_see(role, relation, door.action)
        assert (record.allowed, record.action, record.request_id) == (allowed, door.action, "the-walk")
        assert record.subjects == (walk.hash(student),)
        if not allowed:
            assert answer.status_code == 404, (relation, answer.text)
            if not may_see(role, "absent", door.action):
                assert told(answer, student) == told(absent, "zoe-01"), relation
        elif relation != "absent":
            assert answer.status_code < 300, (relation, answer.text)


@pytest.mark.parametrize("name", sorted(name for name, door in doors().items() if is_read(door)))
@pytest.mark.parametrize("role", ["student", "teacher", "admin"])
async def test_nobody_sees_a_student_of_another_tenant(walk: School, name: str, role: TokenRole) -> None:
    door = doors()[name]
    answers = [await ask(walk, door, role, student, "north") for student in ("dee-01", "zoe-01")]
    assert told(answers[0], "dee-01") == told(answers[1], "zoe-01")
    record = (await walk.audit("north"))[-1]
    assert record.action == door.action


@pytest.mark.parametrize("name", sorted(name for name, door in doors().items() if is_read(door)))
@pytest.mark.parametrize("role", ["student", "teacher"])
async def test_hidden_and_absent_cost_the_same_calls_to_the_stores(
    walk: School, monkeypatch: pytest.MonkeyPatch, name: str, role: TokenRole
) -> None:
    door = doors()[name]
    calls: list[str] = []
    adapters = walk.engine.adapters
    for port in ("store", "archive", "rosters", "audit", "erasures", "dead_letters"):
        for method in ("get", "get_many", "read", "taught", "append", "search", "of_student", "list", "find"):
            _count(monkeypatch, getattr(adapters, port), f"{port}.{method}", method, calls)
    costs: list[list[str]] = []
    for student in ("dee-01", "zoe-01"):
        await ask(walk, door, role, student)
        costs.append(calls[:])
        calls.clear()
    assert costs[0] == costs[1]
    assert "audit.append" in costs[0]


def _count(monkeypatch: pytest.MonkeyPatch, port: Any, name: str, method: str, calls: list[str]) -> None:
    original = getattr(port, method, None)
    if original is None:
        return

    def counted(*args: Any, **options: Any) -> Any:
        calls.append(name)
        return original(*args, **options)

    monkeypatch.setattr(port, method, counted)


class TrailThatIsDown(MemoryAuditTrail):
    """Takes records until it is broken."""

    down = False

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        if self.down:
            raise DependencyDown("the audit trail at /somewhere/secret does not answer")
        await super().append(entries)


@pytest.mark.parametrize("name", sorted(doors()))
async def test_nothing_leaves_while_the_audit_trail_is_down(name: str) -> None:
    door = doors()[name]
    trail = TrailThatIsDown()
    async with open_school(audit=trail) as school:
        await school.teach("amal")
        trail.down = True
        answers = [
            await ask(school, door, role, "amal")
            for role in ROLES
            if role in TABLE[door.action] and (role, door.action) not in READS_NOBODY
        ]
    for answer in answers:
        assert answer.status_code == 503, answer.text
        assert answer.headers["retry-after"] == "1"
        assert "data" not in answer.json()
        assert "amal" not in answer.text
        assert "secret" not in answer.text


def told(answer: httpx2.Response, student: str) -> tuple[int, str, dict[str, str]]:
    """Everything that a caller can tell apart, the student's own name left out."""
    headers = {name: value for name, value in answer.headers.items() if name not in {"x-request-id", "date"}}
    return answer.status_code, answer.text.replace(student, "…") if student else answer.text, headers
