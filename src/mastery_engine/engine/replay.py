"""Replay: rebuild from the archive into a side-by-side state, compare, switch; or ask what another formula would change."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final, final

from mastery_engine.contracts import keys
from mastery_engine.contracts.document import TOMBSTONE, encode_document
from mastery_engine.contracts.erasure import refused_until
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.scores import Formula
from mastery_engine.engine.committed import Committed
from mastery_engine.engine.formula_choice import FormulaChoice
from mastery_engine.engine.lifetimes import DAY_SECONDS, Lifetimes
from mastery_engine.engine.processed_records import ProcessedRecords
from mastery_engine.engine.rebuild import Rebuilt, rebuild
from mastery_engine.engine.replay_report import FormulaChange, ReplayReport
from mastery_engine.ports import ABSENT, Archive, ArchivedEvent, Clock, Entry, StateStore, Write

SIDE_BY_SIDE_SECONDS: Final = 7 * DAY_SECONDS
STEP_DEADLINE_SECONDS: Final = 30.0
SWITCH_TRIES: Final = 10
WAIT_SECONDS: Final = 0.1
STUDENTS_A_BATCH: Final = 100
FORGOTTEN_AT_ONCE: Final = 1_000


@final
class Replay:
    """Rebuilds learners from the archive."""

    def __init__(
        self,
        store: StateStore,
        archive: Archive,
        committed: Callable[[], Awaitable[Committed]],
        formulas: FormulaChoice,
        pseudonyms: keys.Pseudonyms,
        lifetimes: Lifetimes,
        clock: Clock,
    ) -> None:
        """Put the parts together.

        Args:
            store: Where the live documents are, and the rebuilt ones beside them.
            archive: What they are rebuilt from.
            committed: Tells how far the log is done with, and what of it the archive holds (`committed_of`).
            formulas: For results that are noted as sent.
            pseudonyms: Of the students in `processed:` records.
            lifetimes: Of what is written.
            clock: For deadlines and waits.
        """
        self._store = store
        self._archive = archive
        self._committed = committed
        self._formulas = formulas
        self._pseudonyms = pseudonyms
        self._lifetimes = lifetimes
        self._records = ProcessedRecords(store, formulas, pseudonyms, lifetimes)
        self._clock = clock

    async def run(
        self,
        tenant: Tenant,
        run_id: str,
        *,
        student_id: str | None = None,
        switch: bool,
        progress: Callable[[int], None] | None = None,
    ) -> ReplayReport:
        """Rebuild one student or all of a tenant.

        Args:
            tenant: Whose students.
            run_id: Names the side-by-side state.
            student_id: One student; None means all in the archive.
            switch: Put the rebuilt state in the place of a live one that differs or is missing, and mend `processed:`
                records. Without it these are looked at for one student only.
            progress: Told how many events each batch had.
        """
        report = ReplayReport()
        async for batch in self._batches(tenant, None if student_id is None else [student_id]):
            # Comparing everybody takes long enough without them.
            records = switch or student_id is not None
            await self._batch(tenant, run_id, batch, report, switch=switch, records=records)
            if progress is not None:
                progress(sum(map(len, batch.values())))
        return report

    async def students(self, tenant: Tenant, span: tuple[int, int] | None = None) -> list[str]:
        """Whom there is something to rebuild of, sorted; see `Archive.students`."""
        return await self._archive.students(tenant.tenant_id, span)

    async def rebuild(
        self, tenant: Tenant, run_id: str, student_ids: Sequence[str], *, switch: bool
    ) -> ReplayReport:
        """Rebuild a batch of a tenant's students, as `run` does for all; those without an event are passed over."""
        report = ReplayReport()
        found = await self._archive.of_students(tenant.tenant_id, student_ids)
        if found:
            await self._batch(tenant, run_id, found, report, switch=switch, records=switch)
        return report

    async def forget(self, tenant: Tenant, run_id: str, student_ids: Sequence[str]) -> None:
        """Remove what a run has rebuilt beside the live state, once it has ended; what is left goes by itself in a week."""
        for first in range(0, len(student_ids), FORGOTTEN_AT_ONCE):
            some = student_ids[first : first + FORGOTTEN_AT_ONCE]
            aside = [keys.rebuilt(tenant.tenant_id, run_id, student_id) for student_id in some]
            await self._store.write_many([Write(key, None) for key in aside])

    async def what_if(
        self, tenant: Tenant, formula: Formula, student_ids: Sequence[str] | None = None
    ) -> list[FormulaChange]:
        """Students under another formula, biggest change first.

        Args:
            tenant: Whose students.
            formula: The other one.
            student_ids: Which; None means every one of the archive.
        """
        await self._formulas.refresh(tenant)
        changes: list[FormulaChange] = []
        async for batch in self._batches(tenant, student_ids):
            committed = await self._committed()
            live = await self._live(tenant, list(batch))
            for (student_id, events), entry in zip(batch.items(), live, strict=True):
                if not await self._is_erased(tenant, student_id, entry):
                    state = self._rebuilt(tenant, entry, events, committed).document.state
                    if state.newest_day >= 0:
                        now = state.latest_result(self._formulas.of(tenant, student_id))
                        then = state.latest_result(formula)
                        changes.append(
                            FormulaChange(
                                student_id=student_id,
                                score=now.score,
                                level=now.level,
                                new_score=then.score,
                                new_level=then.level,
                            )
                        )
        return sorted(changes, key=lambda one: (-abs(one.new_score - one.score), one.student_id))

    async def _batch(
        self,
        tenant: Tenant,
        run_id: str,
        batch: dict[str, list[ArchivedEvent]],
        report: ReplayReport,
        *,
        switch: bool,
        records: bool,
    ) -> None:
        deadline = self._clock.monotonic() + STEP_DEADLINE_SECONDS
        # Before the documents: what is committed by now has been folded by then.
        committed = await self._committed()
        live = await self._live(tenant, list(batch))
        aside: list[Write] = []
        for (student_id, events), entry in zip(batch.items(), live, strict=True):
            if await self._is_erased(tenant, student_id, entry):
                report.erased += 1
                continue
            rebuilt = self._rebuilt(tenant, entry, events, committed)
            report.students += 1
            agrees = entry is not None and not rebuilt.differences
            if agrees:
                report.equal += 1
            else:
                seen, agrees = await self._look_closely(tenant, student_id, report, switch=switch)
                rebuilt = seen or rebuilt
            if records and agrees:
                damaged = await self._records.damaged(tenant, rebuilt, events)
                report.damaged += damaged
                if switch and damaged:
                    report.mended += await self._records.mend(tenant, student_id, rebuilt, events, damaged)
            report.events += rebuilt.events
            report.waiting += rebuilt.waiting
            report.pending += rebuilt.pending
            report.lost += rebuilt.lost
            key = keys.rebuilt(tenant.tenant_id, run_id, student_id)
            aside.append(Write(key, encode_document(rebuilt.document), None, SIDE_BY_SIDE_SECONDS))
        # Late, an eraser may have swept in between, and nothing may bring a student back.
        if self._clock.monotonic() <= deadline:
            await self._store.write_many(aside)

    async def _look_closely(
        self, tenant: Tenant, student_id: str, report: ReplayReport, *, switch: bool
    ) -> tuple[Rebuilt | None, bool]:
        """Compare again, what is committed read before the document and the archive after it; switch by one conditional write.

        Workers go on meanwhile: if the document has changed, or the archive lags behind it, catch up and try again.

        Returns:
            The rebuilt student, None for an erased one; and whether the live state agrees with it now.
        """
        key = keys.document(tenant.tenant_id, student_id)
        rebuilt = None
        for attempt in range(SWITCH_TRIES):
            if attempt:
                await self._clock.sleep(WAIT_SECONDS)
            deadline = self._clock.monotonic() + STEP_DEADLINE_SECONDS
            committed = await self._committed()
            entry = (await self._live(tenant, [student_id]))[0]
            if await self._is_erased(tenant, student_id, entry):
                report.erased += 1
                return None, False
            waiting = await self._records.unfinished(tenant, student_id, entry)
            events = await self._archive.of_student(tenant.tenant_id, student_id)
            rebuilt = self._rebuilt(tenant, entry, events, committed)
            if entry is not None and not rebuilt.differences:
                report.equal += 1
                return rebuilt, True
            if rebuilt.is_ahead and committed.held is not None and committed.held.is_final:
                break
            late = self._clock.monotonic() > deadline
            if late or rebuilt.is_ahead or waiting.intersection(rebuilt.unarchived):
                continue
            switches = switch and not rebuilt.failed and not rebuilt.lost
            if switches:
                ttl = self._lifetimes.document(tenant, rebuilt.document.state.newest, self._clock.now_ms())
                version = ABSENT if entry is None else entry.version
                await self._heed_lifted(tenant, student_id, entry, rebuilt)
                await self._records.restore(tenant, student_id, rebuilt, events)
                write = Write(key, encode_document(rebuilt.document), version, ttl)
                if not (await self._store.write_many([write]))[0]:
                    continue
                report.switched += 1
            if entry is None:
                report.missing += 1
            else:
                report.different[student_id] = rebuilt.differences
            return rebuilt, switches
        report.behind.append(student_id)
        return rebuilt, False

    def _rebuilt(
        self, tenant: Tenant, entry: Entry | None, events: Sequence[ArchivedEvent], committed: Committed
    ) -> Rebuilt:
        live = None if entry is None else entry.value
        return rebuild(tenant, live, events, self._clock.now_ms(), committed)

    async def _live(self, tenant: Tenant, student_ids: Sequence[str]) -> list[Entry | None]:
        return await self._store.get_many([keys.document(tenant.tenant_id, one) for one in student_ids])

    async def _is_erased(self, tenant: Tenant, student_id: str, entry: Entry | None) -> bool:
        if entry is not None:
            return entry.value == TOMBSTONE
        return await self._refused_until(tenant, student_id) is None

    async def _heed_lifted(
        self, tenant: Tenant, student_id: str, entry: Entry | None, rebuilt: Rebuilt
    ) -> None:
        """Note in a document made anew what an erasure keeps out that was lifted, as whoever folds a first event does."""
        if entry is None:
            rebuilt.document.refused_until = await self._refused_until(tenant, student_id) or 0

    async def _refused_until(self, tenant: Tenant, student_id: str) -> int | None:
        marker = (
            await self._store.get_many([keys.erased(self._pseudonyms.of(tenant.tenant_id, student_id))])
        )[0]
        return refused_until(None if marker is None else marker.value)

    async def _batches(
        self, tenant: Tenant, student_ids: Sequence[str] | None
    ) -> AsyncIterator[dict[str, list[ArchivedEvent]]]:
        """Students with all their archived events, a batch at a time."""
        archive = self._archive
        names = await archive.students(tenant.tenant_id) if student_ids is None else student_ids
        for first in range(0, len(names), STUDENTS_A_BATCH):
            found = await archive.of_students(tenant.tenant_id, names[first : first + STUDENTS_A_BATCH])
            if found:
                yield found
