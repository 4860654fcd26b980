"""What takes longer than an answer: looked at, cancelled; and replays."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import pytest

from mastery_engine.adapters.auth import TokenRole
from mastery_engine.contracts import keys
from mastery_engine.engine import replay_jobs
from mastery_engine.ports import Write
from tests.api.school import School, open_school, quiz

REPLAYS = "/api/v1/replays"
JOBS = "/api/v1/jobs"


@pytest.fixture
async def school() -> AsyncGenerator[School]:
    async with open_school() as opened:
        for student in ("amal", "bo", "cleo"):
            await opened.teach(student, quiz(), quiz())
        yield opened


async def replay(
    school: School, body: dict[str, object], subject: str = "head", role: TokenRole = "admin"
) -> httpx2.Response:
    return await school.http.post(REPLAYS, json=body, headers=school.bearer(subject, role))


async def done(school: School, asked: httpx2.Response) -> dict[str, Any]:
    await school.engine.job_runner.drain()
    answer = await school.http.get(asked.headers["location"], headers=school.bearer("head", "admin"))
    assert answer.status_code == 200
    return answer.json()["data"]


def counts(job: dict[str, Any], **expected: int | None) -> None:
    assert job["state"] == "done", job
    assert {name: job["replay"][name] for name in expected} == expected


async def lose(school: School, student_id: str) -> None:
    await school.engine.adapters.store.write_many([Write(keys.document("default", student_id), None)])


async def test_everybody_is_rebuilt_and_what_was_lost_is_put_back(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_jobs, "STUDENTS_A_PART", 1)
    before = (await school.query({"student_id": "bo"})).json()["data"]
    await lose(school, "bo")
    asked = await replay(school, {})
    assert asked.status_code == 202
    assert asked.headers["location"] == f"/api/v1/jobs/{asked.json()['data']['job_id']}"
    job = await done(school, asked)
    counts(job, students=3, events=6, equal=2, missing=1, switched=1, different=0, levels=None)
    assert (job["done"], job["total"]) == (3, 3)
    assert (await school.query({"student_id": "bo"})).json()["data"] == before
    aside = [key async for batch in school.engine.adapters.store.scan("replay:") for key in batch]
    assert aside == []


async def test_without_a_switch_it_only_compares(school: School) -> None:
    await lose(school, "bo")
    counts(await done(school, await replay(school, {"switch": False})), missing=1, switched=0)
    assert (await school.query({"student_id": "bo"})).status_code == 404


async def test_one_student_is_rebuilt_alone_and_on_record(school: School) -> None:
    await lose(school, "bo")
    job = await done(school, await replay(school, {"student_id": "bo"}))
    counts(job, students=1, missing=1, switched=1)
    records = [one for one in await school.audit() if one.action == "replay.run"]
    assert {one.subjects for one in records} == {(school.hash("bo"),)}
    assert {one.detail["what"] for one in records} == {"switch"}


async def test_another_formula_is_asked_what_it_would_change_and_changes_nothing(school: School) -> None:
    before = (await school.query({"student_id": "bo"})).json()["data"]
    job = await done(school, await replay(school, {"formula": "adr-004-observed"}))
    counts(job, students=3, different=3, equal=0, switched=0, events=None)
    assert job["replay"]["levels"] == 3
    assert (await school.query({"student_id": "bo"})).json()["data"] == before


async def test_a_formula_that_there_is_none_of_is_told_at_once(school: School) -> None:
    assert (await replay(school, {"formula": "astrology"})).status_code == 404


@pytest.mark.parametrize("role", ["student", "teacher", "service"])
async def test_only_admins_replay(school: School, role: TokenRole) -> None:
    assert (await replay(school, {}, "amal", role)).status_code == 403
    record = (await school.audit())[-1]
    assert (record.action, record.allowed) == ("replay.run", False)


async def test_a_school_without_students_is_done_with_at_once(school: School) -> None:
    bearer = school.bearer("head", "admin", "north")
    asked = await school.http.post(REPLAYS, json={}, headers=bearer)
    await school.engine.job_runner.drain()
    job = (await school.http.get(asked.headers["location"], headers=bearer)).json()["data"]
    assert (job["state"], job["total"], job["replay"]["students"]) == ("done", 0, 0)


async def test_a_job_is_cancelled_and_stays_so(school: School) -> None:
    location = (await replay(school, {})).headers["location"]
    bearer = school.bearer("head", "admin")
    first = await school.http.delete(location, headers=bearer)
    again = await school.http.delete(location, headers=bearer)
    assert (first.status_code, first.json()["data"]) == (200, again.json()["data"])
    await school.engine.job_runner.drain()
    job = (await school.http.get(location, headers=bearer)).json()["data"]
    assert (job["state"], job["cancelled"], job["done"]) == ("cancelled", True, 0)
    assert job["finished"] == "2026-03-02T10:00:00.000Z"


@pytest.mark.parametrize("method", ["get", "delete"])
async def test_a_job_of_somebody_else_answers_like_one_that_does_not_exist(
    school: School, method: str
) -> None:
    location = (await replay(school, {})).headers["location"]
    for subject, role in (("ms-yun", "teacher"), ("head", "student")):
        bearer = school.bearer(subject, role)  # pyright: ignore[reportArgumentType] - both are roles
        hidden = await school.http.request(method, location, headers=bearer)
        absent = await school.http.request(method, f"/api/v1/jobs/{'0' * 32}", headers=bearer)
        assert (hidden.status_code, absent.status_code) == (404, 404)
        assert hidden.json()["error"] == absent.json()["error"]


async def test_a_look_at_a_job_of_somebody_else_is_on_record_and_one_at_an_own_job_is_not(
    school: School,
) -> None:
    path = f"{JOBS}/{(await replay(school, {})).json()['data']['job_id']}"
    before = len(await school.audit())
    for subject in ("head", "another-head"):
        assert (await school.http.get(path, headers=school.bearer(subject, "admin"))).status_code == 200
    (look,) = (await school.audit())[before:]
    assert (look.actor, look.action, look.detail) == ("another-head", "jobs.read", {"kind": "replay"})


async def test_a_service_may_look_at_no_job(school: School) -> None:
    location = (await replay(school, {})).headers["location"]
    assert (await school.http.get(location, headers=school.bearer("tutor", "service"))).status_code == 403


@pytest.mark.parametrize("job_id", ["x", "0" * 31, "0" * 33, "Z" * 32])
async def test_an_id_that_is_none_is_refused(school: School, job_id: str) -> None:
    answer = await school.http.get(f"/api/v1/jobs/{job_id}", headers=school.bearer("head", "admin"))
    assert answer.status_code == 400
