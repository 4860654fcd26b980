"""The event's way: one step of a worker, in eight numbered parts that survive a crash between and inside any two.

1. Poll records; judge each. What cannot count becomes a dead letter, its id derived from topic id, partition and offset.
2. Group by student. Read the learners' documents, then the `processed:` records of the batch's ids and of the documents'
   outcomes, in this order; without a document, the erasure marker. All again after every conflict.
3. Per student, in offset order: pass over what was folded before, fold the rest, note outcomes (`fold_batch`).
4. Write each changed document by compare-and-set, whole. Conflict: back to 2 for that student.
5. Derived keys; and the archive, redelivered events and repeats included.
6. Send the outputs of every outcome without a `processed:` record; wait until they are acknowledged.
7. Write the `processed:` records of those outcomes; where this step archives, only of those whose records it has archived:
   the others are sent again with their own records, which come again.
8. Commit the offsets.

So `processed:` means "folded, and its outputs sent"; the document's offsets and outcomes close the gap before it.
Dead letters are stored before the document that passes over their records, and those of given-up events, which the document
names first, at every reading of it. A record whose event id stands for another event earlier in the batch goes through 2 to 7
after that one, so that only what is stored refuses it. A step past its deadline writes nothing more and starts over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, final

import structlog
from msgspec import Struct

from mastery_engine.contracts import keys
from mastery_engine.contracts.document import (
    TOMBSTONE,
    DamagedDocument,
    Document,
    decode_document,
    encode_document,
)
from mastery_engine.contracts.outcome import Processed, decode_processed, encode_processed
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.errors import DependencyDown, InvalidInput, MasteryError
from mastery_engine.engine.dead_letter_forms import given_up_letter, letter_of
from mastery_engine.engine.derived import DerivedKeys
from mastery_engine.engine.finished import Finished
from mastery_engine.engine.fold_batch import FoldedBatch, Learner, fold_batch, unfinished
from mastery_engine.engine.formula_choice import FormulaChoice
from mastery_engine.engine.judge import Accepted, Judge, Refused
from mastery_engine.engine.lifetimes import Lifetimes
from mastery_engine.engine.outputs import messages_of
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.engine.together import Together, together
from mastery_engine.ports import (
    ABSENT,
    Archive,
    ArchivedEvent,
    Clock,
    DeadLetters,
    Entry,
    EventLog,
    LogConsumer,
    OutputMessage,
    Record,
    Results,
    StateStore,
    Write,
)

STEP_DEADLINE_SECONDS: Final = 30.0
ATTEMPTS: Final = 4
_FIRST_RETRY_SECONDS: Final = 0.05
_MOST_CONFLICTS: Final = 100
_FINISHED_KEPT: Final = 100_000
_MOST_FINISHED_KEPT: Final = 8

_log: Final = structlog.get_logger(__name__)


class StepLate(MasteryError):
    """The step has taken longer than its deadline; it writes nothing more and starts over."""


class StepReport(Struct, kw_only=True):
    """What a step did, in records.

    Attributes:
        polled: Taken from the log.
        folded: Counted for the first time.
        repeats: Redelivered, or sent twice by a producer.
        refused: Sent to the dead letters.
        erased: Dropped, since their student is erased.
        conflicts: Documents that somebody else had changed meanwhile.
    """

    polled: int = 0
    folded: int = 0
    repeats: int = 0
    refused: int = 0
    erased: int = 0
    conflicts: int = 0

    def count(self, works: Iterable[_Work]) -> None:
        """Add what became of the records of these learners."""
        for work in works:
            if work.erased:
                self.erased += len(work.records)
                continue
            self.folded += len(work.batch.folded)
            self.repeats += work.batch.repeats
            self.refused += len(work.batch.refused)


class Ports(Struct, frozen=True, kw_only=True):
    """What a processor works on. Without an archive, somebody else archives (a consumer group of its own)."""

    log: EventLog
    consumer: LogConsumer
    store: StateStore
    results: Results
    dead_letters: DeadLetters
    archive: Archive | None
    clock: Clock


@final
class _Work:
    """One learner's part of a batch."""

    __slots__ = ("batch", "document", "entry", "erased", "learner", "records")

    def __init__(self, learner: Learner, records: list[Accepted]) -> None:
        self.learner = learner
        self.records = records
        self.entry: Entry | None = None
        self.erased = False
        self.document = Document()
        self.batch = FoldedBatch(self.document)


