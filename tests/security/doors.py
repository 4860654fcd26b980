"""Every door that a caller may knock at, and how it is knocked at for somebody's data."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from functools import cache
from typing import Final, NamedTuple, cast

import httpx2

from mastery_engine.adapters.auth import TokenRole
from mastery_engine.api.openapi import examples
from mastery_engine.api.routes.process import INTENTS
from mastery_engine.api.table import OPERATIONS
from mastery_engine.engine.policy import Action
from tests.api.school import MINUTE_MS, NOW, School, StillClock

OPEN: Final[dict[str, str]] = {
    "info": "about the program alone",
    "openapi": "about the program alone",
    "explorer": "about the program alone",
    "explorer_asset": "about the program alone",
    "export_schema": "about the program alone",
    "health": "about the program alone",
    "ready": "about the program alone",
    "metrics": "about the process alone: counts, and nobody's id",
    "subscribe": "for the sidecar: says which topic it is to bring",
    "learning": "for the sidecar: takes an event in, and tells nothing",
    "process": "for the sidecar: each intent has the action of the route that does the same",
}
ENDLESS: Final = {"stream"}
"""An answer without an end: whoever may not follow is walked here, and the others in tests/api/test_streams.py."""
NOT_READ: Final[set[Action]] = {"events.ingest", "batch.read", "replay.run", "dead_letters.write"}
"""Take students in, or leave out those who are hidden; who may not use them at all is walked by `test_a_role_...`."""
READS_NOBODY: Final[set[tuple[TokenRole, Action]]] = {("service", "mastery.calculate")}
"""Whoever is named, no student's data is read: plain arithmetic with the numbers that were sent, and no record."""
ROLES: Final[tuple[TokenRole, ...]] = ("student", "teacher", "admin", "service")
READERS: Final[tuple[TokenRole, ...]] = ("student", "teacher", "admin")
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
_DRAWN: Final = re.compile(r"[0-9a-f]{8}[0-9a-f-]*|\d+|\"ticket\":\"[^\"]*\"")
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
    """Every route with an action, and every intent of `/process`."""
    found: dict[str, Door] = {}
    for operation in OPERATIONS:
        if operation.action is not None:
            body = examples().get(operation.name, {}).get("request")
            found[operation.name] = Door(
                operation.name, operation.action, operation.method, operation.path, body
            )
    for intent, known in INTENTS.items():
        same = found[known.operation]
        body = {"intent": intent, "payload": same.body}
        found[f"process {intent}"] = Door(intent, same.action, "post", "/process", body, intent)
    return found


def about(door: Door) -> bool:
    """Whether the request names a student."""
    named = re.search(r"/students/\{(id|student_id)\}", door.path) is not None
    return named or '"student_id' in json.dumps(door.body)


def is_read(door: Door) -> bool:
    """Whether it answers with one student's data, so that what may not be seen is hidden."""
    return about(door) and door.action not in NOT_READ


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
    path = path.format_map(examples().get(door.name, {}).get("parameters", {}))
    # A minute later, so that no limit on how often somebody may ask is what is seen.
    clock = cast("StillClock", school.engine.adapters.clock)
    clock.ms += MINUTE_MS
    clock.slept += 60
    content = body if isinstance(body, str) else None if body is None else json.dumps(body)
    headers |= (
        {}
        if content is None
        else {"Content-Type": "text/csv" if isinstance(body, str) else "application/json"}
    )
    return await school.http.request(door.method, path, headers=headers, content=content)
