"""`/audit` over HTTP: found by what was done, by whom, to whom, when and how it ended; page after page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from mastery_engine.adapters.auth import MOST_SUBJECT
from mastery_engine.engine.access import Caller
from tests.api.school import MINUTE_MS, NOW_MS, School
from tests.api.test_letters import keep, letter


async def search(school: School, **asked: object) -> dict[str, Any]:
    answer = await school.get(f"audit?{urlencode(asked)}")
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def look(school: School, student: str, subject: str = "head", role: Any = "admin") -> str:
    """A look at a student; returns the request's id."""
    answer = await school.get(f"students/{student}/mastery", subject, role)
    return answer.headers["x-request-id"]


def moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat()


@pytest.fixture
async def looked(school: School) -> School:
    """Looks of three people at two students, a minute apart."""
    for student in ("amal", "bo"):
        await school.teach(student)
    clock: Any = school.engine.adapters.clock
    for student, subject, role in (
        ("amal", "amal", "student"),
        ("bo", "amal", "student"),
        ("bo", "ms-yun", "teacher"),
        ("amal", "head", "admin"),
    ):
        clock.ms += MINUTE_MS
        await look(school, student, subject, role)
    return school


def told(page: dict[str, Any]) -> list[tuple[str, str, bool]]:
    return [(one["action"], one["role"], one["allowed"]) for one in page["items"]]


async def test_found_by_action(looked: School) -> None:
    page = await search(looked, action="mastery.read")
    assert told(page) == [
        ("mastery.read", "admin", True),
        ("mastery.read", "teacher", True),
        ("mastery.read", "student", False),
        ("mastery.read", "student", True),
    ]
    assert (await search(looked, action="mastery.rea"))["items"] == []


async def test_found_by_whom_it_is_about(looked: School) -> None:
    page = await search(looked, student_id="bo", action="mastery.read")
    assert told(page) == [("mastery.read", "teacher", True), ("mastery.read", "student", False)]
    assert {tuple(one["subjects"]) for one in page["items"]} == {(looked.hash("bo"),)}
    about = await search(looked, student_id="bo")
    assert about["items"][0]["action"] == "audit.read"


async def test_found_by_who_did_it_a_student_by_the_keyed_hash(looked: School) -> None:
    assert told(await search(looked, actor="ms-yun")) == [("mastery.read", "teacher", True)]
    assert len((await search(looked, actor=looked.hash("amal")))["items"]) == 2
    assert (await search(looked, actor="amal"))["items"] == []


async def test_whoever_a_token_may_name_is_found(looked: School) -> None:
    longest = "a" * MOST_SUBJECT
    await look(looked, "amal", longest)
    (found,) = (await search(looked, actor=longest))["items"]
    assert found["actor"] == longest


async def test_found_by_how_it_ended(looked: School) -> None:
    assert told(await search(looked, allowed="false")) == [("mastery.read", "student", False)]
    assert {one["allowed"] for one in (await search(looked, allowed="true"))["items"]} == {True}


async def test_found_by_the_request(looked: School) -> None:
    request = await look(looked, "bo")
    (one,) = (await search(looked, request_id=request))["items"]
    assert (one["request_id"], one["actor"]) == (request, "head")


async def test_found_by_time_from_and_before(looked: School) -> None:
    third = NOW_MS + 3 * MINUTE_MS
    within = {"action": "mastery.read", "from": moment(third - MINUTE_MS), "to": moment(third)}
    assert told(await search(looked, **within)) == [("mastery.read", "student", False)]
    assert len((await search(looked, action="mastery.read", to=moment(third)))["items"]) == 2
    assert len((await search(looked, **{"action": "mastery.read", "from": moment(third)}))["items"]) == 2


async def test_found_by_all_of_it_together(looked: School) -> None:
    everything = {"student_id": "bo", "action": "mastery.read", "actor": "ms-yun", "allowed": "true"}
    assert told(await search(looked, **everything)) == [("mastery.read", "teacher", True)]
    assert (await search(looked, **{**everything, "allowed": "false"}))["items"] == []


async def test_a_cursor_leads_on_over_what_was_there_while_records_are_added(looked: School) -> None:
    whole = (await search(looked, limit=500))["items"]
    page = await search(looked, limit=2)
    seen = page["items"]
    while page["next_cursor"]:
        await look(looked, "amal")
        page = await search(looked, limit=2, cursor=page["next_cursor"])
        seen += page["items"]
    # The first page has its own look on top.
    assert [one["sequence"] for one in seen[1:]] == [one["sequence"] for one in whole]


async def test_a_page_that_ends_with_the_last_record_has_no_cursor(looked: School) -> None:
    page = await search(looked, action="mastery.read", limit=4)
    assert (len(page["items"]), page["next_cursor"]) == (4, None)
    page = await search(looked, action="mastery.read", limit=3)
    assert page["next_cursor"] is not None
    last = await search(looked, action="mastery.read", limit=3, cursor=page["next_cursor"])
    assert (len(last["items"]), last["next_cursor"]) == (1, None)


@pytest.mark.parametrize(
    "asked",
    [
        {"limit": 0},
        {"limit": 501},
        {"limit": "many"},
        {"cursor": "no cursor"},
        {"cursor": "eA"},
        {"cursor": "AA"},
        {"from": "2026-03-02"},
        {"to": "2026-03-02T10:00:00"},
        {"allowed": "perhaps"},
        {"action": ""},
        {"action": "x" * 101},
        {"student_id": "no id"},
        {"nothing": "known"},
    ],
)
@pytest.mark.parametrize("path", ["audit", "students/amal/accesses"])
async def test_what_is_out_of_bounds_is_refused(school: School, path: str, asked: dict[str, object]) -> None:
    answer = await school.get(f"{path}?{urlencode(asked)}")
    assert answer.status_code == 400, answer.text


async def test_another_schools_records_are_not_found(looked: School) -> None:
    bearer = looked.bearer("head", "admin", "north")
    answer = await looked.http.get("/api/v1/audit?action=mastery.read", headers=bearer)
    assert answer.json()["data"]["items"] == []


async def test_a_student_sees_an_operators_look_too(looked: School) -> None:
    operator = Caller(tenant_id="default", subject="os:kim", role="operator", request_id="r")
    await looked.engine.queries.profile(operator, "amal")
    answer = await looked.get("students/amal/accesses?limit=2", "amal", "student")
    own, operators = answer.json()["data"]["items"]
    assert (own["by"], own["action"]) == ("self", "accesses.read")
    assert (operators["by"], operators["role"], operators["action"]) == ("os:kim", "operator", "mastery.read")


async def test_a_student_sees_an_operators_look_at_the_dead_letters_of_all_schools(school: School) -> None:
    await keep(school, letter())
    # The operator's own school is another one.
    operator = Caller(tenant_id="north", subject="os:kim", role="operator", request_id="r")
    (kept,) = await school.engine.letters.list(operator)
    await school.engine.letters.show(operator, kept.letter_id)
    answer = await school.get("students/amal/accesses?limit=3", "amal", "student")
    looks = [(one["by"], one["action"]) for one in answer.json()["data"]["items"]]
    assert looks == [("self", "accesses.read"), *[("os:kim", "dead_letters.read")] * 2]


async def test_a_school_that_was_made_and_has_no_chain_does_not_hold(school: School) -> None:
    # The school of the tests makes this one behind everybody's back.
    answer = await school.http.get("/api/v1/audit/verify", headers=school.bearer("head", "admin", "north"))
    data = answer.json()["data"]
    assert (data["holds"], data["records"]) == (False, 0)
    assert "the making of a school leaves one" in data["problem"]
