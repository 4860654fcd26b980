"""Reading learners: the day, the rights on it, the document, the formula."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import pytest

from mastery_engine.contracts import keys
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.errors import DependencyDown, InvalidInput, NotFound
from tests.unit.engine.house import at, question, quiz
from tests.unit.engine.small_school import (
    CountingStore,
    School,
    SilentAudit,
    caller,
    class_of,
    open_school,
    with_parts,
)

LISTS = [keys.restricted("default"), keys.erasing("default")]


@pytest.fixture
async def school() -> AsyncIterator[School]:
    async with open_school() as opened:
        await opened.learn(quiz(1, 8), quiz(2, 5, student="bo"))
        yield opened


async def test_a_learner_is_one_read_of_one_document_after_the_record(school: School) -> None:
    store = CountingStore(school.engine.adapters.store)
    counted = with_parts(school, store=store)
    reading = await counted.engine.reader.one(caller(), "mastery.read", "ann")
    assert store.read == [*LISTS, keys.document("default", "ann")]
    await counted.engine.reader.one(caller(), "mastery.read", "ann")
    assert store.read[3:] == [keys.document("default", "ann")], "who is hidden is remembered for a second"
    assert (reading.student_id, reading.as_of, reading.formula.id) == ("ann", date(2024, 3, 10), "adr-004@1")
    assert reading.tenant.tenant_id == "default"
    assert [one.action for one in await school.audit()] == ["mastery.read"] * 2


async def test_without_an_audit_record_no_document_is_read(school: School) -> None:
    store = CountingStore(school.engine.adapters.store)
    silent = with_parts(school, store=store, audit=SilentAudit())
    with pytest.raises(DependencyDown):
        await silent.engine.reader.one(caller(), "mastery.read", "ann")
    with pytest.raises(DependencyDown):
        await silent.engine.reader.many(caller(), "mastery.read", ["ann", "bo"])
    assert set(store.read) == set(LISTS)


async def test_unknown_erased_and_unseen_students_are_not_found_alike(school: School) -> None:
    await school.erase("bo")
    reader = school.engine.reader
    said: set[str] = set()
    for who, student in ((caller(), "nobody"), (caller(), "bo"), (caller("student", "bo"), "ann")):
        with pytest.raises(NotFound) as refused:
            await reader.one(who, "mastery.read", student)
        said.add(refused.value.message)
    assert said == {"no such student, or no event of the student up to that day"}


async def test_a_student_who_only_asked_a_question_is_not_found(school: School) -> None:
    async with open_school() as fresh:
        await fresh.learn(question(1))
        with pytest.raises(NotFound):
            await fresh.engine.reader.one(caller(), "mastery.read", "ann")
    assert school.clock.ms == at("2024-03-10T12:00:00")


async def test_another_tenants_caller_finds_nobody_of_this_one(school: School) -> None:
    await school.engine.tenants.create(Tenant(tenant_id="north"))
    with pytest.raises(NotFound, match="no such student"):
        await school.engine.reader.one(caller(tenant="north"), "mastery.read", "ann")
    assert await school.engine.reader.many(caller(tenant="north"), "mastery.read", ["ann"]) == {}
    assert await school.audit() == []
    assert len(await school.audit("north")) == 2
    with pytest.raises(NotFound, match="no tenant 'south'; make it with: mastery tenant create south"):
        await school.engine.reader.one(caller(tenant="south"), "mastery.read", "ann")


async def test_today_is_cut_in_the_tenants_time_zone(school: School) -> None:
    await school.engine.tenants.create(Tenant(tenant_id="east", time_zone="Asia/Tokyo"))
    school.clock.ms = at("2024-03-10T15:30:00")
    _, utc_day = await school.engine.reader.day(caller(), None)
    _, tokyo_day = await school.engine.reader.day(caller(tenant="east"), None)
    assert tokyo_day == utc_day + 1


@pytest.mark.parametrize("day", [date(1969, 12, 31), date(9999, 1, 1), date.min, date.max])
async def test_a_day_out_of_all_bounds_is_refused(school: School, day: date) -> None:
    with pytest.raises(InvalidInput, match=rf"^as_of = {day}: must be from 1970-01-01 to 9998-12-31$"):
        await school.engine.reader.one(caller(), "mastery.read", "ann", day)


async def test_the_outermost_days_can_be_asked_about(school: School) -> None:
    last = await school.engine.reader.one(caller(), "mastery.read", "ann", date(9998, 12, 31))
    assert last.result(None).components.consistency == 0.0
    first = await school.engine.reader.one(caller(), "mastery.read", "ann", date(1970, 1, 1))
    with pytest.raises(NotFound):
        first.result(None)


async def test_a_teacher_gains_nothing_by_asking_about_a_day_to_come(school: School) -> None:
    rosters = school.engine.adapters.rosters
    await rosters.put("default", [class_of("ann", start="2024-03-20")])
    yun = caller("teacher", "yun")
    for day in (None, date(2024, 3, 20)):
        with pytest.raises(NotFound):
            await school.engine.reader.one(yun, "mastery.read", "ann", day)
    assert await school.engine.reader.many(yun, "mastery.read", ["ann"], date(2024, 3, 20)) == {}
    school.clock.ms = at("2024-03-20T08:00:00")
    assert (await school.engine.reader.one(yun, "mastery.read", "ann")).student_id == "ann"


async def test_who_no_longer_teaches_a_student_sees_no_day_of_theirs_any_more(school: School) -> None:
    rosters = school.engine.adapters.rosters
    await rosters.put("default", [class_of("ann", end="2024-03-10")])
    yun = caller("teacher", "yun")
    assert (await school.engine.reader.one(yun, "mastery.read", "ann")).student_id == "ann"
    school.clock.ms = at("2024-03-11T08:00:00")
    for day in (None, date(2024, 3, 10)):
        with pytest.raises(NotFound):
            await school.engine.reader.one(yun, "mastery.read", "ann", day)
        assert await school.engine.reader.many(yun, "batch.read", ["ann"], day) == {}


async def test_who_teaches_a_student_now_sees_the_days_before_that_too(school: School) -> None:
    await school.engine.adapters.rosters.put("default", [class_of("ann", start="2024-03-10")])
    reading = await school.engine.reader.one(
        caller("teacher", "yun"), "mastery.read", "ann", date(2024, 3, 1)
    )
    assert reading.as_of == date(2024, 3, 1)


async def test_of_many_the_known_are_given_and_all_asked_for_are_on_one_record(school: School) -> None:
    found = await school.engine.reader.many(caller(), "batch.read", ["bo", "nobody", "ann"])
    assert list(found) == ["bo", "ann"]
    assert found["bo"].result(None).components.quiz == 0.5
    (record,) = await school.audit()
    assert record.subjects == tuple(map(school.hash, ("bo", "nobody", "ann")))


async def test_a_formula_may_be_asked_for_by_name(school: School) -> None:
    reader = school.engine.reader
    reading = await reader.one(caller(), "mastery.read", "ann", formula="adr-004-observed")
    assert reading.formula.id == "adr-004-observed@1"
    with pytest.raises(NotFound, match="no formula named 'x'; there are adr-004, adr-004-observed"):
        await reader.one(caller(), "mastery.read", "ann", formula="x")
    tenant, _ = await reader.day(caller(), None)
    assert (await reader.formula(tenant, None, None)).id == "adr-004@1"
    assert (await reader.formula(tenant, "ann", None)).id == "adr-004@1"
