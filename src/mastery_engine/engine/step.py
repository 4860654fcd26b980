"""What a step of a worker works on, and what it tells."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from types import TracebackType
from typing import Any, Final, Protocol, TypeVar, final

from msgspec import Struct, field

from mastery_engine.contracts.document import Document
from mastery_engine.contracts.event_json import JsonEvents
from mastery_engine.domain.errors import DependencyDown, MasteryError
from mastery_engine.engine.fold_batch import FoldedBatch, Learner
from mastery_engine.engine.judge import OURS, Accepted
from mastery_engine.ports import (
    Archive,
    Clock,
    DeadLetterSink,
    Entry,
    EventCodec,
    EventLog,
    LogConsumer,
    Results,
    StateStore,
)

STEP_DEADLINE_SECONDS: Final = 30.0
WRITE_SECONDS: Final = 10.0
LATEST_WRITE_SECONDS: Final = STEP_DEADLINE_SECONDS + WRITE_SECONDS
"""From the beginning of a step: no write begins after its deadline, and one that has begun ends, or is ended, by then."""
MOST_CONFLICTS: Final = 100
Result = TypeVar("Result")


class StepLate(MasteryError):
    """The step has taken longer than its deadline; it writes nothing more and starts over."""


def on_average() -> float:
    """The middle, without chance."""
    return 0.5


class TimeLimit(Protocol):
    """What is done within it is ended when its time is over; as `asyncio.timeout` has it."""

    async def __aenter__(self) -> object:
        """Begin to count."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> bool | None:
        """Raise TimeoutError if the time was over."""
        ...

    def expired(self) -> bool:
        """Whether it was."""
        ...


class Ports(Struct, frozen=True, kw_only=True):
    """What a processor works on.

    Attributes:
        archive: None where somebody else archives, in a consumer group of its own.
        codec: Of the log's values.
        chance: A number from 0 to 1 by chance, so that workers that failed together do not try again together.
        within: Ends what takes longer than so many seconds; another one where no event loop runs.
    """

    log: EventLog
    consumer: LogConsumer
    store: StateStore
    results: Results
    dead_letters: DeadLetterSink
    archive: Archive | None
    clock: Clock
    codec: EventCodec = field(default_factory=JsonEvents)
    chance: Callable[[], float] = on_average
    within: Callable[[float], TimeLimit] = asyncio.timeout


@final
class Work:
    """One learner's part of a batch.

    Attributes:
        learner: Whose.
        records: The learner's records of the batch, in the log's order.
        entry: The document as the store holds it, None if there is none.
        erased: Whether the learner is erased, so that the records are dropped.
        restricted: Whether the learner's processing is restricted: folded, and told nobody.
        document: The document, changed in place by the fold.
        batch: What folding came to.
    """

    __slots__ = ("batch", "document", "entry", "erased", "learner", "records", "restricted")

    def __init__(self, learner: Learner, records: list[Accepted]) -> None:
        self.learner = learner
        self.records = records
        self.entry: Entry | None = None
        self.erased = False
        self.restricted = False
        self.document = Document()
        self.batch = FoldedBatch(self.document)


class StepReport(Struct, kw_only=True):
    """What a step did, in records.

    Attributes:
        polled: Taken from the log.
        folded: Counted for the first time.
        answered: Requests for a calculation, answered for the first time.
        repeats: Redelivered, or sent twice by a producer.
        refused: Sent to the dead letters, for whatever reason.
        failed: Of those, the ones of kind `processing`.
        timed_out: Of those, the ones of kind `timeout`.
        erased: Dropped, since their student is erased.
        conflicts: Documents that somebody else had changed meanwhile.
        unarchived: Events found folded that a deleted topic took before they were archived.
        kept: Events or dead letters that an archiver has put into a store of record.
    """

    polled: int = 0
    folded: int = 0
    answered: int = 0
    repeats: int = 0
    refused: int = 0
    failed: int = 0
    timed_out: int = 0
    erased: int = 0
    conflicts: int = 0
    unarchived: int = 0
    kept: int = 0

    def count(self, works: Iterable[Work]) -> None:
        """Add what became of the records of these learners."""
        for work in works:
            if work.erased:
                self.erased += len(work.records)
                continue
            self.erased += work.batch.dropped
            self.folded += len(work.batch.folded)
            self.answered += work.batch.answered
            self.repeats += work.batch.repeats
            self.refused += len(work.batch.refused)
            self.failed += sum(one.error.reason in OURS for one in work.batch.refused)


def summed(reports: Iterable[StepReport]) -> StepReport:
    """What several steps did together."""
    total = StepReport()
    for report in reports:
        for name in StepReport.__struct_fields__:
            setattr(total, name, getattr(total, name) + getattr(report, name))
    return total


@final
class Step:
    """What holds for all of a step.

    Attributes:
        topic_id: Id of the topic that the records come from.
        report: What the step did so far.
    """

    __slots__ = ("_clock", "_deadline", "_within", "report", "topic_id")

    def __init__(self, topic_id: str, ports: Ports, report: StepReport) -> None:
        """Begin now."""
        self.topic_id = topic_id
        self.report = report
        self._clock = ports.clock
        self._within = ports.within
        self._deadline = 0.0
        self.begin_again()

    def begin_again(self) -> None:
        """Count the time from now on; whoever asks for that has read nothing yet that it will write."""
        self._deadline = self._clock.monotonic() + STEP_DEADLINE_SECONDS

    def check_deadline(self) -> None:
        """To be asked before each write.

        Raises:
            StepLate: The deadline has passed.
        """
        if self._clock.monotonic() > self._deadline:
            raise StepLate(f"a step took longer than {STEP_DEADLINE_SECONDS:.0f} s and starts over")

    async def write(
        self, call: Coroutine[Any, Any, Result], take_back: Callable[[], Awaitable[None]] | None = None
    ) -> Result:
        """Make a write, which the deadline lets begin, and which is ended `WRITE_SECONDS` after that.

        An adapter may make it in several calls to a server; an eraser relies on the end of all of them.

        Args:
            call: Writes.
            take_back: Takes back what it has written of erased students, if it has ended later than an eraser waits for.

        Raises:
            StepLate: The deadline has passed, or the write took too long; some of it may have been made.
        """
        try:
            self.check_deadline()
        except StepLate:
            call.close()
            raise
        latest = self._deadline + WRITE_SECONDS
        limit = self._within(latest - self._clock.monotonic())
        try:
            async with limit:
                result = await call
        except TimeoutError:
            if not limit.expired():
                raise
        else:
            if self._clock.monotonic() <= latest:
                return result
        if take_back is not None:
            await take_back()
        raise StepLate(f"a write went on {WRITE_SECONDS:.0f} s after its step's deadline")


def never_at_rest() -> DependencyDown:
    """The error of a document that changes faster than it can be written."""
    return DependencyDown(f"documents kept changing under the worker in {MOST_CONFLICTS} tries; trying again")
