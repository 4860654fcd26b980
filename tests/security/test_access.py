"""Who sees whom, over HTTP; the hidden looks like what does not exist, and all of it is on record."""

from __future__ import annotations

import re
from collections.abc import Sequence

import httpx2
import pytest

from mastery_engine.adapters.auth import TokenRole
from mastery_engine.adapters.memory import MemoryAuditTrail
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.ports import AuditEntry
from tests.api.school import School, open_school, quiz

COMPONENTS = {"quiz": 0.9}


def told(answer: httpx2.Response) -> tuple[int, bytes, dict[str, str]]:
    """Everything that a caller can tell apart, the request's id left out, and how often this caller came."""
    counted = ("x-request-id", "x-ratelimit-")
    headers = {name: value for name, value in answer.headers.items() if not name.startswith(counted)}
    return answer.status_code, re.sub(rb'"request_id":"\w+"', b"", answer.content), headers


async def test_a_student_sees_their_own_mastery(school: School) -> None:
    await school.teach("amal")
    answer = await school.query({"student_id": "amal"}, "amal", "student")
    assert answer.status_code == 200
    assert answer.json()["data"]["student_id"] == "amal"


@pytest.mark.parametrize(("subject", "role"), [("amal", "student"), ("ms-yun", "teacher")])
@pytest.mark.parametrize("route", ["query", "calculate"])
async def test_a_student_who_may_not_be_seen_answers_like_one_who_does_not_exist(
    school: School, subject: str, role: TokenRole, route: str
) -> None:
    await school.teach("cleo")
    bearer = school.bearer(subject, role)
    extra = {"components": COMPONENTS} if route == "calculate" else {}
    hidden = await school.post(route, {"student_id": "cleo", **extra}, bearer)
    absent = await school.post(route, {"student_id": "nobo", **extra}, bearer)
    assert hidden.status_code == 404
    assert told(hidden) == told(absent)


async def test_an_allowed_caller_gets_the_same_answer_for_a_student_without_events(school: School) -> None:
    await school.teach("cleo")
    absent = await school.query({"student_id": "nobo"})
    hidden = await school.query({"student_id": "cleo"}, "amal", "student")
    assert told(absent) == told(hidden)


async def test_a_teacher_sees_the_students_of_the_roster(school: School) -> None:
    await school.teach("bo")
    answer = await school.query({"student_id": "bo"}, "ms-yun", "teacher")
    assert answer.status_code == 200


async def test_nobody_crosses_a_tenant(school: School) -> None:
    await school.teach("amal")
    answers = [
        await school.post("query", {"student_id": "amal"}, school.bearer("amal", role, "north"))
        for role in ("student", "teacher", "admin")
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]


async def test_an_event_of_another_tenant_is_refused_and_the_others_are_taken(school: School) -> None:
    sent = [quiz(tenant_id="north"), quiz(), quiz(tenant_id="default")]
    answer = await school.post("ingest", sent, school.bearer("tutor", "service"))
    assert answer.status_code == 202
    results = answer.json()["data"]["results"]
    assert [result["accepted"] for result in results] == [False, True, True]
    assert results[0]["errors"][0]["field"] == "tenant_id"


async def test_an_event_without_a_tenant_is_of_the_tokens(school: School) -> None:
    answer = await school.post("ingest", quiz(student_id="dee"), school.bearer("tutor", "service", "north"))
    assert answer.status_code == 202
    await school.fold()
    own = await school.post("query", {"student_id": "dee"}, school.bearer("head", "admin", "north"))
    other = await school.query({"student_id": "dee"})
    assert (own.status_code, other.status_code) == (200, 404)


async def test_a_service_may_not_read(school: School) -> None:
    await school.teach("amal")
    answer = await school.query({"student_id": "amal"}, "tutor", "service")
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "FORBIDDEN"
    assert (await school.audit())[-1].allowed is False


@pytest.mark.parametrize("role", ["student", "teacher"])
async def test_only_services_and_admins_send_events(school: School, role: TokenRole) -> None:
    answer = await school.post("ingest", quiz(), school.bearer("amal", role))
    assert answer.status_code == 403
    assert not any((await school.engine.adapters.log.ends()).values())
    assert (await school.audit())[-1].action == "events.ingest"


