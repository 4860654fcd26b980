"""One learner's records of a batch: what counts, what is a repeat, what is refused, and what is noted."""

from __future__ import annotations

import pytest

from mastery_engine.contracts.document import Document
from mastery_engine.contracts.outcome import MICROS, PROCESSED_VERSION, Answer, Outcome, Processed
from mastery_engine.domain.events import LearningEvent, WhatIfComponents
from mastery_engine.domain.scores import LEVELS
from mastery_engine.engine.fold_batch import FoldedBatch, fold_batch, is_known, unfinished
from mastery_engine.engine.judge import Accepted, identity_of
from mastery_engine.ports import Record
from tests.unit.engine.house import at, completion, learner_of, question, quiz, visit

LEARNER = learner_of()
DAY = at("2024-03-08T10:00:00") // 86_400_000


def accepted(event: LearningEvent, offset: int, partition: int = 0) -> Accepted:
    record = Record(partition, offset, at("2024-03-10T12:00:00"), b"k", b"v", ())
    return Accepted(record, event, *identity_of(event), event.timestamp // 86_400_000)


def fold(
    document: Document,
    *events: LearningEvent,
    first: int = 0,
    processed: dict[bytes, Processed] | None = None,
) -> FoldedBatch:
    records = [accepted(event, first + place) for place, event in enumerate(events)]
    return fold_batch(LEARNER, document, records, "topic", processed or {})


def finished(outcome: Outcome, student: bytes = LEARNER.pseudonym) -> dict[bytes, Processed]:
    return {outcome.event_id: Processed(PROCESSED_VERSION, student, outcome)}


def test_the_first_event_is_noted_with_all_that_its_outputs_need() -> None:
    document = Document()
    batch = fold(document, completion(1, 6), first=7)
    (outcome,) = batch.folded
    assert outcome == document.outcomes[0]
    assert (outcome.partition, outcome.offset, outcome.day) == (0, 7, DAY)
    assert (outcome.event_id, outcome.digest) == identity_of(completion(1, 6))
    assert outcome.as_of == at("2024-03-08T10:00:00")
    # 0.4 * 0.6 + 0.1 * 1
    assert (outcome.score, LEVELS[outcome.level]) == (340_000, "beginner")
    assert outcome.components == (600_000, None, None, MICROS)
    assert (outcome.formula, outcome.previous_score, outcome.previous_level) == ("adr-004@1", None, None)
    assert outcome.path is not None
    assert (batch.changed, batch.repeats, batch.refused, batch.late_days) == (True, 0, [], set())
    assert document.folded("topic", 0) == 7


def test_the_next_outcome_knows_the_one_before_and_sends_no_path_that_was_sent() -> None:
    document = Document()
    fold(document, completion(1, 6))
    (outcome,) = fold(document, completion(2, 6, "2024-03-08T11:00:00"), first=1).folded
    assert (outcome.previous_score, outcome.previous_level) == (340_000, 0)
    assert outcome.path is None


def test_a_path_goes_out_again_when_what_is_weak_has_changed() -> None:
    document = Document()
    fold(document, completion(1, 6))
    (outcome,) = fold(document, completion(2, 8, "2024-03-08T11:00:00"), first=1).folded
    assert outcome.path is not None


def test_what_was_folded_before_is_passed_over() -> None:
    document = Document()
    fold(document, quiz(1), quiz(2))
    batch = fold(document, quiz(1), quiz(2))
    assert (batch.changed, batch.repeats, batch.folded) == (False, 2, [])
    assert len(batch.valid) == 2
    assert document.state.events == 2


def test_offsets_of_another_topic_or_partition_say_nothing() -> None:
    document = Document()
    fold(document, quiz(1))
    fold_batch(LEARNER, document, [accepted(quiz(2), 0)], "another", {})
    fold_batch(LEARNER, document, [accepted(quiz(3), 0, partition=1)], "topic", {})
    assert document.state.events == 3
    assert document.offsets == {"topic": {0: 0, 1: 0}, "another": {0: 0}}


def test_a_repeat_of_what_the_document_still_owes_advances_the_offset_only() -> None:
    document = Document()
    fold(document, quiz(1))
    batch = fold(document, quiz(1), first=5)
    assert (batch.changed, batch.repeats, document.state.events) == (True, 1, 1)
    assert document.folded("topic", 0) == 5
    assert len(document.outcomes) == 1


def test_a_repeat_of_what_is_finished_leaves_the_document_without_its_outcome() -> None:
    document = Document()
    (outcome,) = fold(document, quiz(1)).folded
    batch = fold(document, quiz(1), first=5, processed=finished(outcome))
    assert (batch.repeats, document.outcomes, document.state.events) == (1, [], 1)


def test_another_students_event_under_the_id_is_refused() -> None:
    (theirs,) = fold(Document(), quiz(1)).folded
    document = Document()
    batch = fold(document, quiz(1), processed=finished(theirs, b"another student."))
    (refused,) = batch.refused
    assert refused.error.reason == "event_id_reused"
    assert "another student's event has this id" in refused.error.message
    assert (document.state.events, document.folded("topic", 0), batch.valid) == (0, 0, [])


def test_other_content_under_the_id_is_refused_whoever_remembers_the_first() -> None:
    document = Document()
    (outcome,) = fold(document, quiz(1, 3)).folded
    for offset, processed in ((5, {}), (6, finished(outcome))):
        (refused,) = fold(document, quiz(1, 4), first=offset, processed=processed).refused
        assert refused.error.reason == "event_id_reused"
        assert "other content came first" in refused.error.message
    assert document.state.events == 1


def test_what_the_own_document_owes_is_a_repeat_though_another_student_was_marked_meanwhile() -> None:
    document = Document()
    (outcome,) = fold(document, quiz(1)).folded
    theirs = finished(outcome, b"another student.")
    assert unfinished(document, theirs, LEARNER.pseudonym) == [outcome]
    batch = fold(document, quiz(1), first=5, processed=theirs)
    assert (batch.refused, batch.repeats, document.outcomes) == ([], 1, [outcome])


def test_late_events_name_their_days() -> None:
    batch = fold(
        Document(), quiz(1), quiz(2, when="2024-03-01T10:00:00"), quiz(3, when="2024-03-08T09:00:00")
    )
    assert batch.late_days == {DAY - 7}


def test_a_question_is_answered_and_folds_nothing() -> None:
    document = Document()
    fold(document, completion(1, 6))
    asked = WhatIfComponents(quiz=1.0)
    batch = fold(document, question(2), question(3, asked), first=1)
    assert (document.state.events, batch.folded, batch.answered, len(batch.valid)) == (1, [], 2, 2)
    stands, what_if = document.outcomes[1:]
    assert (stands.score, stands.answer, stands.day) == (340_000, Answer("c-1", None), DAY)
    assert (what_if.score, what_if.components) == (300_000, (None, MICROS, None, None))
    assert document.published is not None
    assert document.published.score == 340_000


def test_a_question_about_somebody_unknown_is_answered_with_an_error() -> None:
    document = Document()
    fold(document, question(1))
    assert document.outcomes[0].answer == Answer("c-1", "NOT_FOUND")
    assert not is_known(document)
    fold(document, visit(2, "2024-03-08T10:00:00"), first=1)
    assert is_known(document)


@pytest.mark.parametrize("count", [1, 2])
def test_a_course_too_many_is_refused_each_time(count: int) -> None:
    document = Document()
    fold(document, *[quiz(number, course=f"c{number}") for number in range(1, 201)])
    batch = fold(document, *[quiz(999, course="more")] * count, first=200)
    assert [refused.error.reason for refused in batch.refused] == ["too_many_courses"] * count
    assert (batch.valid, batch.late_days, document.state.events) == ([], set(), 200)
    again = fold(document, quiz(999, course="more"), first=200)
    assert (again.repeats, again.valid) == (1, [])
