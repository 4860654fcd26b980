"""A student's mastery as a resource: its tag, and nothing sent again that the caller has."""

from __future__ import annotations

from typing import Any

import pytest

from mastery_engine.adapters.auth import TokenRole
from mastery_engine.contracts.tenant import Tenant
from tests.api.school import DAY_MS, School, quiz

PATH = "students/amal/mastery"


async def tag(school: School, path: str = PATH) -> str:
    answer = await school.get(path)
    assert answer.status_code == 200, answer.text
    return answer.headers["etag"]


async def test_it_is_what_a_query_answers(school: School) -> None:
    await school.teach("amal")
    asked = (await school.query({"student_id": "amal"})).json()["data"]
    assert (await school.get(PATH)).json()["data"] == asked


@pytest.mark.parametrize(("subject", "role"), [("amal", "student"), ("ms-yun", "teacher"), ("head", "admin")])
async def test_who_may_see_the_student_is_answered_and_it_is_on_record(
    school: School, subject: str, role: TokenRole
) -> None:
    await school.teach("amal")
    assert (await school.get(PATH, subject, role)).status_code == 200
    entry = (await school.audit())[-1]
    assert (entry.action, entry.role, entry.allowed) == ("mastery.read", role, True)
    assert entry.subjects == (school.hash("amal"),)


async def test_what_the_caller_has_is_not_sent_again_and_that_is_an_access_too(school: School) -> None:
    await school.teach("amal")
    known = await tag(school)
    before = len(await school.audit())
    answer = await school.get(PATH, "amal", "student", {"If-None-Match": known})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == known
    entry = (await school.audit())[before]
    assert (entry.action, entry.role, entry.allowed) == ("mastery.read", "student", True)


@pytest.mark.parametrize(
    "sent", ["*", "{tag}", "W/{tag}", '"other", {tag}', '"a,b" , W/{tag}', '"other" ,{tag},"more"']
)
async def test_a_tag_is_found_however_it_is_sent(school: School, sent: str) -> None:
    await school.teach("amal")
    headers = {"If-None-Match": sent.replace("{tag}", await tag(school))}
    assert (await school.get(PATH, headers=headers)).status_code == 304


async def test_another_tag_gets_the_whole(school: School) -> None:
    await school.teach("amal")
    answer = await school.get(PATH, headers={"If-None-Match": '"0123abcd", W/"x"'})
    assert answer.status_code == 200


@pytest.mark.parametrize("sent", ["0123", '"open', '"a" "b"', "*, *", ""])
async def test_what_is_no_tag_is_refused(school: School, sent: str) -> None:
    await school.teach("amal")
    answer = await school.get(PATH, headers={"If-None-Match": sent})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == "If-None-Match"


async def test_a_tag_does_not_open_what_may_not_be_seen(school: School) -> None:
    await school.teach("amal")
    for sent in ("*", await tag(school)):
        answer = await school.get(PATH, "bo", "student", {"If-None-Match": sent})
        assert answer.status_code == 404
        assert "etag" not in answer.headers


async def test_the_tag_stays_while_nothing_changes_and_goes_with_evidence_scope_and_day(
    school: School,
) -> None:
    await school.teach("amal", quiz(course_id="c1"))
    clock: Any = school.engine.adapters.clock
    first = await tag(school)
    clock.ms += 1_000
    assert await tag(school) == first
    await school.teach("amal", quiz(course_id="c1", correct_answers=1))
    second = await tag(school)
    clock.ms += DAY_MS
    tags = [first, second, await tag(school), await tag(school, f"{PATH}?course_id=c1")]
    assert len(set(tags)) == len(tags)
    assert await tag(school, f"{PATH}?date=2026-03-02") == second


async def test_the_tag_goes_with_the_formula(school: School) -> None:
    await school.engine.tenants.create(Tenant(tenant_id="south", formula="adr-004-observed"))
    tags: dict[str, str] = {}
    for tenant_id in ("default", "north", "south"):
        service = school.bearer("tutor", "service", tenant_id)
        assert (await school.post("ingest", quiz(), service)).status_code == 202
        await school.fold()
        admin = school.bearer("head", "admin", tenant_id)
        tags[tenant_id] = (await school.http.get(f"/api/v1/{PATH}", headers=admin)).headers["etag"]
    assert tags["default"] == tags["north"], "the same evidence under the same formula"
    assert tags["south"] != tags["north"]


async def test_the_callers_own_cache_may_keep_it_and_has_to_ask_and_no_proxy_may(school: School) -> None:
    await school.teach("amal")
    whole = await school.get(PATH, headers={"Accept-Encoding": "identity"})
    same = await school.get(PATH, headers={"If-None-Match": whole.headers["etag"]})
    for answer in (whole, same):
        assert answer.headers.get_list("cache-control") == ["private, no-cache"]
        assert "Authorization" in answer.headers["vary"]
    for other in (await school.query({"student_id": "amal"}), await school.get("students/x/mastery")):
        assert other.headers.get_list("cache-control") == ["no-store"]


async def test_it_waits_for_the_events_that_it_names(school: School) -> None:
    await school.teach("amal")
    known = await tag(school)
    sent = await school.post("ingest", quiz(correct_answers=0), school.bearer("tutor", "service"))
    headers = {"X-Mastery-Position": sent.json()["data"]["position"], "If-None-Match": known}
    assert (await school.get(PATH, headers=headers)).status_code == 503
    await school.fold()
    assert (await school.get(PATH, headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("students/a%20b/mastery", "student_id"),
        (f"{PATH}?date=today", "date"),
        (f"{PATH}?date=1969-12-31", "date"),
        (f"{PATH}?course_id=a%20b", "course_id"),
        (f"{PATH}?mood=sunny", "mood"),
        (f"{PATH}?date=2026-03-02&date=2026-03-02", "date"),
    ],
)
async def test_a_parameter_that_breaks_its_rule_is_named(school: School, path: str, field: str) -> None:
    answer = await school.get(path)
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["error"]["details"]] == [field]


@pytest.mark.parametrize("method", ["OPTIONS", "POST", "DELETE"])
async def test_other_methods_are_not_there(school: School, method: str) -> None:
    answer = await school.http.request(method, f"/api/v1/{PATH}", headers=school.bearer("head", "admin"))
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
