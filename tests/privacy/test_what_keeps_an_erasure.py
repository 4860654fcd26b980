"""What somebody does beside an erasure neither keeps it from its end nor brings the student back."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from mastery_engine.contracts.event_json import encode_event
from mastery_engine.domain.cohort import Cohort, Membership
from mastery_engine.domain.errors import MasteryError
from mastery_engine.engine.access import Caller
from tests.privacy.leaving import ANNA, BEN, Leaving, admin, event


async def test_a_class_asked_for_by_a_students_name_does_not_keep_the_erasure_open(in_files: Leaving) -> None:
    await in_files.settle()
    peer = Caller(tenant_id="default", subject=BEN, role="student", request_id="r")
    with pytest.raises(MasteryError):
        await in_files.engine.analytics.compare(peer, f"student:{ANNA}", student_id=BEN)
    teacher = Caller(tenant_id="default", subject="T", role="teacher", request_id="r")
    with pytest.raises(MasteryError):
        await in_files.engine.cohorts.get(teacher, f"student:{ANNA}")
    done = await in_files.erase()
    assert done.state == "done"


async def test_a_mended_letter_of_an_erased_student_is_not_kept(school: Leaving) -> None:
    await school.settle()
    await school.letter(9, "x", key=b"x", payload=b"{")
    (one,) = [one for one in await school.engine.adapters.dead_letters.find() if one.key == b"x"]
    await school.erase()
    with pytest.raises(MasteryError):
        await school.engine.letters.fix(admin(), one.letter_id, encode_event(event(77, ANNA)))
    assert await school.left() == set()


async def test_an_erased_student_does_not_come_back_with_a_roster(in_memory: Leaving) -> None:
    school = in_memory
    await school.settle()
    await school.erase()
    roster = Cohort(cohort_id="8a", students=(Membership(person_id=ANNA), Membership(person_id=BEN)))
    change = await school.engine.cohorts.put(admin(), roster)
    assert [one.person_id for one in change.cohort.students] == [BEN]
    assert "rosters" not in await school.left()


async def test_a_sweep_does_not_bring_back_a_teacher_who_was_taken_out_meanwhile(
    in_memory: Leaving, monkeypatch: pytest.MonkeyPatch
) -> None:
    school = in_memory
    await school.settle()
    rosters = school.engine.adapters.rosters
    listed = rosters.list
    at_work = []

    async def list_and_change(tenant_id: str, **given: Any) -> list[Cohort]:
        found = await listed(tenant_id, **given)
        if found and not at_work:
            at_work.append(1)
            (cohort,) = [one for one in found if one.cohort_id == "7b"]
            await rosters.put(tenant_id, [replace(cohort, teachers=())])
        return list(found)

    monkeypatch.setattr(rosters, "list", list_and_change)
    done = await school.erase()
    assert done.state == "done"
    cohort = await rosters.get("default", "7b")
    assert cohort is not None
    assert cohort.teachers == ()
    assert [one.person_id for one in cohort.students] == [BEN]
