"""What docs/explanation/privacy.md says that can be inferred, and what it says that cannot."""

from __future__ import annotations

import pytest

from mastery_engine.contracts.tenant_privacy import LEGAL_BASES, LegalBasis, TenantPrivacy
from mastery_engine.domain.cohort import SMALLEST_TELLING_COHORT, Cohort, Membership
from mastery_engine.engine.access import Caller
from tests.api.school import NOW, School, quiz

STUDENTS = [f"s{number}" for number in range(SMALLEST_TELLING_COHORT + 1)]
COMPARE = "analytics/compare"


async def of_size(school: School, size: int) -> None:
    """A class whose members have done differently well."""
    students = tuple(Membership(person_id=one) for one in STUDENTS[:size])
    teachers = (Membership(person_id="ms-yun"),)
    cohort = Cohort(cohort_id="9f", teachers=teachers, students=students)
    await school.engine.adapters.rosters.put("default", [cohort])
    for number, student in enumerate(STUDENTS[:size]):
        await school.teach(student, quiz(correct_answers=number + 1))


async def standing(school: School, student: str = "s0") -> dict[str, float | None]:
    answer = await school.ask(COMPARE, {"cohort_id": "9f", "student_id": student}, student, "student")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["standings"]["score"]


@pytest.mark.parametrize("size", [SMALLEST_TELLING_COHORT - 1, SMALLEST_TELLING_COHORT])
async def test_a_student_is_told_of_a_class_from_five_members_with_evidence_on(
    school: School, size: int
) -> None:
    await of_size(school, size)
    told = await standing(school)
    is_told = size >= SMALLEST_TELLING_COHORT
    assert told["size"] == size
    assert [told[name] is not None for name in ("mean", "median", "percentile", "rank")] == [is_told] * 4


async def test_two_means_around_a_change_tell_the_value_of_who_left_as_the_docs_admit(school: School) -> None:
    await of_size(school, len(STUDENTS))
    before, last = await standing(school), STUDENTS[-1]
    value = (await school.query({"student_id": last})).json()["data"]["current"]["score"]
    path = f"/api/v1/students/{last}/restriction"
    await school.http.put(path, headers=school.bearer("head", "admin"))
    after = await standing(school)
    n, mean, less = before["with_evidence"], before["mean"], after["mean"]
    assert n is not None
    assert mean is not None
    assert less is not None
    assert n * mean - (n - 1) * less == pytest.approx(value, abs=1e-4)


async def test_who_has_left_is_in_no_mean_that_a_teacher_is_told_of_a_past_day_neither(
    school: School,
) -> None:
    await of_size(school, len(STUDENTS))
    body = {"cohort_id": "9f", "date": NOW.date().isoformat()}
    whole = (await school.ask(COMPARE, body, "ms-yun", "teacher")).json()["data"]
    left = tuple(Membership(person_id=one) for one in STUDENTS[:-1])
    gone = Membership(person_id=STUDENTS[-1], end=NOW.date().replace(day=1))
    cohort = Cohort(cohort_id="9f", teachers=(Membership(person_id="ms-yun"),), students=(*left, gone))
    await school.engine.adapters.rosters.put("default", [cohort])
    rest = (await school.ask(COMPARE, {"cohort_id": "9f", "date": "2026-03-01"}, "ms-yun", "teacher")).json()[
        "data"
    ]
    assert len(whole["members"]) == len(STUDENTS)
    assert STUDENTS[-1] not in {one["student_id"] for one in rest["members"]}
    assert rest["standings"]["score"]["size"] == len(STUDENTS) - 1


async def test_a_teacher_of_a_student_learns_nothing_of_another_teachers_class_that_the_student_is_in(
    school: School,
) -> None:
    await of_size(school, len(STUDENTS))
    own = Cohort(
        cohort_id="8b",
        teachers=(Membership(person_id="mr-ode"),),
        students=(Membership(person_id="s0"),),
    )
    await school.engine.adapters.rosters.put("default", [own])

    async def told(cohort_id: str, student: str = "s0") -> tuple[int, str]:
        body = {"cohort_id": cohort_id, "student_id": student}
        answer = await school.ask(COMPARE, body, "mr-ode", "teacher")
        error = answer.json().get("error", {"message": ""})
        return answer.status_code, error["message"].replace(cohort_id, "ID")

    assert (await told("8b"))[0] == 200
    assert await told("9f") == await told("nope") == (404, "no class 'ID' with that student")
    assert await told("9f", "s1") == await told("nope", "s1") == await told("nope", "nobody")
    refused = (await school.audit())[-1]
    assert (refused.action, refused.allowed) == ("cohort.compare", False)


@pytest.mark.parametrize("basis", LEGAL_BASES)
async def test_the_legal_basis_is_told_and_changes_nothing_in_what_is_done(
    school: School, basis: LegalBasis
) -> None:
    operator = Caller(tenant_id="default", subject="os:me", role="operator", request_id="r")
    await school.engine.settings_of_tenants.set_privacy(operator, TenantPrivacy(legal_basis=basis))
    await school.teach("amal")
    assert (await school.query({"student_id": "amal"}, "ms-yun", "teacher")).status_code == 200
    tenant = await school.engine.tenants.get("default")
    assert (await school.engine.settings_of_tenants.privacy(tenant.tenant_id)).legal_basis == basis
