"""`processed:` records as a replay finds them: unfinished, lost with their store, or damaged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import final

from mastery_engine.contracts import keys
from mastery_engine.contracts.document import DamagedDocument, Document, decode_document
from mastery_engine.contracts.event_json import decode_event
from mastery_engine.contracts.outcome import (
    Outcome,
    Published,
    component_places,
    encode_processed,
    from_micros,
    level_place,
    micros,
    to_micros,
)
from mastery_engine.contracts.processed import read_processed
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.learner import LearnerState
from mastery_engine.domain.scores import Components, Formula
from mastery_engine.engine.fold_batch import unfinished
from mastery_engine.engine.formula_choice import FormulaChoice
from mastery_engine.engine.judge import identity_of
from mastery_engine.engine.lifetimes import Lifetimes
from mastery_engine.engine.rebuild import Rebuilt
from mastery_engine.ports import ABSENT, ArchivedEvent, Entry, StateStore, Write


@final
class ProcessedRecords:
    """Reads them for one student at a time, and writes them anew from the archive."""

    def __init__(
        self,
        store: StateStore,
        formulas: FormulaChoice,
        pseudonyms: keys.Pseudonyms,
        lifetimes: Lifetimes,
    ) -> None:
        """Put the parts together."""
        self._store = store
        self._formulas = formulas
        self._pseudonyms = pseudonyms
        self._lifetimes = lifetimes

    async def unfinished(self, tenant: Tenant, student_id: str, entry: Entry | None) -> set[bytes]:
        """Ids of the document's outcomes that a worker has yet to finish; the archive may not have their events."""
        try:
            document = Document() if entry is None else decode_document(entry.value)
        except DamagedDocument:
            return set()
        ids = [outcome.event_id for outcome in document.outcomes]
        found = await self._store.get_many([keys.processed(tenant.tenant_id, event_id) for event_id in ids])
        processed = {
            event_id: read_processed(event_id, one.value)
            for event_id, one in zip(ids, found, strict=True)
            if one is not None
        }
        pseudonym = self._pseudonyms.digest(tenant.tenant_id, student_id)
        return {outcome.event_id for outcome in unfinished(document, processed, pseudonym)}

    async def restore(
        self, tenant: Tenant, student_id: str, rebuilt: Rebuilt, events: Sequence[ArchivedEvent]
    ) -> None:
        """Write records where there are none, or the same events sent again would count twice.

        Before the document, so that a crash in between leaves a student whom the next replay still finds different.
        """
        formula = await self._formulas.now(tenant, student_id)
        if rebuilt.made_anew or rebuilt.missed:
            _note_published(rebuilt.document, formula)
        pseudonym, ttl = (
            self._pseudonyms.digest(tenant.tenant_id, student_id),
            self._lifetimes.processed(tenant),
        )
        outcomes = await self._outcomes(tenant, student_id, rebuilt, events)
        writes = [
            Write(
                keys.processed(tenant.tenant_id, outcome.event_id),
                encode_processed(pseudonym, outcome),
                ABSENT,
                ttl,
            )
            for outcome in outcomes
        ]
        if writes:
            await self._store.write_many(writes)

    async def damaged(
        self, tenant: Tenant, rebuilt: Rebuilt, events: Sequence[ArchivedEvent]
    ) -> dict[str, Entry]:
        """Records of folded events that cannot be read, by event id; those of the document's outcomes mend themselves."""
        folded = _folded(rebuilt, events)
        names = [keys.processed(tenant.tenant_id, _bytes_of(one.event_id)) for one in folded]
        return {
            one.event_id: entry
            for one, entry in zip(folded, await self._store.get_many(names), strict=True)
            if entry is not None and read_processed(_bytes_of(one.event_id), entry.value) is None
        }

    async def mend(
        self,
        tenant: Tenant,
        student_id: str,
        rebuilt: Rebuilt,
        events: Sequence[ArchivedEvent],
        damaged: dict[str, Entry],
    ) -> int:
        """Write damaged records of a student whose live state agrees with the archive; returns how many.

        Each only in the place of the one that was found damaged.
        """
        found = {_bytes_of(event_id): entry for event_id, entry in damaged.items()}
        pseudonym, ttl = (
            self._pseudonyms.digest(tenant.tenant_id, student_id),
            self._lifetimes.processed(tenant),
        )
        lost = [one for one in events if one.event_id in damaged]
        writes = [
            Write(
                keys.processed(tenant.tenant_id, outcome.event_id),
                encode_processed(pseudonym, outcome),
                found[outcome.event_id].version,
                ttl,
            )
            for outcome in await self._outcomes(tenant, student_id, rebuilt, lost)
        ]
        return sum(await self._store.write_many(writes))

    async def _outcomes(
        self, tenant: Tenant, student_id: str, rebuilt: Rebuilt, events: Sequence[ArchivedEvent]
    ) -> list[Outcome]:
        formula = await self._formulas.now(tenant, student_id)
        return _restored_outcomes(rebuilt.document.state, _folded(rebuilt, events), formula)


def _note_published(document: Document, formula: Formula) -> None:
    """Take the rebuilt result for the last one sent, from which the next event tells its difference."""
    if document.state.newest_day >= 0:
        result = document.state.latest_result(formula)
        weak = component_places(formula.weak(from_micros(to_micros(result.components))))
        document.published = Published(micros(result.score), level_place(result.level), weak)


def _restored_outcomes(state: LearnerState, lost: Iterable[ArchivedEvent], formula: Formula) -> list[Outcome]:
    """Outcomes for events whose own are lost; their outputs were sent long ago, so all tell the rebuilt result."""
    known = state.newest_day >= 0
    components = state.latest_result(formula).components if known else Components(None, None, None, None)
    score = formula.score(components)
    told = (micros(score), level_place(formula.level(score)), to_micros(components), formula.id)
    as_of, day = (state.newest, state.newest_day) if known else (0, 0)
    outcomes: list[Outcome] = []
    for one in lost:
        event_id, digest = identity_of(decode_event(one.value))
        outcomes.append(Outcome(event_id, digest, one.partition, one.offset, as_of, day, *told))
    return outcomes


def _folded(rebuilt: Rebuilt, events: Sequence[ArchivedEvent]) -> list[ArchivedEvent]:
    """Events that the document has, without those whose outputs a worker may still have to send."""
    outcomes = {outcome.event_id for outcome in rebuilt.document.outcomes}
    left_out = {*rebuilt.waiting, *rebuilt.pending, *rebuilt.refused, *rebuilt.failed}
    return [one for one in events if one.event_id not in left_out and _bytes_of(one.event_id) not in outcomes]


def _bytes_of(event_id: str) -> bytes:
    return bytes.fromhex(event_id.replace("-", ""))
