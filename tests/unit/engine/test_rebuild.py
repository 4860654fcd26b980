"""Which events a rebuild folds, which it leaves out, and what it calls a difference."""

from __future__ import annotations

import pytest

from mastery_engine.contracts.document import Document, encode_document
from mastery_engine.contracts.event_json import encode_event
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.events import Event
from mastery_engine.domain.evidence import DecayedMean
from mastery_engine.domain.learner import LearnerState
from mastery_engine.engine.committed import Committed
from mastery_engine.engine.differences import differences
from mastery_engine.engine.rebuild import rebuild
from mastery_engine.ports import ArchivedEvent
from tests.unit.engine.house import NOW, at, completion, event_id, question, quiz, visit

TENANT = Tenant(tenant_id="default")
COMMITTED = Committed("topic", {0: 4})


def archived(event: Event, offset: int = 0, topic_id: str = "topic", partition: int = 0) -> ArchivedEvent:
    return ArchivedEvent(
        event.tenant_id,
        event.event_id,
        event.student_id,
        event.timestamp // DAY_MS,
        event.timestamp,
        topic_id,
        partition,
        offset,
        at(NOW),
        encode_event(event),
    )


def live(*events: Event, folded_to: int = 0) -> Document:
    document = Document()
    for event in events:
        document.state.fold(event, event.timestamp // DAY_MS, 90)
    document.advance("topic", 0, folded_to)
    return document


def test_without_a_live_document_everything_is_folded_and_its_offsets_are_noted() -> None:
    rebuilt = rebuild(
        TENANT, None, [archived(quiz(1), 3), archived(question(2), 7, partition=1)], at(NOW), COMMITTED
    )
    assert rebuilt.events == 2
    assert rebuilt.document.state.events == 1
    assert rebuilt.document.offsets == {"topic": {0: 3, 1: 7}}
    assert rebuilt.differences == []


def test_events_that_the_live_document_has_yet_to_fold_are_left_out() -> None:
    document = live(quiz(1), folded_to=3)
    events = [archived(quiz(1), 3), archived(quiz(2), 4), archived(quiz(3), 0, partition=1)]
    rebuilt = rebuild(TENANT, encode_document(document), events, at(NOW), COMMITTED)
    assert rebuilt.pending == [event_id(2), event_id(3)]
    assert rebuilt.differences == []


def test_committed_events_that_the_live_document_has_not_are_folded_and_named() -> None:
    document = live(quiz(1), folded_to=1)
    events = [archived(quiz(1), 1), archived(quiz(2), 3), archived(quiz(3), 4)]
    rebuilt = rebuild(TENANT, encode_document(document), events, at(NOW), COMMITTED)
    assert (rebuilt.missed, rebuilt.pending) == ([event_id(2)], [event_id(3)])
    assert rebuilt.differences[0] == f"event {event_id(2)} is committed and not live"
    assert rebuilt.document.state.events == 2
    assert rebuilt.document.offsets == {"topic": {0: 3}}


def test_a_question_that_the_live_document_has_not_seen_is_a_difference_too() -> None:
    document = live(quiz(1), folded_to=1)
    rebuilt = rebuild(
        TENANT,
        encode_document(document),
        [archived(quiz(1), 1), archived(question(2), 2)],
        at(NOW),
        COMMITTED,
    )
    assert rebuilt.differences == [f"event {event_id(2)} is committed and not live"]


def test_events_of_a_deleted_topic_never_come_again() -> None:
    document = live(quiz(1), folded_to=1)
    events = [archived(quiz(1), 1), archived(quiz(2), 9)]
    rebuilt = rebuild(TENANT, encode_document(document), events, at(NOW), Committed("made again", {}))
    assert (rebuilt.missed, rebuilt.pending) == ([event_id(2)], [])


def test_what_an_unknown_topic_held_was_folded() -> None:
    document = live(quiz(1), quiz(2), folded_to=3)
    events = [archived(quiz(1), 3), archived(quiz(2), 99, topic_id="deleted")]
    rebuilt = rebuild(TENANT, encode_document(document), events, at(NOW), COMMITTED)
    assert (rebuilt.pending, rebuilt.differences) == ([], [])


def test_a_tenants_day_that_the_archive_has_only_in_part_is_taken_over() -> None:
    """Days of UTC are dropped; in Kathmandu the first one kept begins in the evening before."""
    tenant = Tenant(tenant_id="default", retention_days=30, time_zone="Asia/Kathmandu")
    now = at("2024-03-10T12:00:00")
    oldest = now // DAY_MS - 29
    early, late = quiz(1, 1, "2024-02-09T20:00:00"), quiz(2, 9, "2024-02-10T10:00:00")
    document = Document()
    for event in (early, late):
        document.state.fold(event, oldest, 30)
    document.advance("topic", 0, 1)
    rebuilt = rebuild(tenant, encode_document(document), [archived(late, 1)], now, COMMITTED)
    assert rebuilt.differences == []
    assert rebuilt.document.state.events == 2


def test_a_state_whose_events_are_all_too_old_is_taken_over_whole() -> None:
    document = live(quiz(1, 5, "2023-11-01T10:00:00"))
    rebuilt = rebuild(TENANT, encode_document(document), [], at(NOW), COMMITTED)
    assert rebuilt.differences == []
    assert rebuilt.document.state.newest == document.state.newest


def test_an_archive_without_the_newest_events_tells_the_difference_and_keeps_the_time() -> None:
    document = live(quiz(1, 5, "2023-12-01T10:00:00"), quiz(2))
    rebuilt = rebuild(TENANT, encode_document(document), [], at(NOW), COMMITTED)
    assert rebuilt.differences
    assert rebuilt.document.state.newest == document.state.newest


def test_every_field_that_differs_is_named() -> None:
    one, other = LearnerState(), LearnerState()
    for state in (one, other):
        state.fold(completion(1, 5), 19_790, 90)
        state.fold(quiz(2), 19_790, 90)
    mine = one.courses["A"].now
    mine.events = 9
    mine.completion = None
    mine.active_until = 1
    mine.active_days = 7
    mine.max_streak = 3
    mine.quiz = DecayedMean(5.1, 10.1, 4)
    mine.quality = DecayedMean(1.0, 1.0, 4)
    one.newest, one.kept_from = 5, 6
    other.courses["B"] = other.courses["A"]
    text = "\n".join(differences(one, other))
    for field in (
        "newest event: 5 live",
        "first kept day: 6 live",
        "'A', all: events: 9 live, 2 rebuilt",
        "'A', all: completion: None live",
        "'A', all: last active day: 1 live",
        "'A', all: active days: 7 live",
        "'A', all: longest streak told: 3 live, 0 rebuilt",
        "'A', all: quiz reference time: 4 live",
        "'A', all: quiz sum: 5.1 live, 5.0 rebuilt",
        "'A', all: quiz weight: 10.1 live, 10.0 rebuilt",
        "'A', all: quality: not in the archive",
        "course 'B': not live",
    ):
        assert field in text


@pytest.mark.parametrize(("factor", "equal"), [(1 + 1e-10, True), (1 + 1e-8, False)])
def test_decayed_sums_may_differ_by_a_billionth(factor: float, equal: bool) -> None:  # noqa: FBT001 - a case
    one, other = LearnerState(), LearnerState()
    for state in (one, other):
        state.fold(quiz(2), 19_790, 90)
    mean = one.courses["A"].now.quiz
    assert mean is not None
    mean.weighted *= factor
    assert (list(differences(one, other)) == []) == equal


def test_a_day_that_only_one_side_has_is_a_difference() -> None:
    one, other = LearnerState(), LearnerState()
    one.fold(visit(1, "2024-03-08T10:00:00"), 19_790, None)
    other.fold(visit(1, "2024-03-08T10:00:00"), 19_791, None)
    assert any("2024-03-08: events: 1 live, 0 rebuilt" in line for line in differences(one, other))