@final
class Processor:
    """Folds the log into the learners' documents, a batch a step."""

    def __init__(
        self,
        ports: Ports,
        tenants: TenantDirectory,
        formulas: FormulaChoice,
        pseudonyms: keys.Pseudonyms,
        lifetimes: Lifetimes,
        derived: DerivedKeys,
        together: Together = together,
    ) -> None:
        """Put the parts together; nothing is read or written yet."""
        self._ports = ports
        self._judge = Judge(tenants)
        self._tenants = tenants
        self._formulas = formulas
        self._pseudonyms = pseudonyms
        self._lifetimes = lifetimes
        self._derived = derived
        self._together = together
        self._topic_id = ""
        self._finished = Finished(_FINISHED_KEPT)

    async def complete(self, topic_id: str = "") -> int:
        """Parts 6 and 7 for every document with an outcome that has no `processed:` record.

        Needed after a change of the topic's id, when no redelivery will finish what a crash left behind.

        Args:
            topic_id: The topic as it is now, to pass over documents that know no other: their records come again.

        Returns:
            How many outcomes were finished.
        """
        finished = 0
        for tenant in await self._tenants.list():
            await self._formulas.refresh(tenant)
            prefix = keys.learner(tenant.tenant_id, "")
            async for batch in self._ports.store.scan(prefix):
                students = [keys.student_of_document(key, prefix) for key in batch]
                works = [_Work(self._learner(tenant, one), []) for one in students if one is not None]
                try:
                    processed = (await self._read(works)).get(tenant.tenant_id, {})
                except DamagedDocument:
                    works = await self._readable(works)
                    processed = (await self._read(works)).get(tenant.tenant_id, {})
                works = [work for work in works if work.document.offsets.keys() - {topic_id}]
                for work in works:
                    work.document.outcomes = unfinished(work.document, processed, work.learner.pseudonym)
                    finished += len(work.document.outcomes)
                await self._send(works)
                await self._mark(works)
        return finished

    async def step(self, limit: int, wait_seconds: float = 0.0) -> StepReport:
        """Do one step.

        Args:
            limit: Most records to take.
            wait_seconds: How long to wait for the first record.

        Raises:
            DependencyDown: A store or the log does not answer; `rewind` the consumer and try again.
            NewerVersion: A newer release wrote a document; upgrade.
            StepLate: The step took too long; `rewind` and try again.
        """
        ports, report = self._ports, StepReport()
        # 1. Poll and judge.
        records = await ports.consumer.poll(limit, wait_seconds)
        await self._meet(ports.consumer.topic_id)
        if not records:
            return report
        report.polled = len(records)
        step = _Step(ports.consumer.topic_id, ports.clock.monotonic() + STEP_DEADLINE_SECONDS, report)
        accepted, refused = await self._judged(records)
        await self._store_letters(step, refused)
        report.refused = len(refused)
        # 2 to 7, together where all goes well.
        for part in _without_contest(accepted):
            await self._run(step, await self._by_learner(part))
        # 8. Commit.
        self._check_deadline(step)
        await ports.consumer.commit(_next_offsets(records))
        return report

    async def _readable(self, works: list[_Work]) -> list[_Work]:
        """Those whose documents can be read; the others wait for a replay."""
        readable: list[_Work] = []
        for work in works:
            try:
                await self._read([work])
            except DamagedDocument as error:
                _log.error("document passed over", student=work.learner.pseudonym.hex(), error=error.message)
            else:
                readable.append(work)
        return readable

    async def _meet(self, topic_id: str) -> None:
        """Finish what a topic deleted since has left behind; nothing committed in this one means that it may be new."""
        if topic_id != self._topic_id:
            if self._topic_id or not await self._ports.consumer.committed():
                await self.complete(topic_id)
            self._topic_id = topic_id

    async def _judged(self, records: Sequence[Record]) -> tuple[list[Accepted], list[Refused]]:
        """Judge together; one by one if judging itself fails, since no record may stop the others."""
        try:
            return await self._judge.judge(records)
        except MasteryError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the record goes to the dead letters
            if len(records) == 1:
                _log.error(
                    "record cannot be judged", error=repr(error), offset=records[0].offset, exc_info=error
                )
                reason = f"cannot be judged: {type(error).__name__}: {error}"
                return [], [Refused(records[0], InvalidInput(reason, reason="not_judged"))]
        accepted: list[Accepted] = []
        refused: list[Refused] = []
        for record in records:
            good, bad = await self._judged([record])
            accepted += good
            refused += bad
        return accepted, refused

    async def _run(self, step: _Step, works: list[_Work]) -> None:
        """Parts 2 to 7; a failing batch is split until the failing record stands alone, which is then given up."""
        try:
            await self._attempt(step, works)
        except Exception as error:
            if not _is_poison(error):
                raise
            halves = _split(works)
            if halves is not None:
                for half in halves:
                    await self._run(step, half)
                return
            await self._retry(step, works[0], error)

    async def _attempt(self, step: _Step, works: list[_Work]) -> None:
        done: list[_Work] = []
        waiting = works
        for _ in range(_MOST_CONFLICTS):
            # 2. Documents, then processed records.
            processed = await self._read(waiting)
            # 3. Fold.
            for work in waiting:
                if not work.erased:
                    tenant_id = work.learner.tenant.tenant_id
                    work.batch = fold_batch(
                        work.learner,
                        work.document,
                        work.records,
                        step.topic_id,
                        processed.get(tenant_id, {}),
                    )
            await self._store_letters(step, [refused for work in waiting for refused in work.batch.refused])
            # 4. Write.
            conflicts = await self._write(step, waiting)
            lost = {id(work) for work in conflicts}
            done += [work for work in waiting if id(work) not in lost]
            step.report.conflicts += len(conflicts)
            waiting = conflicts
            if not waiting:
                break
        else:
            raise _never_at_rest()
        ports, present = self._ports, [work for work in done if not work.erased]
        # 5 and 6. Derived keys, archive and outputs: none of them reads another.
        self._check_deadline(step)
        await self._together(
            self._derive(present), self._archive(present, step.topic_id), self._send(present)
        )
        # 7. Processed records.
        self._check_deadline(step)
        await self._mark(present, archived=ports.archive is not None)
        await self._slim(step, present)
        step.report.count(done)

    async def _read(self, works: list[_Work]) -> dict[str, dict[bytes, Processed]]:
        """Part 2: documents, then erasure markers where there is none, then `processed:` records."""
        store = self._ports.store
        entries = await store.get_many([work.learner.key for work in works])
        absent: list[_Work] = []
        for work, entry in zip(works, entries, strict=True):
            work.entry = entry
            work.erased = entry is not None and entry.value == TOMBSTONE
            work.document = (
                decode_document(entry.value) if entry is not None and not work.erased else Document()
            )
            if work.document.outcomes:
                self._drop_finished(work)
            work.batch = FoldedBatch(work.document)
            if entry is None:
                absent.append(work)
        if absent:
            markers = await store.get_many([keys.erased(work.learner.pseudonym.hex()) for work in absent])
            for work, marker in zip(absent, markers, strict=True):
                work.erased = marker is not None
        letters = [letter for work in works for letter in work.document.given_up]
        if letters:
            await self._ports.dead_letters.add(letters)
        return await self._processed(works)

    def _drop_finished(self, work: _Work) -> None:
        """Pass over the outcomes whose `processed:` records this very process has written: they need not be read."""
        finished, name = self._finished, work.learner.pseudonym
        document = work.document
        document.outcomes = [one for one in document.outcomes if name + one.event_id not in finished]

    async def _processed(self, works: list[_Work]) -> dict[str, dict[bytes, Processed]]:
        wanted: dict[tuple[str, bytes], None] = {}
        for work in works:
            if not work.erased:
                tenant_id = work.learner.tenant.tenant_id
                wanted.update(dict.fromkeys((tenant_id, accepted.event_id) for accepted in work.records))
                wanted.update(
                    dict.fromkeys((tenant_id, outcome.event_id) for outcome in work.document.outcomes)
                )
        names = [keys.processed(tenant_id, event_id) for tenant_id, event_id in wanted]
        found: dict[str, dict[bytes, Processed]] = {}
        for (tenant_id, event_id), entry in zip(wanted, await self._ports.store.get_many(names), strict=True):
            if entry is not None:
                found.setdefault(tenant_id, {})[event_id] = decode_processed(entry.value)
        return found

    async def _write(self, step: _Step, works: list[_Work]) -> list[_Work]:
        """Part 4; returns the works whose documents somebody else had changed."""
        changed = [work for work in works if work.batch.changed]
        if not changed:
            return []
        now_ms = self._ports.clock.now_ms()
        writes = [
            Write(
                work.learner.key,
                encode_document(work.document),
                ABSENT if work.entry is None else work.entry.version,
                self._lifetimes.document(work.learner.tenant, work.document.state.newest, now_ms),
            )
            for work in changed
        ]
        self._check_deadline(step)
        written = await self._ports.store.write_many(writes)
        return [work for work, kept in zip(changed, written, strict=True) if not kept]

    async def _derive(self, works: list[_Work]) -> None:
        """Part 5, the derived keys."""
        now_ms = self._ports.clock.now_ms()
        writes = [write for work in works for write in self._derived.writes(work.learner, work.batch, now_ms)]
        if writes:
            await self._ports.store.write_many(writes)

    async def _archive(self, works: list[_Work], topic_id: str) -> None:
        """Part 5, the archive."""
        archive = self._ports.archive
        if archive is not None:
            events = [archived(accepted, topic_id) for work in works for accepted in work.batch.valid]
            if events:
                await archive.add(events)

    async def _send(self, works: list[_Work]) -> None:
        """Part 6."""
        messages: list[OutputMessage] = []
        for work in works:
            for outcome in work.document.outcomes:
                formula = self._formulas.get(outcome.formula)
                messages += messages_of(work.learner.tenant, work.learner.student_id, outcome, formula)
        if messages:
            await self._ports.results.publish(messages)

    async def _mark(self, works: list[_Work], *, archived: bool = False) -> None:
        """Part 7.

        Args:
            works: Whose outcomes.
            archived: Leave out outcomes whose records are not of this batch: they may not be in the archive yet.
        """
        writes: list[Write] = []
        names: list[bytes] = []
        for work in works:
            tenant, pseudonym = work.learner.tenant, work.learner.pseudonym
            ids = {accepted.event_id for accepted in work.records}
            ttl = self._lifetimes.processed(tenant)
            for outcome in work.document.outcomes:
                if not archived or outcome.event_id in ids:
                    key = keys.processed(tenant.tenant_id, outcome.event_id)
                    writes.append(Write(key, encode_processed(pseudonym, outcome), None, ttl))
                    names.append(pseudonym + outcome.event_id)
        if writes:
            await self._ports.store.write_many(writes)
            self._finished.add(names)

    async def _slim(self, step: _Step, works: list[_Work]) -> None:
        """Take finished outcomes out of documents that a large batch has left with many; else the next batch does."""
        fat = [work for work in works if len(work.document.outcomes) > _MOST_FINISHED_KEPT]
        if not fat:
            return
        self._check_deadline(step)
        store = self._ports.store
        writes: list[Write] = []
        entries = await store.get_many([work.learner.key for work in fat])
        now_ms = self._ports.clock.now_ms()
        for work, entry in zip(fat, entries, strict=True):
            if entry is None or entry.value == TOMBSTONE:
                continue
            work.document = decode_document(entry.value)
            self._drop_finished(work)
            ttl = self._lifetimes.document(work.learner.tenant, work.document.state.newest, now_ms)
            writes.append(Write(work.learner.key, encode_document(work.document), entry.version, ttl))
        # Whoever has changed one meanwhile has taken them out, or will.
        await store.write_many(writes)

    async def _retry(self, step: _Step, work: _Work, error: Exception) -> None:
        """Try a record that fails alone three more times, then give it up."""
        for attempt in range(1, ATTEMPTS):
            await self._ports.clock.sleep(_FIRST_RETRY_SECONDS * 2 ** (attempt - 1))
            try:
                await self._attempt(step, [work])
            except Exception as again:
                if not _is_poison(again):
                    raise
                error = again
            else:
                return
        _log.error("event given up", error=repr(error), offset=work.records[0].record.offset, exc_info=error)
        await self._give_up(step, work, error)

    async def _give_up(self, step: _Step, work: _Work, error: Exception) -> None:
        """Note the record as given up in the document, then send its dead letter."""
        accepted, ports = work.records[0], self._ports
        record = accepted.record
        letter = given_up_letter(
            accepted, ports.log.topic, step.topic_id, error, ATTEMPTS, ports.clock.now_ms()
        )
        for _ in range(_MOST_CONFLICTS):
            try:
                processed = await self._read([work])
            except DamagedDocument:
                # Nothing can be noted in it; the archive keeps the event for the replay that mends it.
                break
            document = work.document
            if _is_known(work, processed):
                # It counted meanwhile, from another record: this one is a repeat.
                await self._attempt(step, [work])
                return
            passed = record.offset <= document.folded(step.topic_id, record.partition)
            if work.erased or (
                passed and letter.letter_id not in {noted.letter_id for noted in document.given_up}
            ):
                # Erased, or another worker could do it.
                return
            if not passed:
                document.given_up = [*document.given_up, letter]
                document.advance(step.topic_id, record.partition, record.offset)
                work.batch.changed = True
            if not await self._write(step, [work]):
                break
        else:
            raise _never_at_rest()
        self._check_deadline(step)
        await ports.dead_letters.add([letter])
        if ports.archive is not None:
            self._check_deadline(step)
            await ports.archive.add([archived(accepted, step.topic_id)])
        step.report.refused += 1

    async def _by_learner(self, accepted: list[Accepted]) -> list[_Work]:
        tenants = await self._tenants.find({one.event.tenant_id for one in accepted})
        for tenant in tenants.values():
            await self._formulas.refresh(tenant)
        works: dict[tuple[str, str], _Work] = {}
        for one in accepted:
            name = (one.event.tenant_id, one.event.student_id)
            work = works.get(name)
            if work is None:
                work = works[name] = _Work(self._learner(tenants[name[0]], name[1]), [])
            work.records.append(one)
        return list(works.values())

    def _learner(self, tenant: Tenant, student_id: str) -> Learner:
        pseudonym = self._pseudonyms.digest(tenant.tenant_id, student_id)
        return Learner(tenant, student_id, pseudonym, self._formulas.of(tenant, student_id))

    async def _store_letters(self, step: _Step, refused: Sequence[Refused]) -> None:
        if refused:
            topic, now_ms = self._ports.log.topic, self._ports.clock.now_ms()
            self._check_deadline(step)
            await self._ports.dead_letters.add(
                [letter_of(one, topic, step.topic_id, now_ms) for one in refused]
            )

    def _check_deadline(self, step: _Step) -> None:
        if self._ports.clock.monotonic() > step.deadline:
            raise StepLate(f"a step took longer than {STEP_DEADLINE_SECONDS:.0f} s and starts over")


