"""Parts 2 and 4 to 7 of a step, each for itself; `process` has their order, and says why it is this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, final

import structlog

from mastery_engine.contracts import keys
from mastery_engine.contracts.document import TOMBSTONE, Document, decode_document, encode_document
from mastery_engine.contracts.erasure import refused_until
from mastery_engine.contracts.event_json import encode_event
from mastery_engine.contracts.outcome import Processed, encode_processed
from mastery_engine.contracts.processed import read_processed
from mastery_engine.contracts.restricted import decode_restricted
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.engine.dead_letter_forms import letter_of
from mastery_engine.engine.derived import DerivedKeys
from mastery_engine.engine.finished import Finished
from mastery_engine.engine.fold_batch import FoldedBatch, Records
from mastery_engine.engine.formula_choice import FormulaChoice
from mastery_engine.engine.judge import Accepted, Refused
from mastery_engine.engine.late_writes import take_back
from mastery_engine.engine.lifetimes import Lifetimes
from mastery_engine.engine.outputs import messages_of
from mastery_engine.engine.step import Ports, Step, Work
from mastery_engine.ports import ABSENT, ArchivedEvent, OutputMessage, Write

ByTenant = Mapping[str, Records]
"""`processed:` records by tenant and event id."""

_NOBODY: Final[frozenset[bytes]] = frozenset()
_FINISHED_KEPT: Final = 20_000
_MOST_FINISHED_KEPT: Final = 8

_log: Final = structlog.get_logger(__name__)


@final
class Parts:
    """Reads and writes, a part a method."""

    def __init__(
        self, ports: Ports, formulas: FormulaChoice, lifetimes: Lifetimes, derived: DerivedKeys
    ) -> None:
        """Put the parts together."""
        self._ports = ports
        self._formulas = formulas
        self._lifetimes = lifetimes
        self._derived = derived
        self._finished = Finished(_FINISHED_KEPT)

    async def store_letters(self, step: Step, refused: Sequence[Refused]) -> None:
        """Dead letters of parts 1 and 3."""
        if refused:
            topic, now_ms = self._ports.log.topic, self._ports.clock.now_ms()
            step.check_deadline()
            await self._ports.dead_letters.add(
                [letter_of(one, topic, step.topic_id, now_ms) for one in refused]
            )

    async def read(self, works: list[Work]) -> ByTenant:
        """Part 2: documents and who is restricted, then erasure markers where there is none, then `processed:` records.

        Raises:
            DamagedDocument: One of the documents cannot be read.
            NewerVersion: A newer release wrote one of them.
        """
        store = self._ports.store
        tenants = {work.learner.tenant.tenant_id: _NOBODY for work in works}
        entries = await store.get_many(
            [*(work.learner.key for work in works), *map(keys.restricted, tenants)]
        )
        for tenant_id, entry in zip(tenants, entries[len(works) :], strict=True):
            if entry is not None:
                tenants[tenant_id] = decode_restricted(entry.value)
        absent: list[Work] = []
        for work, entry in zip(works, entries[: len(works)], strict=True):
            work.entry = entry
            work.restricted = work.learner.pseudonym in tenants[work.learner.tenant.tenant_id]
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
                until = refused_until(None if marker is None else marker.value)
                work.erased = until is None
                work.document.refused_until = until or 0
        letters = [letter for work in works for letter in work.document.given_up]
        if letters:
            await self._ports.dead_letters.add(letters)
        return await self._processed(works)

    async def write(self, step: Step, works: list[Work]) -> list[Work]:
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
        written = await self._write(step, list(zip(changed, writes, strict=True)))
        return [work for work, kept in zip(changed, written, strict=True) if not kept]

    async def derive(self, step: Step, works: list[Work]) -> None:
        """Part 5, the derived keys."""
        now_ms = self._ports.clock.now_ms()
        writes = [
            (work, write)
            for work in works
            if not work.restricted
            for write in self._derived.writes(work.learner, work.batch, now_ms)
        ]
        if writes:
            await self._write(step, writes)

    async def archive(self, works: list[Work], topic_id: str) -> None:
        """Part 5, the archive."""
        archive = self._ports.archive
        if archive is not None:
            events = [archived(accepted, topic_id) for work in works for accepted in work.batch.valid]
            if events:
                await archive.add(events)

    async def send(self, step: Step, works: list[Work]) -> None:
        """Part 6; of a restricted learner nothing is told, later neither."""
        messages: list[OutputMessage] = []
        for work in works:
            if work.restricted:
                continue
            for outcome in work.document.outcomes:
                formula = self._formulas.get(outcome.formula)
                messages += messages_of(work.learner.tenant, work.learner.student_id, outcome, formula)
        if messages:
            await step.write(self._ports.results.publish(messages))

    async def mark(self, step: Step, works: list[Work], *, archived: bool = False) -> None:
        """Part 7.

        Args:
            step: Whose deadline counts.
            works: Whose outcomes.
            archived: Leave out outcomes whose records this batch has not archived: they may not be in the archive yet. One
                whose `processed:` record is there, and damaged, is.
        """
        writes: list[tuple[Work, Write]] = []
        names: list[bytes] = []
        for work in works:
            tenant, pseudonym = work.learner.tenant, work.learner.pseudonym
            # Not of all its records: one that was refused for its id stands for another event.
            ids = {accepted.event_id for accepted in work.batch.valid}
            ttl = self._lifetimes.processed(tenant)
            for outcome in work.document.outcomes:
                if not archived or outcome.event_id in ids or outcome.event_id in work.batch.damaged:
                    key = keys.processed(tenant.tenant_id, outcome.event_id)
                    writes.append((work, Write(key, encode_processed(pseudonym, outcome), None, ttl)))
                    names.append(pseudonym + outcome.event_id)
        if writes:
            await self._write(step, writes)
            self._finished.add(names)

    async def slim(self, step: Step, works: list[Work]) -> None:
        """Take finished outcomes out of documents that a large batch has left with many; else the next batch does."""
        fat = [work for work in works if len(work.document.outcomes) > _MOST_FINISHED_KEPT]
        if not fat:
            return
        step.check_deadline()
        store = self._ports.store
        writes: list[tuple[Work, Write]] = []
        entries = await store.get_many([work.learner.key for work in fat])
        now_ms = self._ports.clock.now_ms()
        for work, entry in zip(fat, entries, strict=True):
            if entry is None or entry.value == TOMBSTONE:
                continue
            work.document = decode_document(entry.value)
            self._drop_finished(work)
            ttl = self._lifetimes.document(work.learner.tenant, work.document.state.newest, now_ms)
            writes.append((work, Write(work.learner.key, encode_document(work.document), entry.version, ttl)))
        # Whoever has changed one meanwhile has taken them out, or will.
        await self._write(step, writes)

    async def _write(self, step: Step, writes: Sequence[tuple[Work, Write]]) -> Sequence[bool]:
        store = self._ports.store

        async def back() -> None:
            await take_back(store, [(work, write.key) for work, write in writes])

        return await step.write(store.write_many([write for _, write in writes]), back)

    def _drop_finished(self, work: Work) -> None:
        """Pass over the outcomes whose `processed:` records this very process has written: they need not be read."""
        finished, name = self._finished, work.learner.pseudonym
        document = work.document
        document.outcomes = [one for one in document.outcomes if name + one.event_id not in finished]

    async def _processed(self, works: list[Work]) -> ByTenant:
        wanted: dict[tuple[str, bytes], None] = {}
        for work in works:
            if not work.erased:
                tenant_id = work.learner.tenant.tenant_id
                wanted.update(dict.fromkeys((tenant_id, accepted.event_id) for accepted in work.records))
                wanted.update(
                    dict.fromkeys((tenant_id, outcome.event_id) for outcome in work.document.outcomes)
                )
        names = [keys.processed(tenant_id, event_id) for tenant_id, event_id in wanted]
        found: dict[str, dict[bytes, Processed | None]] = {}
        for (tenant_id, event_id), entry in zip(wanted, await self._ports.store.get_many(names), strict=True):
            if entry is not None:
                record = read_processed(event_id, entry.value)
                found.setdefault(tenant_id, {})[event_id] = record
                if record is None:
                    _log.error("processed record damaged", key=keys.processed(tenant_id, event_id))
        return found


def archived(accepted: Accepted, topic_id: str) -> ArchivedEvent:
    """The event as the archive keeps it: readable without a registry."""
    record, event = accepted.record, accepted.event
    value = record.value if record.value.startswith(b"{") else encode_event(event)
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
        value,
    )