@pytest.mark.parametrize("role", ["student", "teacher", "admin", "service"])
async def test_everybody_may_calculate_with_plain_numbers(school: School, role: TokenRole) -> None:
    answer = await school.post("calculate", {"components": COMPONENTS}, school.bearer("amal", role))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("subject", "role", "allowed"),
    [
        ("amal", "student", True),
        ("cleo", "student", False),
        ("ms-yun", "teacher", True),
        ("tutor", "service", False),
    ],
)
async def test_every_access_allowed_or_refused_is_on_record_with_its_request_id(
    school: School, subject: str, role: TokenRole, *, allowed: bool
) -> None:
    await school.teach("amal")
    headers = school.bearer(subject, role) | {"X-Request-ID": "the-request"}
    await school.post("query", {"student_id": "amal"}, headers)
    entry = (await school.audit())[-1]
    assert (entry.allowed, entry.request_id, entry.action) == (
        allowed,
        school.request_hash("the-request"),
        "mastery.read",
    )
    assert entry.subjects == (school.hash("amal"),)
    assert entry.actor == (school.hash(subject) if role == "student" else subject)


async def test_the_audit_trail_never_holds_a_students_id(school: School) -> None:
    await school.teach("amal")
    await school.query({"student_id": "amal"}, "amal", "student")
    assert "amal" not in str(await school.audit())


async def test_sending_events_is_on_record_for_each_student(school: School) -> None:
    await school.post("ingest", [quiz(), quiz(student_id="bo")], school.bearer("tutor", "service"))
    entry = (await school.audit())[-1]
    assert entry.action == "events.ingest"
    assert set(entry.subjects) == {school.hash("amal"), school.hash("bo")}


class TrailThatIsDown(MemoryAuditTrail):
    """Takes records until it is broken."""

    def __init__(self) -> None:
        super().__init__()
        self.down = False

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        if self.down:
            raise DependencyDown("the audit trail at /somewhere/secret does not answer")
        await super().append(entries)


@pytest.mark.parametrize("route", ["query", "calculate"])
async def test_no_personal_data_leaves_when_the_audit_trail_is_down(route: str) -> None:
    trail = TrailThatIsDown()
    async with open_school(audit=trail) as school:
        await school.teach("amal")
        trail.down = True
        body: dict[str, object] = {"student_id": "amal"}
        if route == "calculate":
            body["components"] = COMPONENTS
        answer = await school.post(route, body, school.bearer("amal", "student"))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert "data" not in answer.json()
    assert "amal" not in answer.text
    assert "secret" not in answer.text


async def test_no_event_is_taken_when_the_audit_trail_is_down() -> None:
    trail = TrailThatIsDown()
    trail.down = True
    async with open_school(audit=trail) as school:
        answer = await school.post("ingest", quiz(), school.bearer("tutor", "service"))
        assert answer.status_code == 503
        assert not any((await school.engine.adapters.log.ends()).values())


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "bearer x y", "Bearer " + "x" * 9_000],
)
async def test_what_is_no_bearer_token_is_challenged(school: School, header: str) -> None:
    answer = await school.post("query", {"student_id": "amal"}, {"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "AUTH_ERROR"
    assert answer.headers["www-authenticate"] == 'Bearer realm="mastery-engine", error="invalid_token"'


@pytest.mark.parametrize("header", [None, "Basic dXNlcjpwYXNz", "Token abc"])
async def test_without_a_bearer_token_the_challenge_names_no_error(
    school: School, header: str | None
) -> None:
    given = {} if header is None else {"Authorization": header}
    answer = await school.post("query", {"student_id": "amal"}, given)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="mastery-engine"'


async def test_two_tokens_are_one_too_many(school: School) -> None:
    token = f"Bearer {school.token('head', 'admin')}"
    headers = [("Authorization", token), ("Authorization", token)]
    answer = await school.http.post("/api/v1/mastery/query", json={"student_id": "amal"}, headers=headers)
    assert answer.status_code == 401


async def test_the_scheme_is_read_in_any_case(school: School) -> None:
    headers = {"Authorization": f"bEARER {school.token('head', 'admin')}"}
    answer = await school.post("calculate", {"components": COMPONENTS}, headers)
    assert answer.status_code == 200


async def test_a_body_without_a_token_is_not_even_read(school: School) -> None:
    answer = await school.http.post("/api/v1/mastery/ingest", content=b"{" * 100)
    assert answer.status_code == 401
