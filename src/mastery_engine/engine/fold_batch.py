"""Step 3 of processing: one learner's records of a batch, folded into the learner's document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, final

from mastery_engine.contracts import keys
from mastery_engine.contracts.document import Document
from mastery_engine.contracts.erasure import is_refused
from mastery_engine.contracts.outcome import (
    Answer,
    Outcome,
    Processed,
    Published,
    component_places,
    from_micros,
    level_place,
    micros,
    to_micros,
)
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.contracts.tracing import trace_of
from mastery_engine.domain.errors import InvalidInput, Problem, TooManyCourses
from mastery_engine.domain.events import MasteryCalculationRequested
from mastery_engine.domain.scores import Components, Formula
from mastery_engine.engine.judge import Accepted, Refused
from mastery_engine.engine.path_notes import path_note

Records = Mapping[bytes, Processed | None]
"""`processed:` records by event id; None for one that is there and damaged."""


class Learner(NamedTuple):
    """A learner and what holds for it during a batch.

    Attributes:
        pseudonym: Keyed hash, 16 bytes.
        formula: The formula in force for this student.
    """

    tenant: Tenant
    student_id: str
    pseudonym: bytes
    formula: Formula

    @property
    def key(self) -> str:
        """Key of the learner's document."""
        return keys.document(self.tenant.tenant_id, self.student_id)


@final
class FoldedBatch:
    """What folding a learner's records came to.

    Attributes:
        document: The document, changed in place.
        answered: How many requests were answered; they are no evidence and are not in `folded`.
        changed: Whether it has to be written.
        dropped: How many records are of a time that an erasure of the student, lifted since, keeps out.
        damaged: Events of the document's outcomes whose `processed:` records are damaged, to be written anew.
        folded: Outcomes of this batch, oldest first, beside the ones noted earlier.
        late_days: Days before the newest one that events of this batch changed.
        refused: Records that only the document or another record could show to be wrong.
        repeats: How many records were redelivered or repeats of a producer.
        valid: Records whose events count or wait, for the archive.
    """

    __slots__ = (
        "answered",
        "changed",
        "damaged",
        "document",
        "dropped",
        "folded",
        "late_days",
        "refused",
        "repeats",
        "valid",
    )

    def __init__(self, document: Document) -> None:
        self.document = document
        self.answered = 0
        self.changed = False
        self.damaged: set[bytes] = set()
        self.dropped = 0
        self.folded: list[Outcome] = []
        self.late_days: set[int] = set()
        self.refused: list[Refused] = []
        self.repeats = 0
        self.valid: list[Accepted] = []


def fold_batch(
    learner: Learner,
    document: Document,
    records: list[Accepted],
    topic_id: str,
    processed: Records,
) -> FoldedBatch:
    """Fold what of the records counts, in offset order.

    Args:
        learner: Whose records they are.
        document: The learner's document as read; changed in place.
        records: The records, in the order of the batch.
        topic_id: Id of the topic that they come from.
        processed: `processed:` records by event id, read after the document: of these records and of the document's outcomes.
    """
    batch = FoldedBatch(document)
    waiting = unfinished(document, processed, learner.pseudonym)
    known = {outcome.event_id: outcome.digest for outcome in waiting}
    batch.damaged = {one for one in known if one in processed and processed[one] is None}
    document.outcomes = waiting
    for accepted in records:
        record = accepted.record
        if document.refused_until and is_refused(
            document.refused_until, accepted.event.timestamp, record.appended_ms
        ):
            batch.dropped += 1
            batch.changed |= record.offset > document.folded(topic_id, record.partition)
            document.advance(topic_id, record.partition, record.offset)
            continue
        repeat = _is_repeat(learner, accepted, processed, known)
        if record.offset <= document.folded(topic_id, record.partition):
            batch.repeats += 1
            # What was refused when it first came has its letter since, and has no place in the archive.
            if repeat is True or _is_given_up(document, accepted):
                batch.valid.append(accepted)
            continue
        document.advance(topic_id, record.partition, record.offset)
        batch.changed = True
        if isinstance(repeat, InvalidInput):
            batch.refused.append(Refused(record, repeat, accepted.event))
        elif repeat:
            batch.repeats += 1
            batch.valid.append(accepted)
        else:
            try:
                _fold(learner, batch, accepted)
            except TooManyCourses as error:
                batch.refused.append(Refused(record, error, accepted.event))
            else:
                known[accepted.event_id] = accepted.digest
                batch.valid.append(accepted)
    return batch


