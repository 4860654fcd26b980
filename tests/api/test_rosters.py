"""Classes from a file over HTTP, and a teacher's access as long as membership lasts and no longer."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import cast

import httpx2
import pytest

from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.cohort import Cohort, Membership
from tests.api.school import School, StillClock, quiz

PATH = "/api/v1/cohorts/import"
FILE = "cohort_id,role,person_id\n8b,teacher,ms-oh\n8b,student,amal\n"


async def sent(school: School, file: str, query: str = "", **headers: str) -> httpx2.Response:
    given = {"Content-Type": "text/csv"} | school.bearer("head", "admin") | headers
    return await school.http.post(f"{PATH}{query}", content=file.encode(), headers=given)


async def sees(school: School, teacher: str, tenant_id: str = "default") -> int:
    bearer = school.bearer(teacher, "teacher", tenant_id)
    return (await school.post("query", {"student_id": "amal"}, bearer)).status_code


async def test_a_teacher_sees_a_student_once_a_file_says_so_and_no_longer_than_that(school: School) -> None:
    await school.teach("amal")
    assert await sees(school, "ms-oh") == 404
    looked = await sent(school, FILE, "?dry_run=true")
    assert looked.json()["data"]["changes"][0]["students"]["join"] == ["amal"]
    assert await sees(school, "ms-oh") == 404
    taken = await sent(school, FILE)
    assert taken.status_code == 200, taken.text
    assert await sees(school, "ms-oh") == 200
    await sent(school, "cohort_id,role,person_id\n8b,teacher,ms-oh\n")
    assert await sees(school, "ms-oh") == 404


async def test_the_record_has_the_students_concerned_by_their_hashes(school: School) -> None:
    await sent(school, FILE)
    last = (await school.audit())[-1]
    assert (last.action, last.subjects, last.detail) == (
        "cohorts.write",
        (school.hash("amal"),),
        {"cohort_id": "8b", "import": "csv", "mode": "replace"},
    )


async def test_a_file_is_taken_whole_or_not_at_all(school: School) -> None:
    answer = await sent(school, FILE + "8b,student,a b\n8b,pupil,x\n")
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["error"]["details"]] == [
        "line 4, person_id",
        "line 5, role",
    ]
    assert await school.engine.adapters.rosters.get("default", "8b") is None


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({"Content-Type": "application/json"}, "", 415),
        ({"Content-Type": "text/csv; charset=latin-1"}, "", 415),
        ({}, "?mode=all", 400),
        ({}, "?dry_run=maybe", 400),
    ],
)
async def test_what_is_no_file_or_no_such_way_is_refused(
    school: School, headers: dict[str, str], query: str, status: int
) -> None:
    assert (await sent(school, FILE, query, **headers)).status_code == status


async def test_a_file_of_more_than_a_mebibyte_is_refused(school: School) -> None:
    assert (await sent(school, FILE + "\n" * (1 << 20))).status_code == 413


async def test_who_is_no_admin_is_refused_before_the_file_is_read(school: School) -> None:
    bearer = school.bearer("ms-yun", "teacher") | {"Content-Type": "application/json"}
    assert (await school.http.post(PATH, content=b"x", headers=bearer)).status_code == 403


@pytest.mark.parametrize(
    ("zone", "last_moment"),
    [
        ("UTC", datetime(2026, 3, 5, 23, 59, 59, tzinfo=UTC)),
        ("Pacific/Auckland", datetime(2026, 3, 5, 10, 59, 59, tzinfo=UTC)),
        ("America/Los_Angeles", datetime(2026, 3, 6, 7, 59, 59, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("who", ["teacher", "student"])
async def test_access_ends_with_the_last_day_of_either_in_the_schools_time_zone(
    school: School, zone: str, last_moment: datetime, who: str
) -> None:
    await school.engine.tenants.create(Tenant(tenant_id="far", time_zone=zone))
    body = [quiz(student_id="amal")]
    ingested = await school.post("ingest", body, school.bearer("tutor", "service", "far"))
    assert ingested.status_code == 202
    await school.fold()
    ends = date(2026, 3, 5)
    teacher = Membership(person_id="ms-oh", end=ends if who == "teacher" else None)
    student = Membership(person_id="amal", end=ends if who == "student" else None)
    roster = Cohort(cohort_id="8b", teachers=(teacher,), students=(student,))
    await school.engine.adapters.rosters.put("far", [roster])
    clock = cast("StillClock", school.engine.adapters.clock)
    clock.ms = int(last_moment.timestamp() * 1_000)
    assert await sees(school, "ms-oh", "far") == 200
    clock.ms += 1_000
    assert await sees(school, "ms-oh", "far") == 404
