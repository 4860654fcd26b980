"""The worker's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import pytest
from structlog.testing import capture_logs

from mastery_engine.domain.errors import ConfigurationError, DependencyDown, MasteryError, NewerVersion
from mastery_engine.engine.housekeeping import Cleared, Housekeeping
from mastery_engine.engine.process import Processor
from mastery_engine.engine.step import StepLate, StepReport
from mastery_engine.engine.work import IDLE_POLL_SECONDS, Waiting, Worker
from mastery_engine.ports import LogConsumer
from tests.unit.engine.house import StandingClock

Turn = StepReport | MasteryError | Callable[[], None]


class Script:
    """A processor and its consumer: each step takes the next turn, and is told in `did`."""

    def __init__(self, *turns: Turn, rewinds: tuple[MasteryError, ...] = ()) -> None:
        self.turns = list(turns)
        self.rewinds = list(rewinds)
        self.checks: list[MasteryError] = []
        self.did: list[str] = []
        self.waited: set[float] = set()
        self.sizes: list[int] = []
        self.stop = asyncio.Event()

    async def step(self, limit: int, wait_seconds: float = 0.0) -> StepReport:
        self.did.append("step")
        self.sizes.append(limit)
        self.waited.add(wait_seconds)
        turn = self.turns.pop(0)
        if not self.turns:
            self.stop.set()
        if isinstance(turn, MasteryError):
            raise turn
        if isinstance(turn, StepReport):
            return turn
        turn()
        return StepReport()

    async def rewind(self) -> None:
        self.did.append("rewind")
        if self.rewinds:
            raise self.rewinds.pop(0)

    async def check(self) -> None:
        self.did.append("check")
        if self.checks:
            raise self.checks.pop(0)

    def worker(self, clock: StandingClock | None = None, *, checked: bool = False) -> Worker:
        check = self.check if checked else None
        clock = clock or StandingClock()
        return Worker(cast("Processor", self), cast("LogConsumer", self), clock, 7, check=check)


def polled(records: int, folded: int = 0) -> StepReport:
    return StepReport(polled=records, folded=folded)


async def test_it_drains_until_nothing_is_left_and_tells_each_step() -> None:
    script = Script(polled(7, 6), polled(2, 2), polled(0))
    worker, told = script.worker(), list[int]()
    total = await worker.drain(lambda report: told.append(report.polled))
    assert (total.polled, total.folded, told) == (9, 8, [7, 2])
    assert worker.total is total
    assert (set(script.sizes), script.waited) == ({7}, {0.0})
    quiet = Script(polled(1), polled(0))
    assert (await quiet.worker().drain()).polled == 1


async def test_a_drain_after_an_error_takes_the_failed_records_again() -> None:
    script = Script(polled(1, 1), DependencyDown("down"), polled(1, 1), polled(0))
    worker = script.worker()
    with pytest.raises(DependencyDown):
        await worker.drain()
    assert worker.total.folded == 1
    assert (await worker.drain()).folded == 2
    assert script.did == ["step", "step", "rewind", "step", "step"]


async def test_what_is_down_is_waited_for_with_growing_waits_and_then_work_goes_on() -> None:
    clock = StandingClock()
    reasons: list[str | None] = []
    script = Script(*[DependencyDown("the store does not answer")] * 8, polled(1, 1), DependencyDown("again"))
    worker = script.worker(clock)
    sleep = clock.sleep

    async def noting(seconds: float) -> None:
        reasons.append(worker.waiting_for)
        await sleep(seconds)

    clock.sleep = noting
    with capture_logs() as logs:
        await worker.run(script.stop)
    assert clock.slept[:8] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
    assert clock.slept[8:] in ([], [0.2])
    assert reasons[:8] == ["the store does not answer"] * 8
    assert (worker.total.folded, worker.waiting_for) == (1, "again")
    assert [(one["event"], one.get("reason")) for one in logs] == [
        ("processing waits", "the store does not answer"),
        ("processing goes on", None),
        ("processing waits", "again"),
    ]
    assert script.waited == {IDLE_POLL_SECONDS}


@pytest.mark.parametrize("error", [NewerVersion("upgrade"), StepLate("took too long")])
async def test_newer_data_and_late_steps_are_waited_for_too(error: MasteryError) -> None:
    script = Script(error, polled(1, 1))
    worker = script.worker()
    await worker.run(script.stop)
    assert (worker.total.folded, worker.waiting_for) == (1, None)
    assert script.did == ["step", "rewind", "step"]


async def test_after_a_late_step_fewer_records_are_taken_until_it_goes_well_again() -> None:
    late = StepLate("took too long")
    script = Script(late, late, late, polled(1, 1), polled(0), polled(2, 2), polled(4, 4), polled(7, 7))
    worker = script.worker()
    await worker.run(script.stop)
    assert script.sizes == [7, 1, 1, 1, 2, 2, 4, 7]
    assert worker.errors == {"timeout": 3}


async def test_what_it_waits_for_is_counted_by_kind() -> None:
    script = Script(DependencyDown("store"), DependencyDown("log"), NewerVersion("upgrade"), polled(1, 1))
    worker = script.worker()
    with capture_logs() as logs:
        await worker.run(script.stop)
    assert worker.errors == {"dependency": 2, "processing": 1}
    assert logs[0]["kind"] == "dependency"


async def test_since_when_it_waits_is_kept_though_the_reason_changes() -> None:
    clock, script = StandingClock(), Script(DependencyDown("store"), DependencyDown("log"))
    worker, begun = script.worker(clock), clock.ms
    await worker.run(script.stop)
    assert worker.waiting == Waiting("log", begun)


async def test_no_step_is_done_before_the_store_was_looked_at() -> None:
    script = Script(polled(1, 1), polled(1, 1))
    script.checks = [DependencyDown("the clocks differ"), DependencyDown("the clocks differ")]
    clock = StandingClock()
    worker = script.worker(clock, checked=True)
    await worker.run(script.stop)
    assert script.did == ["check", "check", "check", "step", "step"]
    assert (clock.slept, worker.total.folded) == ([0.2, 0.4], 2)


async def test_a_store_that_must_not_be_used_ends_the_work_before_anything_is_folded() -> None:
    for end in ("run", "drain"):
        script = Script(polled(1, 1))
        script.checks = [ConfigurationError("it removes keys")]
        worker = script.worker(checked=True)
        with pytest.raises(ConfigurationError, match="removes keys"):
            await (worker.run(script.stop) if end == "run" else worker.drain())
        assert script.did == ["check"]


async def test_the_store_is_looked_at_again_after_it_was_waited_for_and_once_a_minute() -> None:
    clock = StandingClock()

    def half_a_minute() -> None:
        clock.ms += 30_000

    script = Script(DependencyDown("store"), *[half_a_minute] * 4)
    await script.worker(clock, checked=True).run(script.stop)
    look = ["check", "step"]
    assert [one for one in script.did if one != "rewind"] == [*look, *look, "step", *look, "step"]


async def test_no_step_is_done_before_the_consumer_is_rewound() -> None:
    script = Script(DependencyDown("store"), polled(1, 1), rewinds=(DependencyDown("log"),) * 2)
    clock = StandingClock()
    worker = script.worker(clock)
    await worker.run(script.stop)
    assert script.did == ["step", "rewind", "rewind", "rewind", "step"]
    assert clock.slept == [0.2, 0.4, 0.8]
    assert worker.total.folded == 1


async def test_told_to_stop_it_ends_after_the_step_under_way() -> None:
    script = Script(polled(1, 1), polled(1, 1))
    worker = script.worker()
    await worker.run(script.stop)
    assert worker.total.folded == 2
    stopped = asyncio.Event()
    stopped.set()
    await script.worker().run(stopped)
    assert script.did == ["step", "step"]


class EndlessClock(StandingClock):
    """Sleeping takes for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.asleep = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.asleep.set()
        await asyncio.Event().wait()