@final
class _Step:
    """What holds for all of a step."""

    __slots__ = ("deadline", "report", "topic_id")

    def __init__(self, topic_id: str, deadline: float, report: StepReport) -> None:
        self.topic_id = topic_id
        self.deadline = deadline
        self.report = report


def archived(accepted: Accepted, topic_id: str) -> ArchivedEvent:
    """The event as the archive keeps it."""
    record, event = accepted.record, accepted.event
    return ArchivedEvent(
        event.tenant_id,
        event.event_id,
        event.student_id,
        event.timestamp // DAY_MS,
        event.timestamp,
        topic_id,
        record.partition,
        record.offset,
        record.appended_ms,
        record.value,
    )


def _is_known(work: _Work, processed: dict[str, dict[bytes, Processed]]) -> bool:
    """Whether the id of the work's one record stands for an event that counted."""
    event_id = work.records[0].event_id
    return event_id in processed.get(work.learner.tenant.tenant_id, {}) or any(
        outcome.event_id == event_id for outcome in work.document.outcomes
    )


def _is_poison(error: Exception) -> bool:
    """Whether the event is to blame, and not a dependency or a setting."""
    return not isinstance(error, MasteryError) or isinstance(error, InvalidInput | DamagedDocument)


def _never_at_rest() -> DependencyDown:
    return DependencyDown(
        f"documents kept changing under the worker in {_MOST_CONFLICTS} tries; trying again"
    )