def unfinished(document: Document, processed: Records, pseudonym: bytes) -> list[Outcome]:
    """Outcomes without a `processed:` record; a damaged one, or one of another student, says nothing of this event."""
    return [
        outcome
        for outcome in document.outcomes
        if (record := processed.get(outcome.event_id)) is None or record.student != pseudonym
    ]


def _is_repeat(
    learner: Learner,
    accepted: Accepted,
    processed: Records,
    known: Mapping[bytes, bytes],
) -> bool | InvalidInput:
    """Whether the event counted before; an error if its id belongs to another event."""
    record = processed.get(accepted.event_id)
    if accepted.event_id in known:
        digest = known[accepted.event_id]
    elif record is not None:
        if record.student != learner.pseudonym:
            return _reused(accepted, "another student's event has this id")
        digest = record.outcome.digest
    elif accepted.event_id in processed:
        return _unclear(accepted)
    else:
        return False
    return (
        True
        if digest == accepted.digest
        else _reused(accepted, "an event with this id and other content came first")
    )


def _is_given_up(document: Document, accepted: Accepted) -> bool:
    return any(letter.event_id == accepted.event.event_id for letter in document.given_up)


def _reused(accepted: Accepted, rule: str) -> InvalidInput:
    return InvalidInput.of(Problem("event_id", accepted.event.event_id, rule), reason="event_id_reused")


def _unclear(accepted: Accepted) -> InvalidInput:
    event = accepted.event
    rule = (
        "an event with this id has counted, and the record that tells which is damaged, so nobody can tell a repeat "
        f"from another event; mend it with: mastery replay {event.student_id} --tenant {event.tenant_id}, and then "
        "reprocess this letter"
    )
    return InvalidInput.of(Problem("event_id", event.event_id, rule), reason="damaged_record")


def _fold(learner: Learner, batch: FoldedBatch, accepted: Accepted) -> None:
    document, state = batch.document, batch.document.state
    event, day = accepted.event, accepted.day
    if isinstance(event, MasteryCalculationRequested):
        document.outcomes.append(_answer(learner, document, accepted, event))
        batch.answered += 1
        return
    late = day < state.newest_day
    state.fold(event, day, learner.tenant.retention_days)
    if late:
        batch.late_days.add(day)
    outcome = _outcome(learner, document, accepted)
    document.outcomes.append(outcome)
    batch.folded.append(outcome)
    if document.given_up:
        document.given_up = [letter for letter in document.given_up if letter.event_id != event.event_id]


def _outcome(learner: Learner, document: Document, accepted: Accepted) -> Outcome:
    """Note what the event just folded changed, and take it for the last result sent."""
    state, formula, before = document.state, learner.formula, document.published
    result = state.latest_result(formula)
    score, level = micros(result.score), level_place(result.level)
    components = to_micros(result.components)
    weak = component_places(formula.weak(from_micros(components)))
    path = None
    if before is None or weak != before.weak:
        path = path_note(state, result, formula)
    document.published = Published(score, level, weak)
    return Outcome(
        accepted.event_id,
        accepted.digest,
        accepted.record.partition,
        accepted.record.offset,
        state.newest,
        state.newest_day,
        score,
        level,
        components,
        formula.id,
        None if before is None else before.score,
        None if before is None else before.level,
        path,
        trace=trace_of(accepted.record.headers),
    )


def _answer(
    learner: Learner, document: Document, accepted: Accepted, event: MasteryCalculationRequested
) -> Outcome:
    """Answer a calculation request: the components asked about, or the student as he stands; nothing is folded."""
    state, formula = document.state, learner.formula
    error, as_of, day = None, event.timestamp, accepted.day
    asked = event.components
    if asked is not None:
        components = Components(asked.completion, asked.quiz, asked.quality, asked.consistency)
    elif is_known(document):
        components, as_of, day = state.latest_result(formula).components, state.newest, state.newest_day
    else:
        components, error = Components(None, None, None, None), "NOT_FOUND"
    score = formula.score(components)
    return Outcome(
        accepted.event_id,
        accepted.digest,
        accepted.record.partition,
        accepted.record.offset,
        as_of,
        day,
        micros(score),
        level_place(formula.level(score)),
        to_micros(components),
        formula.id,
        answer=Answer(event.correlation_id, error),
        trace=trace_of(accepted.record.headers),
    )


def is_known(document: Document) -> bool:
    """Whether any evidence of the student was folded."""
    return document.state.newest_day >= 0
