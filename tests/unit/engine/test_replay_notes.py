"""An interrupted replay can be gone on with, and comes to what an uninterrupted one comes to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from mastery_engine.bootstrap import Engine
from mastery_engine.bootstrap import replaying as module
from mastery_engine.bootstrap.replaying import ReplayingHere, replay_all
from mastery_engine.contracts import keys
from mastery_engine.contracts.tenant import DEFAULT, Tenant
from mastery_engine.domain.errors import Conflict, DependencyDown, NotFound
from mastery_engine.engine.replay import Replay
from mastery_engine.engine.replay_notes import ReplayNotes, ReplayPlan, Wanted
from mastery_engine.engine.replay_report import ReplayReport
from mastery_engine.engine.replay_run import Slice
from mastery_engine.ports import Write
from tests.unit.engine.house import quiz
from tests.unit.engine.small_school import School, open_school
from tests.unit.engine.watching import Watching

DRY, SWITCH = Wanted(switch=False), Wanted(switch=True)
STUDENTS = [f"s{number:03}" for number in range(350)]
PLAN = ReplayPlan("run", "default", SWITCH, slices=4)


async def spoiled(school: School, students: Sequence[str] = STUDENTS) -> None:
    """Every tenth student's document is lost."""
    await school.learn(*(quiz(number, number % 11, student=one) for number, one in enumerate(students)))
    lost = [Write(keys.document("default", one), None) for one in students[::10]]
    await school.engine.adapters.store.write_many(lost)


async def replay_keys(engine: Engine) -> list[str]:
    """Keys of notes on replays."""
    return [key for key in await everything_of_replays(engine) if "student:" not in key]


async def everything_of_replays(engine: Engine) -> list[str]:
    """The same, and keys of what was rebuilt."""
    return [key async for batch in engine.adapters.store.scan("replay:") for key in batch]


class FailingAtTheThird:
    """Rebuilds slices until it comes to the third."""

    def __init__(self, engine: Engine, replay: Replay) -> None:
        self.inner = ReplayingHere(engine, replay)

    async def rebuild(self, one: Slice) -> ReplayReport:
        if one.number == 2:
            raise DependencyDown("the store is silent")
        return await self.inner.rebuild(one)


async def interrupted(school: School, wanted: Wanted, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(module, "ReplayingHere", FailingAtTheThird)
        with pytest.raises(DependencyDown, match="the store is silent"):
            await replay_all(school.engine, DEFAULT, wanted)


async def test_what_was_interrupted_comes_to_the_same_report_and_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with open_school() as whole, open_school() as school:
        for one in (whole, school):
            await spoiled(one)
        expected = await replay_all(whole.engine, DEFAULT, SWITCH)
        assert (expected.students, expected.switched, expected.missing) == (350, 35, 35)
        await interrupted(school, SWITCH, monkeypatch)
        left = await school.engine.adapters.store.get_many([keys.document("default", s) for s in STUDENTS])
        assert 0 < left.count(None) < 35
        watcher = Watching()
        report = await replay_all(school.engine, DEFAULT, SWITCH, resume=True, watcher=watcher)
        assert report == expected
        assert sum(students for students, _, _ in watcher.told) == 350
        # What was done before is no work of this run.
        assert 0 < sum(events for _, events, _ in watcher.told) < 350
        for one in (whole, school):
            again = await replay_all(one.engine, DEFAULT, DRY)
            assert (again.equal, again.missing) == (350, 0)


async def test_a_run_that_ends_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_school() as school:
        await spoiled(school)
        await interrupted(school, SWITCH, monkeypatch)
        # The run's, and those of the slices before the one that failed, and maybe of the one beside it.
        assert len(await replay_keys(school.engine)) in {3, 4}
        await replay_all(school.engine, DEFAULT, SWITCH, resume=True)
        assert await everything_of_replays(school.engine) == []
        with pytest.raises(NotFound, match="there is no interrupted replay of 'default' to go on with"):
            await replay_all(school.engine, DEFAULT, SWITCH, resume=True)


async def test_only_what_was_asked_for_is_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_school() as school:
        await spoiled(school)
        await interrupted(school, SWITCH, monkeypatch)
        with pytest.raises(
            Conflict, match="go on with it: mastery replay --all --tenant default --resume; or"
        ):
            await replay_all(school.engine, DEFAULT, DRY, resume=True)
        other = await school.engine.tenants.create(Tenant(tenant_id="other"))
        with pytest.raises(NotFound, match="begin one: mastery replay --all --tenant other"):
            await replay_all(school.engine, other, SWITCH, resume=True)


async def test_an_interrupted_replay_of_a_day_is_gone_on_with_as_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with open_school() as school:
        await spoiled(school)
        of_a_day = Wanted(switch=True, day=date(2024, 3, 8))
        await interrupted(school, of_a_day, monkeypatch)
        command = "mastery replay --day 2024-03-08 --tenant default --resume"
        with pytest.raises(Conflict, match=f"go on with it: {command}; or"):
            await replay_all(school.engine, DEFAULT, SWITCH, resume=True)
        report = await replay_all(school.engine, DEFAULT, of_a_day, resume=True)
        assert (report.students, report.switched) == (350, 35)


async def test_a_new_run_begins_from_the_start_whatever_was_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with open_school() as school:
        await spoiled(school)
        await interrupted(school, DRY, monkeypatch)
        assert (await replay_all(school.engine, DEFAULT, DRY)).students == 350


async def test_runs_at_the_same_time_leave_each_other_their_notes() -> None:
    async with open_school() as school:
        notes = ReplayNotes(school.engine.adapters.store)
        first, last = PLAN, ReplayPlan("last", "default", SWITCH, slices=4)
        await notes.begin(first)
        await notes.note("default", "run", 0, ReplayReport(students=1))
        await notes.begin(last)
        await notes.note("default", "last", 0, ReplayReport(students=2))
        await notes.end(first)
        assert await notes.done(first) == {}
        assert await notes.resumed("default", SWITCH) == last
        assert await notes.done(last) == {0: ReplayReport(students=2)}


async def test_a_note_that_cannot_be_read_is_as_good_as_none() -> None:
    async with open_school() as school:
        store = school.engine.adapters.store
        notes = ReplayNotes(store)
        await notes.begin(PLAN)
        await notes.note("default", "run", 3, ReplayReport(students=1))
        await store.write_many([Write(keys.replayed_slice("default", "run", 1), b"\xff")])
        assert list(await notes.done(PLAN)) == [3]
        await store.write_many([Write(keys.unfinished_replay("default"), b"{}")])
        with pytest.raises(NotFound, match="no interrupted replay"):
            await notes.resumed("default", SWITCH)


async def test_notes_go_by_themselves_with_the_state_beside_the_live_one() -> None:
    async with open_school() as school:
        notes = ReplayNotes(school.engine.adapters.store)
        await notes.begin(PLAN)
        await notes.note("default", "run", 0, ReplayReport())
        school.clock.ms += 7 * 86_400_000
        assert await notes.done(PLAN) == {}
        with pytest.raises(NotFound, match="no interrupted replay"):
            await notes.resumed("default", SWITCH)
