"""Many events at once: what is there already is passed over, and it ends when everything is folded.

Folding happens here, or where it already happens: if another process folds, this one appends and waits.
A run that was interrupted may be started again, and goes on where it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from typing import Final, Literal, NamedTuple, Protocol, final

from mastery_engine.contracts import keys
from mastery_engine.contracts.processed import read_processed
from mastery_engine.domain.errors import Conflict, InvalidInput, MasteryError, Problem
from mastery_engine.domain.events import LearningEvent
from mastery_engine.engine.ingest import Ingest, Receipt
from mastery_engine.engine.judge import identity_of
from mastery_engine.engine.step import StepReport
from mastery_engine.ports import Clock, Entry, EventLog, LogConsumer, StateStore

LOOK_AGAIN_SECONDS: Final = 0.1


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
        folding: Folding,
        group: str,
    ) -> None:
        """Put the parts together.

        Args:
            ingest: Judges and appends.
            log: Where to.
            store: Knows what was folded before.
            pseudonyms: Of the students in `processed:` records.
            clock: For waiting.
            folding: See `Folding`.
            group: Consumer group of whoever folds.
        """
        self._log = log
        self._parts = _Parts(ingest, _Known(store, pseudonyms), clock, folding)
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
            await taking.catch_up(await self._log.ends())
            yield taking
            await taking.finish()


@final
class Taking:
    """Takes batches of events.

    Attributes:
        total: What the steps of folding did here; zeros where another process folds.
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
        self._ends: dict[int, int] = {}
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

        Args:
            events: Events, or why one could not be read.
            fresh: Nothing of these events can be there yet, so do not look.

        Returns:
            A receipt for each, in order.

        Raises:
            MasteryError: As in `Intake.open`; also an error of folding the batch before, told once this one
                lies in the log.
        """
        verdicts = [event if isinstance(event, InvalidInput) else None for event in events]
        there = [False] * len(events)
        if not fresh:
            readable = [
                (place, event) for place, event in enumerate(events) if not isinstance(event, InvalidInput)
            ]
            found = await self._parts.known.look_up([event for _, event in readable])
            for (place, _), known in zip(readable, found, strict=True):
                if known is True:
                    there[place] = True
                elif isinstance(known, InvalidInput):
                    verdicts[place] = known
        wanted = [place for place in range(len(events)) if verdicts[place] is None and not there[place]]
        chosen = [event for place in wanted if not isinstance(event := events[place], InvalidInput)]
        taken = dict(zip(wanted, await self._parts.ingest.take_events(chosen), strict=True))
        for receipt in taken.values():
            if receipt.position is not None:
                partition, offset = receipt.position
                self._ends[partition] = max(offset + 1, self._ends.get(partition, 0))
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

    async def _fold_here(self) -> bool:
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


class _Parts(NamedTuple):
    """What a taking works with."""

    ingest: Ingest
    known: _Known
    clock: Clock
    folding: Folding


@final
class _Known:
    """Knows which events were folded before."""

    def __init__(self, store: StateStore, pseudonyms: keys.Pseudonyms) -> None:
        self._store = store
        self._pseudonyms = pseudonyms

    async def look_up(self, events: Sequence[LearningEvent]) -> list[InvalidInput | Literal[True] | None]:
        """True for an event that was folded, None for one that was not, a refusal of an id used otherwise."""
        wanted = [
            keys.processed(event.tenant_id, bytes.fromhex(event.event_id.replace("-", "")))
            for event in events
        ]
        entries = await self._store.get_many(wanted)
        return [
            None if entry is None else self._same(event, entry)
            for event, entry in zip(events, entries, strict=True)
        ]

    def _same(self, event: LearningEvent, entry: Entry) -> InvalidInput | Literal[True] | None:
        record = read_processed(bytes.fromhex(event.event_id.replace("-", "")), entry.value)
        if record is None:
            # Damaged: nobody can tell here either, and whoever folds makes a dead letter of the event.
            return None
        if record.student != self._pseudonyms.digest(event.tenant_id, event.student_id):
            return _reused(event, "another student")
        if record.outcome.digest != identity_of(event)[1]:
            return _reused(event, "another content")
        return True


def _reused(event: LearningEvent, how: str) -> InvalidInput:
    rule = f"has counted already with {how}; an event has an id of its own"
    return InvalidInput.of(Problem("event_id", event.event_id, rule), reason="event_id_reused")
