"""`POST /process`: the same answers, checks and records as the routes, for services that call through their sidecar."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from mastery_engine.api.routes import process
from mastery_engine.ports import AuditEntry
from tests.api.school import NOW_MS, School, quiz

DAY_MS = 86_400_000


async def ask(
    school: School, intent: object, payload: object, token: object = ..., **headers: str
) -> httpx2.Response:
    body: dict[str, object] = {"intent": intent, "payload": payload}
    if token is not ...:
        body["security_context"] = {"token": token}
    return await school.http.post("/process", json=body, headers=headers)


def told(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def without_meta(answer: httpx2.Response) -> tuple[int, object]:
    return answer.status_code, {name: one for name, one in answer.json().items() if name != "meta"}


def without_request(entries: list[AuditEntry]) -> list[Any]:
    return [(one.actor, one.role, one.action, one.subjects, one.allowed) for one in entries]


@pytest.mark.parametrize(
    ("intent", "route", "payload"),
    [
        ("query_mastery", "query", {"student_id": "amal", "include_components": False}),
        ("query_mastery", "query", {"student_id": "nobody"}),
        ("query_mastery", "query", {"student_id": "amal", "date": "1969-12-31"}),
        ("calculate", "calculate", {"components": {"quiz": 0.8}}),
        ("calculate", "calculate", {"student_id": "amal", "components": {"quiz": 0.8}}),
    ],
)
@pytest.mark.parametrize("role", ["student", "teacher", "admin", "service"])
async def test_an_intent_is_answered_and_recorded_as_its_route(
    school: School, intent: str, route: str, payload: object, role: Any
) -> None:
    await school.teach("amal")
    subject = {"student": "amal", "teacher": "ms-yun"}.get(role, "head")
    token = school.token(subject, role)
    before = len(await school.audit())
    by_route = await school.post(route, payload, {"Authorization": f"Bearer {token}"})
    between = len(await school.audit())
    by_intent = await ask(school, intent, payload, token)
    assert without_meta(by_intent) == without_meta(by_route)
    audit = await school.audit()
    assert without_request(audit[before:between]) == without_request(audit[between:])


async def test_events_are_taken_as_by_the_route_with_a_position_to_wait_for(school: School) -> None:
    sent = [quiz(), quiz(correct_answers=11)]
    answer = await ask(school, "ingest", sent, school.token("tutor", "service"))
    data = answer.json()["data"]
    assert answer.status_code == 202
    assert (data["accepted"], data["refused"]) == (1, 1)
    student = school.token("amal", "student")
    early = await ask(
        school, "query_mastery", {"student_id": "amal"}, student, **{"X-Mastery-Position": data["position"]}
    )
    assert (told(early), early.headers["retry-after"]) == ((503, "SERVICE_UNAVAILABLE"), "1")
    await school.fold()
    for intent in ("query_mastery", "recommend"):
        waited = await ask(
            school, intent, {"student_id": "amal"}, student, **{"X-Mastery-Position": data["position"]}
        )
        assert waited.status_code == 200
    refused = await ask(school, "ingest", quiz(correct_answers=11), school.token("tutor", "service"))
    assert told(refused) == (400, "VALIDATION_ERROR")
    assert refused.json()["error"]["details"][0]["field"] == "correct_answers"


async def test_what_to_do_next_and_where_it_leads_are_answered(school: School) -> None:
    days = [quiz(timestamp=NOW_MS - n * DAY_MS, correct_answers=n) for n in range(1, 6)]
    await school.teach("amal", *days)
    student = school.token("amal", "student")
    advice = await ask(school, "recommend", {"student_id": "amal", "limit": 2}, student)
    assert [one["area"] for one in advice.json()["data"]["recommendations"]] == ["completion", "quality"]
    forecast = await ask(school, "predict", {"student_id": "amal", "days": 14}, student)
    assert forecast.json()["data"]["forecast"]["timeframe_days"] == 14
    for intent in ("recommend", "predict"):
        other = await ask(school, intent, {"student_id": "amal"}, school.token("bo", "student"))
        nobody = await ask(school, intent, {"student_id": "zoe"}, school.token("bo", "student"))
        assert told(other) == (404, "NOT_FOUND")
        assert without_meta(other) == without_meta(nobody)
        early = await ask(school, intent, {"student_id": "amal", "date": "1969-12-31"}, student)
        assert told(early) == (400, "VALIDATION_ERROR")


class TestWithoutATokenOfTheUser:
    async def test_a_service_may_ingest_and_calculate_and_is_on_record_by_its_app_id(
        self, school: School
    ) -> None:
        caller = {"dapr-caller-app-id": "concepts-agent"}
        assert (await ask(school, "ingest", quiz(), **caller)).status_code == 202
        assert (
            await ask(school, "calculate", {"components": {"quiz": 1.0}}, None, **caller)
        ).status_code == 200
        assert {(one.actor, one.role) for one in await school.audit()} == {("dapr:concepts-agent", "service")}

    @pytest.mark.parametrize("intent", ["query_mastery", "recommend", "predict"])
    @pytest.mark.parametrize(
        "context", [..., None, {}, {"token": None}, {"role": "admin", "sub": "head", "tenant_id": "default"}]
    )
    async def test_it_may_nothing_else_whatever_it_claims_to_be(
        self, school: School, intent: str, context: object
    ) -> None:
        await school.teach("amal")
        body = {"intent": intent, "payload": {"student_id": "amal"}}
        body |= {} if context is ... else {"security_context": context}
        # A token in the header is not looked at either.
        answer = await school.http.post("/process", json=body, headers=school.bearer("head", "admin"))
        assert told(answer) == (403, "FORBIDDEN")
        last = (await school.audit())[-1]
        assert (last.actor, last.role, last.allowed) == ("dapr:unknown", "service", False)

    async def test_it_is_of_the_installations_tenant_and_crosses_to_no_other(self, school: School) -> None:
        answer = await ask(school, "ingest", [quiz(), quiz(tenant_id="north")])
        assert [one["accepted"] for one in answer.json()["data"]["results"]] == [True, False]

    @pytest.mark.parametrize("app", ["a" * 65, "a b", "a:b", ""])
    async def test_a_name_that_no_app_has_is_not_put_on_record(self, school: School, app: str) -> None:
        await ask(school, "ingest", quiz(), **{"dapr-caller-app-id": app})
        assert {one.actor for one in await school.audit()} == {"dapr:unknown"}

    async def test_an_app_that_tells_its_name_itself_is_refused(self, school: School) -> None:
        # A real sidecar passes on what the app has sent, before or after its own.
        for names in (["admin-agent", "concepts-agent"], ["concepts-agent", "admin-agent"]):
            headers = [("dapr-caller-app-id", name) for name in names]
            body = {"intent": "ingest", "payload": quiz()}
            answer = await school.http.post("/process", json=body, headers=headers)
            assert told(answer) == (400, "VALIDATION_ERROR")
        assert await school.audit() == []


@pytest.mark.parametrize("intent", ["ingest", "calculate", "query_mastery"])
async def test_a_token_that_does_not_hold_is_refused_and_makes_nobody_a_service(
    school: School, intent: str
) -> None:
    for token in ("", "junk", school.token("head", "admin", secret="another secret, of more than 32 bytes")):
        answer = await ask(school, intent, quiz(), token)
        assert told(answer) == (401, "AUTH_ERROR")
        assert "Bearer" in answer.headers["www-authenticate"]
    assert await school.audit() == []


async def test_claims_beside_a_token_are_not_looked_at(school: School) -> None:
    await school.teach("amal")
    context = {"token": school.token("bo", "student"), "role": "admin", "sub": "amal", "tenant_id": "north"}
    body = {"intent": "query_mastery", "payload": {"student_id": "amal"}, "security_context": context}
    assert told(await school.http.post("/process", json=body)) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], ""),
        ({"payload": {}}, "intent"),
        ({"intent": "calculate"}, "payload"),
        ({"intent": "drop_tables", "payload": {}}, "intent"),
        ({"intent": ["ingest"], "payload": {}}, "intent"),
        ({"intent": "calculate", "payload": {}, "user": "head"}, "user"),
        ({"intent": "calculate", "payload": []}, "payload"),
        ({"intent": "calculate", "payload": {"componentz": {}}}, "payload.componentz"),
        ({"intent": "recommend", "payload": {"student_id": "amal", "limit": 11}}, "payload.limit"),
        ({"intent": "predict", "payload": {"student_id": "amal", "days": 0}}, "payload.days"),
        ({"intent": "calculate", "payload": {}, "security_context": []}, "security_context"),
        ({"intent": "calculate", "payload": {}, "security_context": "head"}, "security_context"),
        ({"intent": "calculate", "payload": {}, "security_context": {"token": 7}}, "security_context"),
        ({"intent": "ingest", "payload": []}, ""),
    ],
)
async def test_what_is_wrong_is_named_by_its_place_in_the_request(
    school: School, body: object, field: str
) -> None:
    answer = await school.http.post("/process", json=body)
    assert told(answer) == (400, "VALIDATION_ERROR")
    assert answer.json()["error"]["details"][0]["field"] == field


async def test_only_events_may_be_large(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "MOST_BYTES", 200)
    monkeypatch.setattr(process, "MOST_INGEST_BYTES", 2_000)
    large = [quiz(), quiz(), quiz()]
    assert (await ask(school, "ingest", large)).status_code == 202
    assert told(await ask(school, "calculate", large)) == (413, "PAYLOAD_TOO_LARGE")
    assert told(await ask(school, "ingest", large * 5)) == (413, "PAYLOAD_TOO_LARGE")
