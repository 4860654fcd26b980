"""Following what others send: eviction, and pausing when it cannot be followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from structlog.testing import capture_logs

from mastery_engine.adapters.memory import MemoryEventLog
from mastery_engine.adapters.shared.log_tail import LogTail
from mastery_engine.contracts import keys
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.engine.following import NOT_YET, Following
from mastery_engine.engine.live import LiveHub
from mastery_engine.ports import NewRecord, Write
from tests.unit.engine.house import StandingClock
from tests.unit.engine.learners_house import Process, WatchedStore, document_bytes, key_of


class TurningClock(StandingClock):
    """On which sleeping lets the others go on."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0

    def monotonic(self) -> float:
        return self.passed

    async def turn(self) -> None:
        await asyncio.sleep(0)

    async def sleep(self, seconds: float) -> None:
        self.passed += seconds
        await asyncio.sleep(0)


class School:
    """A process that follows a log of results."""

    def __init__(self) -> None:
        self.clock = TurningClock()
        self.store = WatchedStore(self.clock)
        self.process = Process(self.store, self.clock)
        self.log = MemoryEventLog(self.clock, partitions=2)
        self.live = LiveHub("topic")
        self.error: Exception | None = None
        self.following = Following(
            lambda: LogTail(self.log, self.clock).open(),
            self.ping,
            self.process.learners,
            self.clock,
            self.live,
        )
        self.before = self.process.learners.trouble
        self.task = asyncio.create_task(self.following.run())

    async def ping(self) -> None:
        if self.error is not None:
            raise self.error

    async def others_write(self, correct: int) -> None:
        """Another process folds, and sends its results."""
        await self.store.write_many([Write(key_of("ann"), document_bytes(correct))])
        await self.log.append([NewRecord(keys.learner("default", "ann").encode(), b"{}")])

    async def until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not reached():
                await self.clock.turn()


@pytest.fixture
async def school() -> AsyncIterator[School]:
    made = School()
    yield made
    made.task.cancel()
    await asyncio.wait({made.task})
    await made.process.learners.close()


async def test_nothing_is_kept_before_the_results_are_followed(school: School) -> None:
    assert school.before == NOT_YET
    await school.until(lambda: school.process.learners.trouble is None)


async def test_what_others_have_changed_is_read_anew(school: School) -> None:
    await school.until(lambda: school.process.learners.trouble is None)
    await school.store.write_many([Write(key_of("ann"), document_bytes(1))])
    assert await school.process.correct() == 1
    before = school.clock.passed
    await school.others_write(9)
    await school.until(lambda: school.process.counts.evictions == 1)
    assert await school.process.correct() == 9
    assert school.clock.passed - before <= 1.0


@pytest.mark.parametrize(
    "error", [DependencyDown("Kafka does not answer"), TimeoutError(), ZeroDivisionError()]
)
async def test_while_the_log_does_not_answer_every_read_is_the_stores(
    school: School, error: Exception
) -> None:
    await school.until(lambda: school.process.learners.trouble is None)
    await school.store.write_many([Write(key_of("ann"), document_bytes(1))])
    assert await school.process.correct() == 1
    with capture_logs() as logs:
        school.error = error
        await school.until(lambda: school.process.learners.trouble is not None)
        await school.store.write_many([Write(key_of("ann"), document_bytes(9))])
        assert await school.process.correct() == 9
        school.error = None
        await school.until(lambda: school.process.learners.trouble is None)
    told = [one["event"] for one in logs]
    assert told.count("the results cannot be followed: no learner is kept in memory") == 1
    assert told[-1] == "the results are followed again: learners are kept in memory"
    assert await school.process.correct() == 9
    await school.others_write(7)
    await school.until(lambda: school.process.counts.evictions > 0)
    assert await school.process.correct() == 7


async def test_a_tail_reads_all_of_a_log_that_was_made_anew() -> None:
    clock = TurningClock()
    log = MemoryEventLog(clock, partitions=1)
    await log.append([NewRecord(b"student:a", b"%d" % number) for number in range(5)])
    tail = await LogTail(log, clock).open()
    assert await tail.poll(10, 0.0) == []
    await log.recreate()
    await log.append([NewRecord(b"student:a", b"new")])
    assert [one.value for one in await tail.poll(10, 0.5)] == [b"new"]
    assert await tail.poll(10, 0.5) == []
    await log.append([NewRecord(b"student:a", b"%d" % number) for number in range(3)])
    assert [one.value for one in await tail.poll(2, 0.0)] == [b"0", b"1"]
    assert [one.value for one in await tail.poll(2, 0.0)] == [b"2"]
    await tail.close()
