"""Who may do what, and what is on record of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any, cast

import pytest

from mastery_engine.domain.errors import DependencyDown, NotAllowed, NotFound
from mastery_engine.engine.access import Access
from mastery_engine.engine.policy import ROLES, TABLE, Action, Role
from tests.unit.engine.small_school import School, SilentAudit, caller, class_of, open_school, with_parts

TODAY = date(2024, 3, 10)
MATRIX: dict[Action, str] = {
    "mastery.read": "student:own teacher:taught admin:tenant operator:tenant",
    "mastery.follow": "student:own teacher:taught admin:tenant operator:tenant",
    "mastery.calculate": "student:own teacher:taught admin:tenant operator:tenant service:tenant",
    "history.read": "student:own teacher:taught admin:tenant operator:tenant",
    "forecast.read": "student:own teacher:taught admin:tenant operator:tenant",
    "recommendations.read": "student:own teacher:taught admin:tenant operator:tenant",
    "cohort.compare": "student:own teacher:taught admin:tenant operator:tenant",
    "batch.read": "teacher:taught admin:tenant operator:tenant",
    "events.ingest": "service:tenant admin:tenant operator:tenant",
    "results.export": "admin:tenant operator:tenant",
    "replay.run": "admin:tenant operator:tenant",
    "jobs.read": "student:own teacher:taught admin:tenant operator:tenant",
    "jobs.cancel": "student:own teacher:taught admin:tenant operator:tenant",
    "cohorts.read": "teacher:taught admin:tenant operator:tenant",
    "cohorts.write": "admin:tenant operator:tenant",
    "audit.read": "admin:tenant operator:tenant",
    "audit.verify": "admin:tenant operator:tenant",
    "accesses.read": "student:own admin:tenant operator:tenant",
    "tokens.revoke": "admin:tenant operator:tenant",
    "privacy.erase": "admin:tenant operator:tenant",
    "privacy.erase_tenant": "operator:tenant",
    "privacy.read": "admin:tenant operator:tenant",
    "privacy.lift": "admin:tenant operator:tenant",
    "dead_letters.read": "admin:tenant operator:tenant",
    "dead_letters.write": "admin:tenant operator:tenant",
    "archive.drop": "admin:tenant operator:tenant",
    "tenants.read": "admin:tenant operator:tenant",
    "tenants.write": "operator:tenant",
    "backup.create": "operator:tenant",
    "backup.restore": "operator:tenant",
    "student.export": "student:own admin:tenant operator:tenant",
    "tenant.export": "operator:tenant",
    "restriction.write": "admin:tenant operator:tenant",
}


@pytest.fixture
async def school() -> AsyncIterator[School]:
    async with open_school() as opened:
        await opened.engine.adapters.rosters.put("default", [class_of("ann", "bo")])
        yield opened


def test_the_table_is_what_the_users_were_promised() -> None:
    written = {action: dict(one.split(":") for one in row.split()) for action, row in MATRIX.items()}
    assert cast("dict[Any, Any]", TABLE) == written


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", TABLE)
async def test_a_role_that_is_not_in_the_table_is_told_so_and_recorded(
    school: School, action: Action, role: Role
) -> None:
    access = school.engine.access
    if role in TABLE[action]:
        await access.permit(caller(role, "ann"), action, [], TODAY)
        assert await school.audit() == []
        return
    with pytest.raises(NotAllowed, match=rf"the role {role} may not use {action}"):
        await access.permit(caller(role, "x"), action, ["ann"], TODAY)
    with pytest.raises(NotAllowed, match=rf"the role {role} may not use {action}"):
        await access.visible(caller(role, "x"), action, ["ann"], TODAY)
    records = await school.audit()
    assert [(one.allowed, one.subjects) for one in records] == [(False, (school.hash("ann"),))] * 2


async def test_a_student_sees_nobody_else_and_stands_in_the_record_by_hash_alone(school: School) -> None:
    access, ann = school.engine.access, caller("student", "ann")
    await access.permit(ann, "mastery.read", ["ann"], TODAY, {"course": "A"})
    with pytest.raises(NotFound, match="no such student, or no event of the student up to that day"):
        await access.permit(ann, "mastery.read", ["bo"], TODAY)
    seen, refused = await school.audit()
    assert (seen.actor, seen.role, seen.action) == (school.hash("ann"), "student", "mastery.read")
    assert (seen.subjects, seen.allowed, seen.detail) == ((school.hash("ann"),), True, {"course": "A"})
    assert (seen.tenant_id, seen.at_ms, seen.request_id) == ("default", school.clock.ms, "r-1")
    assert (refused.actor, refused.subjects, refused.allowed) == (
        school.hash("ann"),
        (school.hash("bo"),),
        False,
    )
    assert "ann" not in repr(seen).replace(school.hash("ann"), "")


async def test_others_stand_in_the_record_as_themselves(school: School) -> None:
    await school.engine.access.permit(caller("teacher", "yun"), "mastery.read", ["ann"], TODAY)
    await school.engine.access.permit(caller("operator", "os:kim"), "mastery.read", ["ann"], TODAY)
    assert [one.actor for one in await school.audit()] == ["yun", "os:kim"]


async def test_a_teacher_sees_a_student_only_within_the_dates_of_the_roster(school: School) -> None:
    access = school.engine.access
    await school.engine.adapters.rosters.put(
        "default", [class_of("ann", start="2024-03-05", end="2024-03-09")]
    )
    for day, allowed in ((4, False), (5, True), (9, True), (10, False)):
        on = date(2024, 3, day)
        if allowed:
            await access.permit(caller("teacher", "yun"), "mastery.read", ["ann"], on)
        else:
            with pytest.raises(NotFound):
                await access.permit(caller("teacher", "yun"), "mastery.read", ["ann"], on)
    assert [one.allowed for one in await school.audit()] == [False, True, True, False]


async def test_one_foreign_student_among_a_teachers_own_refuses_all(school: School) -> None:
    with pytest.raises(NotFound):
        await school.engine.access.permit(caller("teacher", "yun"), "mastery.read", ["ann", "zoe"], TODAY)
    assert [one.allowed for one in await school.audit()] == [False]


async def test_a_condition_of_the_use_case_refuses_too(school: School) -> None:
    with pytest.raises(NotFound):
        await school.engine.access.permit(caller(), "cohort.compare", [], TODAY, granted=False)
    assert [(one.allowed, one.subjects) for one in await school.audit()] == [(False, ())]


@pytest.mark.parametrize(
    ("role", "subject", "seen"),
    [
        ("admin", "head", ["bo", "zoe", "ann"]),
        ("teacher", "yun", ["bo", "ann"]),
        ("teacher", "other", []),
        ("student", "ann", ["ann"]),
    ],
)
async def test_of_many_the_visible_are_given_in_order_and_both_kinds_are_on_record(
    school: School, role: Role, subject: str, seen: list[str]
) -> None:
    action: Action = "mastery.read"
    asked = ["bo", "zoe", "ann"]
    assert await school.engine.access.visible(caller(role, subject), action, asked, TODAY) == seen
    recorded = {one.allowed: one.subjects for one in await school.audit()}
    hidden = [student for student in asked if student not in seen]
    wanted = {True: seen, False: hidden}
    assert recorded == {allowed: tuple(map(school.hash, those)) for allowed, those in wanted.items() if those}


async def test_of_nobody_there_is_nothing_to_record(school: School) -> None:
    assert await school.engine.access.visible(caller(), "mastery.read", [], TODAY) == []
    assert await school.audit() == []


async def test_without_a_record_there_is_no_permission(school: School) -> None:
    access: Access = with_parts(school, audit=SilentAudit()).engine.access
    with pytest.raises(DependencyDown, match="the audit trail does not answer"):
        await access.permit(caller(), "mastery.read", ["ann"], TODAY)
    with pytest.raises(DependencyDown):
        await access.visible(caller(), "mastery.read", ["ann"], TODAY)
