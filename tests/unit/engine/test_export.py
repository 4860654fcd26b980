"""Results of everybody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import pytest

from mastery_engine.contracts.results_export import StudentResults
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.errors import DependencyDown, HistoryNotKept, NotAllowed, NotFound
from mastery_engine.engine import export
from mastery_engine.engine.access import Caller
from tests.unit.engine.house import at, completion, quiz
from tests.unit.engine.small_school import School, SilentAudit, caller, open_school, with_parts


@pytest.fixture
async def school() -> AsyncIterator[School]:
    async with open_school() as opened:
        yield opened


async def exported(
    school: School, who: Caller | None = None, as_of: date | None = None
) -> list[StudentResults]:
    batches = school.engine.exports.results(who or caller(), as_of)
    return [line async for batch in batches for line in batch]


async def test_every_student_with_an_event_has_a_line_ordered_by_id(school: School) -> None:
    await school.engine.tenants.create(Tenant(tenant_id="north"))
    await school.learn(
        quiz(1, 8, student="b"),
        quiz(2, 8, student="B"),
        quiz(3, 8, student="a-1"),
        quiz(4, 8, student="zed", tenant="north"),
        quiz(5, 8, "2024-03-09T10:00:00", student="late"),
    )
    assert [line.student_id for line in await exported(school)] == ["B", "a-1", "b", "late"]
    earlier = await exported(school, as_of=date(2024, 3, 8))
    assert [line.student_id for line in earlier] == ["B", "a-1", "b"]
    assert [line.student_id for line in await exported(school, caller(tenant="north"))] == ["zed"]


async def test_a_line_tells_all_courses_together_and_each(school: School) -> None:
    await school.learn(completion(1, 5), quiz(2, 8, course="B"))
    (line,) = await exported(school, as_of=date(2024, 3, 8))
    assert (line.as_of, line.overall.score, line.overall.level) == (date(2024, 3, 8), 0.54, "developing")
    assert {course: one.score for course, one in line.courses.items()} == {"A": 0.3, "B": 0.34}
    assert line.courses["A"].components["quiz"].observed is False


async def test_each_batch_is_on_record_before_it_is_given(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "STUDENTS_A_BATCH", 2)
    await school.learn(*(quiz(number, 8, student=f"s{number}") for number in range(1, 4)))
    batches = school.engine.exports.results(caller())
    sizes = [(len(batch), len(await school.audit())) async for batch in batches]
    assert sizes == [(2, 1), (1, 2)]
    records = await school.audit()
    assert [one.action for one in records] == ["results.export"] * 2
    assert records[1].subjects == (school.hash("s3"),)
    silent = with_parts(school, audit=SilentAudit())
    with pytest.raises(DependencyDown):
        await exported(silent)


async def test_who_may_not_export_is_told_so_even_where_there_is_nothing(school: School) -> None:
    for who in (caller("student", "ann"), caller("teacher", "yun"), caller("service", "tutor")):
        with pytest.raises(NotAllowed, match=r"may not use results\.export"):
            await exported(school, who)
    assert [one.allowed for one in await school.audit()] == [False] * 3
    with pytest.raises(NotFound, match="no tenant 'south'"):
        await exported(school, caller(tenant="south"))
    assert await exported(school) == []


async def test_an_export_holds_as_of_one_day_though_midnight_comes_meanwhile(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "STUDENTS_A_BATCH", 1)
    await school.learn(quiz(1, 8), quiz(2, 8, student="bo"))
    school.clock.ms = at("2024-03-10T23:59:59")
    days: list[date] = []
    async for batch in school.engine.exports.results(caller()):
        days += [line.as_of for line in batch]
        school.clock.ms = at("2024-03-11T00:00:01")
    assert days == [date(2024, 3, 10)] * 2


async def test_a_day_that_is_not_kept_is_a_clear_error(school: School) -> None:
    await school.learn_for_months()
    with pytest.raises(HistoryNotKept, match="as_of = 2024-01-21: is before 2024-01-22"):
        await exported(school, as_of=date(2024, 1, 21))


async def test_erased_students_and_other_keys_have_no_line(school: School) -> None:
    await school.learn(quiz(1, 8), quiz(2, 8, student="bo"))
    await school.erase("bo")
    assert [line.student_id for line in await exported(school)] == ["ann"]
