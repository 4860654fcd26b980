"""Between the asking for an erasure and its end: whoever reads finds nobody, in every process."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import date
from pathlib import Path

import pytest

from mastery_engine.bootstrap import Engine, open_engine
from mastery_engine.config import Settings
from mastery_engine.contracts import keys
from mastery_engine.domain.errors import NotFound
from mastery_engine.engine.access import Caller
from mastery_engine.engine.restrictions import REMEMBERED_SECONDS, Lists
from mastery_engine.engine.student_export import StudentExports
from tests.privacy.leaving import ANNA, BEN, Leaving, admin, event

ANNA_HERSELF = Caller(tenant_id="default", subject=ANNA, role="student", request_id="r")
TEACHER = Caller(tenant_id="default", subject="T", role="teacher", request_id="r")


async def _reads(engine: Engine, caller: Caller, student_id: str = ANNA) -> bool:
    try:
        await engine.queries.profile(caller, student_id)
    except NotFound:
        return False
    return True


async def test_nobody_reads_a_student_once_the_erasure_is_asked_for(school: Leaving) -> None:
    await school.settle()
    engine = school.engine
    for caller in (admin(), TEACHER, ANNA_HERSELF):
        assert await _reads(engine, caller)
    await engine.erasures.ask(admin(), ANNA)
    for caller in (admin(), TEACHER, ANNA_HERSELF):
        assert not await _reads(engine, caller)
    answer = await engine.queries.batch(TEACHER, [ANNA, BEN])
    assert [item.current is None for item in answer.items] == [True, False]
    with pytest.raises(NotFound):
        await engine.student_exports.zip(ANNA_HERSELF, ANNA)
    assert await _reads(engine, admin("other"))
    assert await _reads(engine, admin(), BEN)


async def test_an_export_that_is_being_sent_breaks_off(
    in_memory: Leaving, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def packed(self: StudentExports, held: object) -> AsyncGenerator[bytes]:
        del self, held
        yield b"before"
        yield b"after"

    monkeypatch.setattr(StudentExports, "packed", packed)
    await in_memory.settle()
    parts = await in_memory.engine.student_exports.zip(ANNA_HERSELF, ANNA)
    assert await anext(parts) == b"before"
    await in_memory.engine.erasures.ask(admin(), ANNA)
    with pytest.raises(NotFound):
        await anext(parts)


async def test_a_look_that_began_before_is_not_remembered_after(in_memory: Leaving) -> None:
    engine = in_memory.engine
    restrictions, read = engine.restrictions, engine.restrictions._read

    async def slow(tenant_id: str) -> Lists:
        found = await read(tenant_id)
        await restrictions.note(tenant_id, ANNA, restricted=True)
        return found

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(restrictions, "_read", slow)
        await restrictions.among("default", [ANNA])
    assert (await restrictions.among("default", [ANNA])).restricted == {ANNA}


async def test_the_refused_look_is_on_record(in_memory: Leaving) -> None:
    await in_memory.settle()
    await in_memory.engine.erasures.ask(admin(), ANNA)
    assert not await _reads(in_memory.engine, TEACHER)
    subject = in_memory.engine.pseudonyms.of("default", ANNA)
    trail = in_memory.engine.adapters.audit
    found = [one.entry for one in await trail.read("default", subject=subject)]
    assert [(one.action, one.allowed) for one in found][-1] == ("mastery.read", False)


async def test_an_erasure_that_waits_for_another_hides_its_student_too(school: Leaving) -> None:
    await school.settle()
    await school.engine.erasures.ask(admin(), ANNA)
    asked = False
    sleep = school.clock.sleep

    async def meanwhile(seconds: float) -> None:
        nonlocal asked
        if not asked:
            asked = True
            await school.engine.erasures.ask(admin(), BEN)
        assert not await _reads(school.engine, admin(), BEN)
        await sleep(seconds)

    school.clock.sleep = meanwhile
    assert await school.runner().run_once() == 1
    assert asked


async def test_another_process_that_holds_the_student_in_memory_hides_them_within_a_second(
    in_files: Leaving, tmp_path: Path
) -> None:
    await in_files.settle()
    settings = Settings.model_validate({"home": tmp_path / "home"})
    async with open_engine(settings, clock=in_files.clock, serves=True) as other:
        assert await _reads(other, admin())
        await in_files.engine.erasures.ask(admin(), ANNA)
        in_files.clock.ms += round(REMEMBERED_SECONDS * 1_000)
        await in_files.clock.sleep(REMEMBERED_SECONDS)
        assert not await _reads(other, admin())


async def test_who_came_back_after_a_lifted_erasure_is_seen_again(school: Leaving) -> None:
    await school.settle()
    done = await school.erase()
    store = school.engine.adapters.store
    assert await store.get_many([keys.erasing("default")]) == [None]
    school.clock.ms += 1_000
    await school.engine.erasures.lift(admin(), done.request_id)
    await school.append(event(92, ANNA, at_ms=school.clock.now_ms()))
    await school.fold()
    assert await _reads(school.engine, admin())


async def test_asking_again_when_all_is_removed_already_leaves_no_tombstone(in_memory: Leaving) -> None:
    await in_memory.settle()
    await in_memory.engine.erasures.ask(admin(), ANNA)
    await in_memory.store([])
    (case,) = await in_memory.runner()._cases()
    await in_memory.runner()._burial.unearth(case)
    await in_memory.engine.erasures.ask(admin(), ANNA)
    assert await in_memory.engine.adapters.store.get_many([keys.document("default", ANNA)]) == [None]


async def test_the_day_of_the_question_does_not_matter(in_memory: Leaving) -> None:
    await in_memory.settle()
    await in_memory.engine.erasures.ask(admin(), ANNA)
    with pytest.raises(NotFound):
        await in_memory.engine.queries.profile(admin(), ANNA, as_of=date(2020, 1, 1))
