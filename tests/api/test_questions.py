"""What every question about a student keeps to: who may ask, what is on record, and what is refused in words."""

from __future__ import annotations

import re
from typing import Any

import httpx2
import pytest

from mastery_engine.adapters.auth import TokenRole
from mastery_engine.adapters.memory import MemoryAuditTrail
from mastery_engine.api.positions import LONGEST_WAIT_SECONDS
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.ports import AuditEntry
from tests.api.school import School, open_school, quiz

PATHS = [
    "predictions/next-week",
    "predictions/trajectory",
    "predictions/what-if",
    "recommendations/adaptive",
    "recommendations/learning-path",
    "analytics/mastery-history",
    "analytics/compare",
]
ACTIONS = dict(
    zip(
        PATHS,
        [
            "forecast.read",
            "forecast.read",
            "forecast.read",
            "recommendations.read",
            "recommendations.read",
            "history.read",
            "cohort.compare",
        ],
        strict=True,
    )
)
NEEDED: dict[str, dict[str, object]] = {
    "analytics/compare": {"cohort_id": "7a"},
    "predictions/what-if": {"interventions": [{"quality": 0.9}]},
}
"""What else a question cannot do without."""
LAST_DAY = {"analytics/mastery-history": "end"}
"""What the day of the answer is called, where it is not `date`."""


def question(path: str, student_id: str = "amal", **more: object) -> dict[str, object]:
    return {"student_id": student_id, **NEEDED.get(path, {}), **more}


def told(answer: httpx2.Response) -> tuple[int, bytes, dict[str, str]]:
    """Everything that a caller can tell apart, the request's id left out, and how often this caller came."""
    counted = ("x-request-id", "x-ratelimit-")
    headers = {name: value for name, value in answer.headers.items() if not name.startswith(counted)}
    return answer.status_code, re.sub(rb'"request_id":"\w+"', b"", answer.content), headers


class TrailThatIsDown(MemoryAuditTrail):
    async def append(self, entries: list[AuditEntry]) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        del entries
        raise DependencyDown("the audit trail cannot be written")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("subject", "role"), [("amal", "student"), ("ms-yun", "teacher"), ("head", "admin")])
async def test_who_may_see_a_student_is_answered_and_it_is_on_record(
    school: School, path: str, subject: str, role: TokenRole
) -> None:
    await school.teach_for_days("amal")
    answer = await school.ask(path, question(path), subject, role, {"X-Request-ID": "ours"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["meta"]["request_id"] == "ours"
    entry = (await school.audit())[-1]
    assert (entry.action, entry.role, entry.allowed) == (ACTIONS[path], role, True)
    assert entry.subjects == (school.hash("amal"),)
    assert entry.request_id == school.request_hash("ours")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("subject", "role"), [("amal", "student"), ("ms-yun", "teacher")])
async def test_who_may_not_be_seen_answers_like_who_does_not_exist(
    school: School, path: str, subject: str, role: TokenRole
) -> None:
    await school.teach_for_days("cleo")
    hidden = await school.ask(path, question(path, "cleo"), subject, role)
    absent = await school.ask(path, question(path, "nobo"), subject, role)
    assert hidden.status_code == 404
    assert told(hidden) == told(absent)
    refused = [entry for entry in await school.audit() if not entry.allowed]
    assert [entry.subjects for entry in refused] == [(school.hash("cleo"),), (school.hash("nobo"),)]


@pytest.mark.parametrize("path", PATHS)
async def test_nobody_crosses_a_tenant(school: School, path: str) -> None:
    await school.teach_for_days("amal")
    bearer = school.bearer("head", "admin", "north")
    answer = await school.http.post(f"/api/v1/{path}", json=question(path), headers=bearer)
    assert answer.status_code == 404


@pytest.mark.parametrize("path", PATHS)
async def test_a_service_may_not_ask_and_that_is_on_record(school: School, path: str) -> None:
    answer = await school.ask(path, question(path), "tutor", "service")
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "FORBIDDEN"
    assert (await school.audit())[-1].allowed is False


@pytest.mark.parametrize("path", PATHS)
async def test_without_a_token_nobody_is_answered(school: School, path: str) -> None:
    answer = await school.http.post(f"/api/v1/{path}", json=question(path))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="mastery-engine"'


@pytest.mark.parametrize("path", PATHS)
async def test_there_is_no_answer_without_a_record(path: str) -> None:
    async with open_school(audit=TrailThatIsDown()) as school:
        answer = await school.ask(path, question(path))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize("path", PATHS)
async def test_every_broken_rule_is_named(school: School, path: str) -> None:
    sent = question(path, "a b", mood="sunny", course_id=7)
    details = (await school.ask(path, sent)).json()["error"]["details"]
    assert {detail["field"] for detail in details} == {"student_id", "mood", "course_id"}


@pytest.mark.parametrize("path", PATHS)
async def test_a_day_that_no_calendar_has_is_refused(school: School, path: str) -> None:
    field = LAST_DAY.get(path, "date")
    answer = await school.ask(path, question(path, **{field: "1969-12-31"}))
    assert answer.status_code == 400
    assert [(one["field"], one["rule"]) for one in answer.json()["error"]["details"]] == [
        (field, "must be from 1970-01-01 to 2199-12-31")
    ]


@pytest.mark.parametrize("path", PATHS)
async def test_a_read_waits_for_the_events_that_it_names(school: School, path: str) -> None:
    await school.teach_for_days("amal")
    sent = await school.post("ingest", quiz(correct_answers=0), school.bearer("tutor", "service"))
    position = {"X-Mastery-Position": sent.json()["data"]["position"]}
    early = await school.ask(path, question(path), headers=position)
    clock: Any = school.engine.adapters.clock
    assert early.status_code == 503
    assert clock.slept >= LONGEST_WAIT_SECONDS
    await school.fold()
    assert (await school.ask(path, question(path), headers=position)).status_code == 200


async def test_a_comparison_that_names_events_is_of_the_members_as_the_store_has_them() -> None:
    async with open_school(serves=True) as school:
        await school.teach("amal")
        await school.teach("bo")
        path = "analytics/compare"
        before = (await school.ask(path, {"cohort_id": "7a"})).json()["data"]
        sent = await school.post(
            "ingest", quiz(student_id="bo", correct_answers=0), school.bearer("tutor", "service")
        )
        await school.fold()
        position = {"X-Mastery-Position": sent.json()["data"]["position"]}
        after = (await school.ask(path, {"cohort_id": "7a"}, headers=position)).json()["data"]
    assert [one["student_id"] for one in after["members"]] == ["amal", "bo"]
    assert after["members"][1]["value"] < before["members"][1]["value"]
