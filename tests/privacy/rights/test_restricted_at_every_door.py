"""A restricted student at every route, for every role: generated from the table of routes."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import httpx2
import pytest

from mastery_engine.adapters.auth import TokenRole
from mastery_engine.contracts import keys
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.cohort import Cohort, Membership
from mastery_engine.engine.batch_jobs import MOST_AT_ONCE
from mastery_engine.engine.policy import DESPITE_RESTRICTION, TABLE
from mastery_engine.engine.restrictions import REMEMBERED_SECONDS
from mastery_engine.ports import Entry
from tests.api.school import NOW_MS, School, open_school, quiz
from tests.security.doors import (
    CALLERS,
    ENDLESS,
    READERS,
    READS_NOBODY,
    ROLES,
    about,
    ask,
    doors,
    is_read,
)
from tests.security.test_every_route import told

DOCS = Path(__file__).parents[3] / "docs/explanation/privacy.md"
CLASS = ("amal", "bo-01")
READS = sorted(
    name for name, door in doors().items() if is_read(door) and door.action not in DESPITE_RESTRICTION
)
OTHERS = sorted(
    name
    for name, door in doors().items()
    if about(door) and door.action in DESPITE_RESTRICTION and door.action != "restriction.write"
)
OWN = [name for name in READS if name not in ENDLESS and "student" in TABLE[doors()[name].action]]
OF_MANY = sorted(
    name for name, door in doors().items() if not is_read(door) and door.action not in DESPITE_RESTRICTION
)
UNKNOWN = {"fix_letter"}
"""Asks for something of its own beside the student, which is not there."""


@pytest.fixture
async def school() -> AsyncGenerator[School]:
    async with open_school() as opened:
        cohort = Cohort(
            cohort_id="7a",
            teachers=(Membership(person_id="ms-yun"),),
            students=tuple(Membership(person_id=one) for one in CLASS),
        )
        await opened.engine.adapters.rosters.put("default", [cohort])
        for student in CLASS:
            await opened.teach(
                student,
                *(quiz(course_id="python-1", timestamp=NOW_MS - day * DAY_MS) for day in range(1, 8)),
            )
        yield opened


async def restrict(school: School, student: str, method: str = "PUT") -> None:
    answer = await school.http.request(
        method, f"/api/v1/students/{student}/restriction", headers=school.bearer("head", "admin")
    )
    assert answer.status_code == 200, answer.text


def has_a_use(name: str, role: TokenRole, student: str) -> bool:
    """Whether an unrestricted student would be seen, by an answer that ends."""
    door = doors()[name]
    needed = TABLE[door.action].get(role)
    related = needed in {"taught", "tenant"} or (needed == "own" and CALLERS[role] == student)
    return related and (role, door.action) not in READS_NOBODY


@pytest.mark.parametrize("name", READS)
async def test_where_results_are_read_a_restricted_student_is_as_one_who_does_not_exist(
    school: School, name: str
) -> None:
    door = doors()[name]
    for role in READERS:
        if role == "student" or not has_a_use(name, role, "bo-01"):
            continue
        if name not in ENDLESS:
            assert (await ask(school, door, role, "bo-01")).status_code < 300, (
                "else this test would tell nothing"
            )
        await restrict(school, "zoe-01")
        absent = await ask(school, door, role, "zoe-01")
        await restrict(school, "bo-01")
        hidden = await ask(school, door, role, "bo-01")
        assert hidden.status_code == 404, hidden.text
        assert told(hidden, "bo-01") == told(absent, "zoe-01")
        record = (await school.audit())[-1]
        assert (record.allowed, record.action, record.subjects) == (
            False,
            door.action,
            (school.hash("bo-01"),),
        )
        await restrict(school, "bo-01", "DELETE")
        if name not in ENDLESS:
            assert (await ask(school, door, role, "bo-01")).status_code < 300, role


@pytest.mark.parametrize("name", OWN)
async def test_the_restricted_student_goes_on_reading_what_is_their_own(school: School, name: str) -> None:
    await restrict(school, "amal")
    assert (await ask(school, doors()[name], "student", "amal")).status_code < 300


@pytest.mark.parametrize("name", OTHERS)
async def test_what_tells_no_result_goes_on_as_before(school: School, name: str) -> None:
    await restrict(school, "bo-01")
    answers: dict[str, httpx2.Response] = {}
    for student in ("amal", "bo-01"):
        for role in ROLES:
            if role in TABLE[doors()[name].action] and role != "student":
                answers[f"{role} {student}"] = await ask(school, doors()[name], role, student)
    for role in ROLES:
        if f"{role} amal" in answers:
            assert answers[f"{role} bo-01"].status_code == answers[f"{role} amal"].status_code
            assert answers[f"{role} bo-01"].status_code < 300 or name in UNKNOWN


@pytest.mark.parametrize("name", OF_MANY)
async def test_answers_about_many_show_no_result_of_a_restricted_one(school: School, name: str) -> None:
    door = doors()[name]
    await restrict(school, "bo-01")
    for role in READERS:
        if role in TABLE[door.action]:
            answer = await ask(school, door, role, "bo-01" if "batch" in name else "amal")
            _shows_nothing_of(answer, "bo-01")


def _shows_nothing_of(answer: httpx2.Response, student: str) -> None:
    if answer.status_code >= 300 or student not in answer.text:
        return
    items = answer.json()["data"]["items"]
    assert [(one["error"], one["current"]) for one in items if one["student_id"] == student] == [
        ("NOT_FOUND", None)
    ]


@pytest.mark.parametrize("when", ["before it was asked for", "while it waits", "after it was done"])
async def test_a_batch_that_is_a_job_leaves_out_who_is_restricted(school: School, when: str) -> None:
    ids = [*CLASS, *(f"s{number}" for number in range(MOST_AT_ONCE))]
    if when.startswith("before"):
        await restrict(school, "bo-01")
    asked = await school.ask("batch/mastery", {"student_ids": ids})
    if when.startswith("while"):
        await restrict(school, "bo-01")
    await school.engine.job_runner.drain()
    if when.startswith("after"):
        await restrict(school, "bo-01")
    answer = await school.http.get(asked.headers["location"], headers=school.bearer("head", "admin"))
    amal, bo = answer.json()["data"]["items"][:2]
    assert (amal["error"], bo["error"], bo["current"]) == (None, "NOT_FOUND", None)


async def test_a_batch_that_is_a_job_is_on_record_when_it_is_asked_for_and_of_each_student(
    school: School,
) -> None:
    ids = [*CLASS, *(f"s{number}" for number in range(MOST_AT_ONCE))]
    before = len(await school.audit())
    asked = await school.ask("batch/mastery", {"student_ids": ids}, headers={"X-Request-ID": "many"})
    assert asked.status_code == 202
    (record,) = (await school.audit())[before:]
    assert (record.action, record.actor, record.request_id) == (
        "batch.read",
        "head",
        school.request_hash("many"),
    )
    assert (record.allowed, record.subjects) == (True, ())
    assert record.detail == {"batch": "asked", "students": str(len(ids))}
    await school.engine.job_runner.drain()
    worked = (await school.audit())[before + 1 :]
    assert {one.request_id for one in worked} == {school.request_hash("many")}
    assert [subject for one in worked for subject in one.subjects] == [school.hash(one) for one in ids]
    teacher = await school.ask("batch/mastery", {"student_ids": ids}, "ms-yun", "teacher")
    await school.engine.job_runner.drain()
    seen, hidden = (await school.audit())[-2:]
    assert (teacher.status_code, seen.allowed, hidden.allowed) == (202, True, False)
    assert seen.subjects == tuple(school.hash(one) for one in CLASS)


async def test_who_is_restricted_is_read_once_a_second_and_not_once_a_request(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    await restrict(school, "bo-01")
    store, asked = school.engine.adapters.store, list[str]()
    get_many = store.get_many

    async def counted(names: Sequence[str]) -> list[Entry | None]:
        asked.extend(name for name in names if name == keys.restricted("default"))
        return await get_many(names)

    monkeypatch.setattr(store, "get_many", counted)
    for second in range(3):
        for student in ("amal", "bo-01") * 5:
            await school.query({"student_id": student})
        assert len(asked) == second + 1
        await school.engine.adapters.clock.sleep(REMEMBERED_SECONDS)


async def test_events_of_the_meantime_are_kept_and_count_once_it_is_lifted(school: School) -> None:
    await restrict(school, "bo-01")
    await school.teach("bo-01", quiz(course_id="python-1"), quiz(course_id="python-1"))
    assert len(await school.engine.adapters.archive.of_student("default", "bo-01")) == 9
    assert (await school.query({"student_id": "bo-01"})).status_code == 404
    await restrict(school, "bo-01", "DELETE")
    assert (await school.query({"student_id": "bo-01"})).json()["data"]["events"] == 9


def test_the_docs_name_every_action_that_a_restriction_leaves_alone() -> None:
    section = DOCS.read_text(encoding="utf-8").split("## Restriction of processing")[1].split("\n## ")[0]
    assert set(re.findall(r"`([a-z_]+\.[a-z_]+)`", section)) == DESPITE_RESTRICTION


def test_every_door_about_a_student_is_walked() -> None:
    walked: set[str] = {*READS, *OTHERS, "restrict", "unrestrict"}
    left = {door.action for name, door in doors().items() if about(door) and name not in walked}
    assert left == {"batch.read"}
