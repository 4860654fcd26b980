"""Many students at once: answered directly, or as a job whose results are read page by page."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import date
from typing import Any

import httpx2
import pytest

from mastery_engine.adapters.auth import TokenRole
from mastery_engine.api.background import TASKS
from mastery_engine.contracts import keys
from mastery_engine.domain.cohort import Cohort, Membership
from mastery_engine.engine import batch_jobs
from tests.api.school import NOW, School, open_school, quiz

BATCH = "/api/v1/batch/mastery"
EVERYBODY = [f"s{number}" for number in range(101)]


@pytest.fixture
async def school() -> AsyncGenerator[School]:
    async with open_school() as opened:
        await opened.teach("amal", quiz(course_id="c1"), quiz(course_id="c2", correct_answers=2))
        await opened.teach("bo")
        yield opened


async def ask(
    school: School, ids: list[str], subject: str = "head", role: TokenRole = "admin", **more: object
) -> httpx2.Response:
    return await school.http.post(
        BATCH, json={"student_ids": ids, **more}, headers=school.bearer(subject, role)
    )


async def read(
    school: School, location: str, subject: str = "head", role: TokenRole = "admin", **query: str
) -> httpx2.Response:
    return await school.http.get(location, params=query, headers=school.bearer(subject, role))


def errors(answer: httpx2.Response) -> list[str | None]:
    return [item["error"] for item in answer.json()["data"]["items"]]


async def test_up_to_a_hundred_are_answered_at_once_each_with_a_result_or_an_error(school: School) -> None:
    answer = await ask(school, ["amal", "nobody", "bo", "amal"])
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert [item["student_id"] for item in data["items"]] == ["amal", "nobody", "bo"]
    assert errors(answer) == [None, "NOT_FOUND", None]
    assert (data["found"], data["as_of"]) == (2, "2026-03-02")
    assert data["items"][0]["current"]["components"]["quiz"]["observed"]


async def test_a_course_and_a_day_can_be_asked_for(school: School) -> None:
    one = await ask(school, ["amal"], course_id="c1")
    other = await ask(school, ["amal"], course_id="c2")
    before = await ask(school, ["amal"], date="2026-02-01")
    scores = [answer.json()["data"]["items"][0]["current"]["score"] for answer in (one, other)]
    assert scores[0] > scores[1]
    assert errors(before) != [None]


async def test_more_are_a_job_whose_progress_and_results_are_at_its_location(school: School) -> None:
    asked = await ask(school, [*EVERYBODY, "amal", "amal", "bo"], course_id=None)
    assert asked.status_code == 202
    job = asked.json()["data"]
    location = asked.headers["location"]
    assert location == f"/api/v1/batch/{job['job_id']}"
    assert (job["state"], job["done"], job["total"]) == ("queued", 0, 103)
    waiting = (await read(school, location)).json()["data"]
    assert (waiting["job"]["state"], waiting["items"], waiting["next_cursor"]) == ("queued", [], None)
    await school.engine.job_runner.drain()
    first = await read(school, location)
    data = first.json()["data"]
    assert (data["job"]["state"], data["job"]["done"], data["as_of"]) == ("done", 103, "2026-03-02")
    assert [item["student_id"] for item in data["items"]] == EVERYBODY[:100]
    rest = await read(school, location, cursor=data["next_cursor"])
    assert [item["student_id"] for item in rest.json()["data"]["items"]] == ["s100", "amal", "bo"]
    assert errors(rest) == ["NOT_FOUND", None, None]
    assert rest.json()["data"]["next_cursor"] is None
    at_once = await ask(school, ["amal", "bo"])
    assert rest.json()["data"]["items"][1:] == at_once.json()["data"]["items"]


async def test_pages_cross_the_parts_of_the_work(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_jobs, "STUDENTS_A_PART", 30)
    ids = [*EVERYBODY[:55], "amal", *EVERYBODY[55:]]
    location = (await ask(school, ids)).headers["location"]
    await school.engine.job_runner.drain()
    seen: list[str] = []
    found: list[str] = []
    query = {"limit": "17"}
    while True:
        answer = await school.http.get(location, params=query, headers=school.bearer("head", "admin"))
        data = answer.json()["data"]
        seen += [item["student_id"] for item in data["items"]]
        found += [item["student_id"] for item in data["items"] if item["current"]]
        if data["next_cursor"] is None:
            break
        query["cursor"] = data["next_cursor"]
    assert (seen, found) == (ids, ["amal"])


async def test_progress_stands_in_the_store_for_who_reads_it_directly(school: School) -> None:
    job = (await ask(school, EVERYBODY)).json()["data"]
    await school.engine.job_runner.drain()
    key = keys.batch_status("default", job["job_id"])
    (entry,) = await school.engine.adapters.store.get_many([key])
    assert key == f"batch:{job['job_id']}:status"
    assert entry is not None
    assert (
        entry.value
        == b'{"batch_id":"%s","state":"done","done":101,"total":101,"v":1}' % job["job_id"].encode()
    )


async def test_a_teacher_gets_the_students_of_the_roster_and_nobody_else(school: School) -> None:
    await school.teach("cleo")
    asked = await ask(school, [*EVERYBODY, "cleo", "amal"], "ms-yun", "teacher")
    await school.engine.job_runner.drain()
    answer = await read(school, asked.headers["location"], "ms-yun", "teacher", limit="500")
    assert errors(answer)[-2:] == ["NOT_FOUND", None]
    items = answer.json()["data"]["items"]
    assert items[0] | {"student_id": ""} == items[-2] | {"student_id": ""}, "hidden like absent"
    admin = await read(school, asked.headers["location"], limit="500")
    assert errors(admin)[-2:] == ["NOT_FOUND", None], "whom the teacher could not see is not in the results"


async def test_who_is_no_longer_a_member_when_results_are_read_is_not_seen_in_them(school: School) -> None:
    asked = await ask(school, [*EVERYBODY, "amal", "bo"], "ms-yun", "teacher")
    await school.engine.job_runner.drain()
    left = Cohort(
        cohort_id="7a",
        teachers=(Membership(person_id="ms-yun"),),
        students=(Membership(person_id="amal", end=date(2026, 3, 1)), Membership(person_id="bo")),
    )
    await school.engine.adapters.rosters.put("default", [left])
    answer = await read(school, asked.headers["location"], "ms-yun", "teacher", limit="500")
    assert errors(answer)[-2:] == ["NOT_FOUND", None]
    assert NOW.date() == date(2026, 3, 2)


async def test_it_is_on_record_who_was_looked_at_when_it_ran_and_when_it_was_read(school: School) -> None:
    asked = await ask(school, [*EVERYBODY, "amal"], "ms-yun", "teacher")
    before = len(await school.audit())
    await school.engine.job_runner.drain()
    await read(school, asked.headers["location"], "ms-yun", "teacher", limit="500")
    records = (await school.audit())[before:]
    told = [(one.action, one.allowed, len(one.subjects)) for one in records]
    assert told == [("batch.read", True, 1), ("batch.read", False, 101)] * 2
    assert records[0].subjects == (school.hash("amal"),)
    assert {one.actor for one in records} == {"ms-yun"}


async def test_nobody_reads_what_another_one_asked_for(school: School) -> None:
    location = (await ask(school, EVERYBODY, "ms-yun", "teacher")).headers["location"]
    hidden = await read(school, location, "mr-ode", "teacher")
    absent = await read(school, f"/api/v1/batch/{'0' * 32}", "mr-ode", "teacher")
    other = await school.http.get(location, headers=school.bearer("ms-yun", "teacher", "north"))
    assert [answer.status_code for answer in (hidden, absent, other)] == [404, 404, 404]
    assert hidden.json()["error"] == absent.json()["error"] == other.json()["error"]


@pytest.mark.parametrize("role", ["student", "service"])
async def test_a_role_that_may_not_ask_is_told_so_whatever_the_size(school: School, role: TokenRole) -> None:
    answers = [await ask(school, ids, "amal", role) for ids in (["amal"], EVERYBODY)]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert [one.allowed for one in (await school.audit())[-2:]] == [False, False]


@pytest.mark.parametrize(
    "body",
    [
        {"student_ids": []},
        {"student_ids": [f"s{number}" for number in range(1_001)]},
        {"student_ids": ["../x"]},
        {"student_ids": ["amal"], "priority": "urgent"},
        {"student_ids": ["amal"], "date": "1066-10-14"},
        {"student_ids": ["amal"], "more": 1},
        {},
    ],
)
async def test_what_breaks_a_rule_is_refused(school: School, body: dict[str, Any]) -> None:
    answer = await school.http.post(BATCH, json=body, headers=school.bearer("head", "admin"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("query", [{"cursor": "eHl6"}, {"cursor": "OTk5OTk"}, {"limit": "0"}, {"page": "1"}])
async def test_a_page_that_is_none_is_refused(school: School, query: dict[str, str]) -> None:
    location = (await ask(school, EVERYBODY)).headers["location"]
    answer = await school.http.get(location, params=query, headers=school.bearer("head", "admin"))
    assert answer.status_code == 400


async def test_a_thousand_are_taken(school: School) -> None:
    ids = [f"s{number}" for number in range(999)]
    asked = await ask(school, ["amal", *ids], priority="high")
    assert asked.json()["data"]["priority"] == "high"
    await school.engine.job_runner.drain()
    data = (await read(school, asked.headers["location"], limit="500")).json()["data"]
    assert (data["job"]["done"], len(data["items"])) == (1_000, 500)


async def test_too_many_open_jobs_are_refused_and_one_that_is_cancelled_makes_room(school: School) -> None:
    made = [(await ask(school, EVERYBODY)).json()["data"]["job_id"] for _ in range(10)]
    refused = await ask(school, EVERYBODY)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "CONFLICT")
    assert "10 open jobs" in refused.json()["error"]["message"]
    bearer = school.bearer("head", "admin")
    assert (await school.http.delete(f"/api/v1/jobs/{made[0]}", headers=bearer)).status_code == 200
    assert (await ask(school, EVERYBODY)).status_code == 202


async def test_results_that_are_gone_are_told(school: School) -> None:
    job = (await ask(school, EVERYBODY)).json()["data"]
    await school.engine.job_runner.drain()
    await school.engine.jobs.book.take_back([keys.job_part("default", job["job_id"], 0, 1)])
    answer = await read(school, f"/api/v1/batch/{job['job_id']}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "CONFLICT")


def test_the_service_does_jobs_in_the_background() -> None:
    assert "jobs" in {task.name for task in TASKS}
