"""Many events at once, folded here or wherever they are folded already."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import cast

import pytest

from mastery_engine.bootstrap import CONSUMER_GROUP
from mastery_engine.domain.errors import Conflict, DependencyDown, InvalidInput
from mastery_engine.domain.events import LearningEvent
from mastery_engine.engine.ingest import Receipt
from mastery_engine.engine.intake import LOOK_AGAIN_SECONDS, Intake
from mastery_engine.engine.step import StepReport
from mastery_engine.engine.work import Worker
from tests.unit.engine.house import event_id, quiz
from tests.unit.engine.small_school import School, caller, open_school

Folding = Callable[[], AbstractAsyncContextManager[Worker]]


@pytest.fixture
async def school() -> AsyncIterator[School]:
    async with open_school() as opened:
        yield opened


def intake(school: School, folding: Folding) -> Intake:
    engine = school.engine
    adapters = engine.adapters
    return Intake(
        engine.ingest, adapters.log, adapters.store, engine.pseudonyms, school.clock, folding, CONSUMER_GROUP
    )


def fates(receipts: Sequence[Receipt]) -> list[str]:
    return [
        "already" if one.already else "accepted" if one.error is None else one.error.reason
        for one in receipts
    ]


async def score(school: School, student: str = "ann") -> float:
    return (await school.engine.queries.profile(caller(), student)).current.score


async def test_when_it_closes_everything_is_folded(school: School) -> None:
    steps: list[int] = []
    opening = school.engine.intake().open(progress=lambda report: steps.append(report.polled))
    async with opening as taking:
        first = await taking.take([quiz(1, 8), quiz(2, 8, student="bo")])
        second = await taking.take([quiz(3, 8, student="cy")])
        assert await taking.take([]) == []
        assert taking.folds_here
    assert [*fates(first), *fates(second)] == ["accepted"] * 3
    assert [one.event_id for one in first] == [event_id(1), event_id(2)]
    assert (taking.total.folded, sum(steps)) == (3, 3)
    assert [await score(school, name) for name in ("ann", "bo", "cy")] == [0.321] * 3


async def test_what_was_folded_before_is_passed_over(school: School) -> None:
    await school.learn(quiz(1, 8))
    async with school.engine.intake().open() as taking:
        receipts = await taking.take([quiz(1, 8), quiz(2, 8)])
    assert fates(receipts) == ["already", "accepted"]
    assert (receipts[0].position, receipts[0].event_id) == (None, event_id(1))
    assert taking.total.folded == 1


async def test_an_id_that_counted_for_something_else_is_refused(school: School) -> None:
    await school.learn(quiz(1, 8))
    async with school.engine.intake().open() as taking:
        receipts = await taking.take([quiz(1, 8, student="bo"), quiz(1, 9), quiz(1, 8)])
    assert fates(receipts) == ["event_id_reused", "event_id_reused", "already"]
    for receipt, how in zip(receipts, ("another student", "another content"), strict=False):
        assert receipt.error is not None
        assert receipt.error.message == (
            f"event_id = {event_id(1)}: has counted already with {how}; an event has an id of its own"
        )
    assert taking.total.polled == 0


async def test_what_could_not_be_read_or_is_refused_keeps_its_place(school: School) -> None:
    unread = InvalidInput("not JSON", reason="not_json")
    async with school.engine.intake().open() as taking:
        receipts = await taking.take([unread, quiz(1), quiz(2, tenant="south"), quiz(3)])
    assert fates(receipts) == ["not_json", "accepted", "unknown_tenant", "accepted"]
    assert [(one.index, one.event_id) for one in receipts] == [
        (0, None),
        *((place, event_id(place)) for place in (1, 2, 3)),
    ]
    assert receipts[0].error is unread


async def test_fresh_events_are_not_looked_up_and_count_once_all_the_same(school: School) -> None:
    await school.learn(quiz(1, 8))
    async with school.engine.intake().open() as taking:
        assert fates(await taking.take([quiz(1, 8)], fresh=True)) == ["accepted"]
    assert (taking.total.folded, taking.total.repeats) == (0, 1)
    assert await score(school) == 0.321


async def test_a_run_that_was_interrupted_goes_on_where_it_was(school: School) -> None:
    events = [quiz(number, 8) for number in range(1, 6)]

    async def interrupted() -> None:
        async with school.engine.intake().open() as taking:
            await taking.take(events[:2])
            await taking.take(events[2:4])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await interrupted()
    async with school.engine.intake().open() as taking:
        # What had been appended is folded before the first batch, and so is passed over in it.
        assert fates(await taking.take(events)) == ["already"] * 4 + ["accepted"]
    profile = await school.engine.queries.profile(caller(), "ann")
    assert (profile.events, profile.current.score) == (5, 0.321)


class Elsewhere:
    """The lock of the process that folds: held by another one until it lets go."""

    def __init__(self, school: School) -> None:
        self.school = school
        self.held = True
        self.tried = 0

    @asynccontextmanager
    async def folding(self) -> AsyncGenerator[Worker]:
        self.tried += 1
        if self.held:
            raise Conflict("the process 7 already folds")
        async with self.school.engine.folding() as worker:
            yield worker


async def test_where_another_process_folds_it_appends_and_waits(school: School) -> None:
    elsewhere, said = Elsewhere(school), list[str]()
    passed = school.clock.sleep

    async def sleep(seconds: float) -> None:
        await passed(seconds)
        async with school.engine.folding() as worker:
            await worker.drain()

    school.clock.sleep = sleep
    async with intake(school, elsewhere.folding).open(waits=said.append) as taking:
        assert fates(await taking.take([quiz(1, 8)])) == ["accepted"]
        assert not taking.folds_here
        assert school.clock.slept == []
    assert school.clock.slept == [LOOK_AGAIN_SECONDS]
    assert said == ["the process 7 already folds"]
    assert taking.total == StepReport()
    assert await score(school) == 0.321


async def test_it_takes_over_when_whoever_folds_has_ended(school: School) -> None:
    elsewhere = Elsewhere(school)
    passed = school.clock.sleep

    async def sleep(seconds: float) -> None:
        await passed(seconds)
        elsewhere.held = len(school.clock.slept) < 3

    school.clock.sleep = sleep
    async with intake(school, elsewhere.folding).open() as taking:
        await taking.take([quiz(1, 8)])
    assert taking.folds_here
    assert (taking.total.folded, elsewhere.tried) == (1, 5)
    assert await score(school) == 0.321


class Scripted:
    """A worker whose drains do what the test says, one after the other."""

    def __init__(self, *script: Callable[[], None]) -> None:
        self.script = list(script)
        self.drained = 0
        self.under_way = False
        self.closed = False

    async def drain(self, progress: object = None) -> StepReport:
        del progress
        self.under_way = True
        try:
            await asyncio.sleep(0)
            if self.script:
                self.script.pop(0)()
        finally:
            self.under_way = False
        self.drained += 1
        return StepReport()

    @asynccontextmanager
    async def folding(self) -> AsyncGenerator[Worker]:
        try:
            yield cast("Worker", self)
        finally:
            assert not self.under_way
            self.closed = True


def nothing() -> None:
    return


def down() -> None:
    raise DependencyDown("the store does not answer")


async def take_all(
    opened: Intake, batches: Sequence[Sequence[LearningEvent]], taken: list[LearningEvent]
) -> None:
    async with opened.open() as taking:
        for batch in batches:
            await taking.take(batch)
            taken += batch


async def test_an_error_of_the_folding_under_way_comes_with_the_next_batch_which_is_not_lost(
    school: School,
) -> None:
    worker = Scripted(nothing, down)
    taken: list[LearningEvent] = []
    with pytest.raises(DependencyDown, match="the store does not answer"):
        await take_all(intake(school, worker.folding), [[quiz(1, 8)], [quiz(2, 8)], [quiz(3, 8)]], taken)
    assert taken == [quiz(1, 8)]
    assert sum((await school.engine.adapters.log.ends()).values()) == 2
    async with school.engine.intake().open() as again:
        assert fates(await again.take([quiz(1, 8), quiz(2, 8)])) == ["already", "already"]


async def test_an_error_of_the_last_folding_comes_at_the_end(school: School) -> None:
    worker = Scripted(nothing, down)
    taken: list[LearningEvent] = []
    with pytest.raises(DependencyDown):
        await take_all(intake(school, worker.folding), [[quiz(1, 8)]], taken)
    assert (taken, worker.drained) == ([quiz(1, 8)], 1)


async def test_the_next_batch_is_taken_while_the_last_one_is_folded(school: School) -> None:
    worker = Scripted()
    async with intake(school, worker.folding).open() as taking:
        await taking.take([quiz(1)])
        assert worker.drained == 1
        await taking.take([quiz(2)])
        assert worker.drained == 2
        await taking.finish()
        # The folding under way, and what came after it.
        assert worker.drained == 4
    assert worker.closed


async def test_an_error_of_the_caller_ends_the_folding_under_way(school: School) -> None:
    worker = Scripted(nothing, nothing)

    async def failing() -> None:
        async with intake(school, worker.folding).open() as taking:
            await taking.take([quiz(1)])
            await asyncio.sleep(0)
            assert worker.under_way
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await failing()
    assert (worker.closed, worker.under_way, worker.drained) == (True, False, 1)


async def test_opening_waits_for_what_lies_in_the_log_already(school: School) -> None:
    events: list[LearningEvent] = [quiz(1, 8)]
    await school.engine.ingest.take_events(events)
    async with school.engine.intake().open() as taking:
        assert taking.total.folded == 1
        assert await score(school) == 0.321
