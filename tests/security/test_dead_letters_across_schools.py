"""Dead letters are a school's own: mending one reaches nobody else's student, and every step is on record."""

from __future__ import annotations

from tests.api.school import School, quiz
from tests.api.test_letters import IDS, act, keep, letter


async def test_a_letter_of_nobody_is_not_mended_into_an_event_of_another_school(school: School) -> None:
    await keep(school, letter(student_id=None))
    answer = await act(school, "fix", {"event": quiz(tenant_id="north", student_id="nils")})
    assert answer.status_code == 400, answer.text
    kept = await school.engine.adapters.dead_letters.get(IDS[0])
    assert kept is not None
    assert kept.tenant_id == "default"
    assert kept.original is None


async def test_work_on_a_letter_of_nobody_is_on_record(school: School) -> None:
    await keep(school, letter(student_id=None, key=b"x"))
    assert (await act(school, "discard", {"reason": "broken"})).status_code == 200
    assert [one.action for one in await school.audit()] == ["dead_letters.write"]


async def test_a_look_at_a_letter_is_on_record_for_the_student_whom_its_key_names(school: School) -> None:
    await keep(school, letter(student_id=None, key=b"student:amal"))
    assert (await school.get(f"dlq/{IDS[0]}")).status_code == 200
    assert (await school.get("dlq")).status_code == 200
    assert [one.subjects for one in await school.audit()] == [(school.hash("amal"),)] * 2


async def test_whom_a_mended_letter_is_about_is_on_record(school: School) -> None:
    await keep(school, letter(student_id=None, key=b"x"))
    assert (await act(school, "fix", {"event": quiz(student_id="bo")})).status_code == 200
    assert any(school.hash("bo") in one.subjects for one in await school.audit())