async def test_a_stop_ends_the_wait_at_once() -> None:
    clock, stop = EndlessClock(), asyncio.Event()
    running = asyncio.create_task(Script(DependencyDown("down"), polled(0)).worker(clock).run(stop))
    await clock.asleep.wait()
    stop.set()
    await running
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_cancelled_while_it_waits_it_leaves_nothing_running() -> None:
    clock = EndlessClock()
    running = asyncio.create_task(
        Script(DependencyDown("down"), polled(0)).worker(clock).run(asyncio.Event())
    )
    await clock.asleep.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert asyncio.all_tasks() == {asyncio.current_task()}


class Tidy:
    """Housekeeping that fails as often as it is told to."""

    def __init__(self, clock: StandingClock, *errors: MasteryError) -> None:
        self.clock = clock
        self.errors = list(errors)
        self.done: list[float] = []

    async def clear(self) -> Cleared:
        if self.errors:
            raise self.errors.pop(0)
        self.done.append(self.clock.monotonic())
        return Cleared(keys=1, archived=2, records=3)


async def test_between_two_steps_it_tidies_up_once_an_hour() -> None:
    clock = StandingClock()

    def half_an_hour() -> None:
        clock.ms += 1_800_000

    script, tidy = Script(*[half_an_hour] * 5), Tidy(clock, DependencyDown("archive"))
    worker = Worker(
        cast("Processor", script), cast("LogConsumer", script), clock, 7, cast("Housekeeping", tidy)
    )
    start = clock.monotonic()
    await worker.run(script.stop)
    assert [round(moment - start, 1) for moment in tidy.done] == [0.2, 3_600.2, 7_200.2]
    assert script.did == ["step"] * 5


async def test_any_other_error_ends_the_work() -> None:
    script = Script(polled(1, 1), ConfigurationError("unsafe"), polled(0))
    worker = script.worker()
    with pytest.raises(ConfigurationError):
        await worker.run(script.stop)
    assert worker.total.folded == 1
