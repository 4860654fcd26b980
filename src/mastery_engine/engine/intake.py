"""Many events at once: what is there already is passed over, and it ends when everything is folded.

Folding happens here, or where it already happens: if another process folds, this one appends and waits.
A run that was interrupted may be started again, and goes on where it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from typing import Final, NamedTuple, Protocol, final

from mastery_engine.contracts import keys
from mastery_engine.domain.errors import Conflict, InvalidInput, MasteryError
from mastery_engine.domain.events import LearningEvent
from mastery_engine.engine.first_comers import FirstComers
from mastery_engine.engine.ingest import Ingest, Receipt
from mastery_engine.engine.known_events import KnownEvents
from mastery_engine.engine.step import StepReport
from mastery_engine.ports import Clock, EventLog, LogConsumer, StateStore

LOOK_AGAIN_SECONDS: Final = 0.1
MOST_WAITING: Final = 100_000
"""Events that may lie in the log for another process to fold before this one waits; about 30 MB of ids."""


class Folder(Protocol):
    """Whoever folds for an intake: a worker in this process, or a process of its own."""

    async def drain(self, progress: Callable[[StepReport], None] | None = None) -> StepReport:
        """Fold until nothing is left; see `Worker.drain`."""
        ...


Folding = Callable[[], AbstractAsyncContextManager[Folder]]
"""Takes the lock of the process that folds, and gives who folds; `Conflict` if another process has it."""


@final
class Intake:
    """Opens takings."""

    def __init__(
        self,
        ingest: Ingest,
        log: EventLog,
        store: StateStore,
        pseudonyms: keys.Pseudonyms,
        clock: Clock,
        folding: Folding | None,
        group: str,
    ) -> None:
        """Put the parts together.

        Args:
            ingest: Judges and appends.
            log: Where to.
            store: Knows what was folded before.
            pseudonyms: Of the students in `processed:` records.
            clock: For waiting.
            folding: See `Folding`; without one, an event is taken once the log has it.
            group: Consumer group of whoever folds.
        """
        self._log = log
        self._parts = _Parts(ingest, KnownEvents(store, pseudonyms), clock, folding)
        self._group = group

    @asynccontextmanager
    async def open(
        self,
        *,
        waits: Callable[[str], None] | None = None,
        progress: Callable[[StepReport], None] | None = None,
    ) -> AsyncGenerator[Taking]:
        """Take events in; first what lies in the log is folded, and at a good end everything is.

        Args:
            waits: Told once why this process does not fold itself.
            progress: Told of each step of folding done here.

        Raises:
            DependencyDown: A store or the log does not answer; nothing is lost, start again.
            StepLate: A step of folding took too long; as above.
        """
        async with AsyncExitStack() as stack:
            consumer = self._log.consumer(self._group)
            stack.push_async_callback(consumer.close)
            taking = Taking(self._parts, stack, consumer, waits, progress)
            if taking.folds:
                await taking.catch_up(await self._log.ends())
            yield taking
            if taking.folds:
                await taking.finish()


@final
class Taking:
    """Takes batches of events.

    Attributes:
        total: What the steps of folding did here; zeros where another process folds.
        folds: Whether somebody is waited for who folds.
        folds_here: Whether this process folds, or one that it has started.
    """

    def __init__(
        self,
        parts: _Parts,
        stack: AsyncExitStack,
        consumer: LogConsumer,
        waits: Callable[[str], None] | None,
        progress: Callable[[StepReport], None] | None,
    ) -> None:
        """Put the parts together; see `Intake.open`."""
        self._parts = parts
        self._stack = stack
        self._consumer = consumer
        self._waits = waits
        self._progress = progress
        self._folder: Folder | None = None
        self.folds = parts.folding is not None
        self._ends: dict[int, int] = {}
        self._first = FirstComers()
        self._folding: asyncio.Task[None] | None = None
        self.total = StepReport()

    @property
    def folds_here(self) -> bool:
        """Whether this process folds, or one that it has started."""
        return self._folder is not None

    async def take(
        self, events: Sequence[LearningEvent | InvalidInput], *, fresh: bool = False
    ) -> list[Receipt]:
        """Judge, append and fold a batch.

        Of events with one id, the first that keeps the rules counts, in this batch or an earlier one; another one is
        refused, and a repeat is not.

        Args:
            events: Events, or why one could not be read.
            fresh: Nothing of these events was there before this run, so look up only what the run itself may have brought.

        Returns:
            A receipt for each, in order.

        Raises:
            MasteryError: As in `Intake.open`; also an error of folding the batch before, told once this one
                lies in the log.
        """
        verdicts = [event if isinstance(event, InvalidInput) else None for event in events]
        there = [False] * len(events)
        await self._forget_folded()
        readable = [
            (place, event)
            for place, event in enumerate(events)
            if not isinstance(event, InvalidInput) and (not fresh or self._first.may_be_folded(event))
        ]
        found = await self._parts.known.look_up([event for _, event in readable]) if readable else []
        for (place, _), known in zip(readable, found, strict=True):
            if known is True:
                there[place] = not fresh
            elif isinstance(known, InvalidInput):
                verdicts[place] = known
        wanted = [place for place in range(len(events)) if verdicts[place] is None and not there[place]]
        chosen = [event for place in wanted if not isinstance(event := events[place], InvalidInput)]
        receipts = await self._parts.ingest.take_events(chosen, self._first)
        taken = dict(zip(wanted, receipts, strict=True))
        ends = _ends(receipts)
        self._first.appended(ends)
        self._ends |= ends
        await self._fold_meanwhile()
        return [
            self._receipt(place, event, taken.get(place), verdicts[place])
            for place, event in enumerate(events)
        ]

    async def catch_up(self, ends: dict[int, int]) -> None:
        """Wait until everything before these offsets is folded, by this process if it may."""
        self._ends = dict(ends)
        await self.finish()

    async def finish(self) -> None:
        """Wait until everything taken so far is folded; take over if whoever folds has ended."""
        await self._folded()
        while not await self._fold_here():
            committed = await self._consumer.committed()
            if all(committed.get(partition, 0) >= end for partition, end in self._ends.items()):
                return
            await self._parts.clock.sleep(LOOK_AGAIN_SECONDS)

    async def stop(self) -> None:
        """Let go of a folding that nobody waits for any more, as after an error; the log has its records."""
        folding, self._folding = self._folding, None
        if folding is not None:
            folding.cancel()
            with suppress(asyncio.CancelledError, MasteryError):
                await folding

    async def _forget_folded(self) -> None:
        """Let go of the ids of what is folded; `processed:` records have them. Where too many wait, wait too."""
        if len(self._first) > MOST_WAITING:
            if not self.folds:
                # Whoever folds tells repeats of them, too.
                self._first = FirstComers()
            else:
                await self.finish()
        if self._first:
            self._first.forget(await self._consumer.committed())

    async def _fold_here(self) -> bool:
        if self._parts.folding is None:
            return False
        if self._folder is None:
            try:
                self._folder = await self._stack.enter_async_context(self._parts.folding())
                self._stack.push_async_callback(self.stop)
            except Conflict as conflict:
                if self._waits is not None:
                    self._waits(conflict.message)
                    self._waits = None
                return False
        await self._drain(self._folder)
        return True

    async def _fold_meanwhile(self) -> None:
        """Fold this batch while the next one is being read and appended; one batch ahead, no more."""
        if self._folder is not None:
            await self._folded()
            self._folding = asyncio.create_task(self._drain(self._folder))

    async def _folded(self) -> None:
        """Wait for the folding under way, and for its errors."""
        folding, self._folding = self._folding, None
        if folding is not None:
            await folding

    async def _drain(self, folder: Folder) -> None:
        self.total = await folder.drain(self._progress)

    @staticmethod
    def _receipt(
        place: int, event: LearningEvent | InvalidInput, taken: Receipt | None, error: InvalidInput | None
    ) -> Receipt:
        event_id = None if isinstance(event, InvalidInput) else event.event_id
        if taken is not None:
            return Receipt(index=place, event_id=event_id, position=taken.position, error=taken.error)
        return Receipt(index=place, event_id=event_id, error=error, already=error is None)


def _ends(receipts: Sequence[Receipt]) -> dict[int, int]:
    """By partition, the offset behind the last record."""
    ends: dict[int, int] = {}
    for receipt in receipts:
        if receipt.position is not None:
            partition, offset = receipt.position
            ends[partition] = max(offset + 1, ends.get(partition, 0))
    return ends


class _Parts(NamedTuple):
    """What a taking works with."""

    ingest: Ingest
    known: KnownEvents
    clock: Clock
    folding: Folding | None
