"""Who asks, whose data there is, and what of it each of them must never be shown."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any, Final
from uuid import UUID

import requests

from mastery_engine.adapters.auth import TokenRole, make_token
from tools.serving import Service

ROLES: Final[tuple[TokenRole, ...]] = ("student", "teacher", "admin", "service")
OWN: Final = "fuzz-own-amal-61d0c4"
TAUGHT: Final = "fuzz-taught-bo-85f2a7"
OTHER: Final = "fuzz-other-cleo-c93be1"
NORTH: Final = "fuzz-north-dara-27aa58"
TEACHER: Final = "fuzz-ms-yun"
HEAD: Final = "fuzz-head"
COHORT: Final = "fuzz-7a"
STUDENTS: Final = (OWN, TAUGHT, OTHER, NORTH)
HIDDEN: Final[Mapping[TokenRole, tuple[str, ...]]] = {
    "student": (TAUGHT, OTHER, NORTH),
    "teacher": (OTHER, NORTH),
    "admin": (NORTH,),
    "service": (NORTH,),
}
"""By role, the students whose data it may not see; ids like no other, so that they are found in any bytes."""
_SUBJECT: Final[Mapping[TokenRole, str]] = {
    "student": OWN,
    "teacher": TEACHER,
    "admin": HEAD,
    "service": "fuzz-agent",
}
_HOURS: Final = 7_200
_DAY_MS: Final = 86_400_000
_TIMEOUT: Final = 30.0


@dataclass(frozen=True)
class People:
    """Tokens for everybody at one service."""

    secret: str

    def token(self, role: TokenRole, tenant_id: str = "default") -> str:
        """That of a role."""
        return make_token(
            self.secret.encode(),
            subject=_SUBJECT[role],
            role=role,
            tenant_id=tenant_id,
            issuer="mastery-engine",
            audience="mastery-api",
            issued_at=int(time.time()),
            lifetime_seconds=_HOURS,
        )

    def bearer(self, role: TokenRole, tenant_id: str = "default") -> dict[str, str]:
        """The header with it."""
        return {"Authorization": f"Bearer {self.token(role, tenant_id)}"}


def settle(service: Service) -> People:
    """Put the students into the service, each with a few days of evidence, and a letter that is dead.

    Raises:
        SystemExit: The service did not take them.
    """
    people = People(service.secret)
    if (made := service.run("tenant", "create", "north")).returncode:
        raise SystemExit(f"the second school cannot be made: {made.stderr}")
    school = {
        "name": "7a",
        "teachers": [{"person_id": TEACHER}],
        "students": [{"person_id": OWN}, {"person_id": TAUGHT}],
    }
    _do(service, "PUT", f"/api/v1/cohorts/{COHORT}", school, people.bearer("admin"), {200, 201})
    numbers = count(1)
    for tenant_id, students in (("default", (OWN, TAUGHT, OTHER)), ("north", (NORTH,))):
        events = [event for student in students for event in _events(student, numbers)]
        told = people.bearer("service", tenant_id)
        answer = _do(service, "POST", "/api/v1/mastery/ingest", events, told, {202})
        told = people.bearer("admin", tenant_id) | {"X-Mastery-Position": answer["data"]["position"]}
        for student in students:
            _do(service, "POST", "/api/v1/mastery/query", {"student_id": student}, told, {200})
    dead = {"specversion": "1.0", "id": "1", "source": "fuzz", "type": "t", "data": {"event_type": "no such"}}
    _do(service, "POST", "/events/learning", dead, {}, {200})
    return people


def example_event(student_id: str, chance: Random) -> dict[str, Any]:
    """An event that holds."""
    return next(_events(student_id, iter([chance.getrandbits(40)])))


def _events(student_id: str, numbers: Iterator[int], days: int = 4) -> Iterator[dict[str, Any]]:
    now = int(time.time() * 1_000)
    for day, number in zip(range(days), numbers, strict=False):
        yield {
            "event_id": str(UUID(int=number, version=4)),
            "event_type": "quiz.performance.submitted",
            "timestamp": now - 60_000 - day * _DAY_MS,
            "student_id": student_id,
            "source": "quiz-agent",
            "quiz_id": "loops",
            "total_questions": 10,
            "correct_answers": 8,
            "time_spent": 300,
        }


def _do(service: Service, method: str, path: str, body: Any, headers: dict[str, str], good: set[int]) -> Any:
    answer = requests.request(method, service.url + path, json=body, headers=headers, timeout=_TIMEOUT)
    if answer.status_code not in good:
        raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text}")
    return answer.json()