def _without_contest(accepted: list[Accepted]) -> list[list[Accepted]]:
    """All at once, or first those whose event ids stand for one event each, and behind them what contests an id.

    A student's records stay in their order.
    """
    first: dict[tuple[str, bytes], bytes] = {}
    now: list[Accepted] = []
    later: list[Accepted] = []
    behind: set[tuple[str, str]] = set()
    for one in accepted:
        event = one.event
        learner = (event.tenant_id, event.student_id)
        if first.setdefault((event.tenant_id, one.event_id), one.digest) != one.digest:
            behind.add(learner)
        if learner in behind:
            later.append(one)
        else:
            now.append(one)
    return [part for part in (now, later) if part]


def _split(works: list[_Work]) -> tuple[list[_Work], list[_Work]] | None:
    """Two halves, by student and then by record; None for a record that stands alone."""
    if len(works) > 1:
        middle = len(works) // 2
        return works[:middle], works[middle:]
    records = works[0].records
    if len(records) == 1:
        return None
    middle = len(records) // 2
    learner = works[0].learner
    return [_Work(learner, records[:middle])], [_Work(learner, records[middle:])]


def _next_offsets(records: Iterable[Record]) -> dict[int, int]:
    offsets: dict[int, int] = {}
    for record in records:
        offsets[record.partition] = max(record.offset + 1, offsets.get(record.partition, 0))
    return offsets
