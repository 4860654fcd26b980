"""The fold is commutative and associative, history included: a function of the set of events alone."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from mastery_engine.domain.calendar import Calendar
from mastery_engine.domain.events import Event
from mastery_engine.domain.evidence import Evidence, merge_all
from mastery_engine.domain.learner import LearnerState
from tests.properties.comparing import (
    FORMULA,
    assert_same_evidence,
    assert_same_state,
    folded,
    stored_and_read,
)
from tests.properties.strategies import histories, retentions

History = tuple[Calendar, list[Event]]


def without_repeats(events: Sequence[Event]) -> list[Event]:
    return list({event.event_id: event for event in events}.values())


@given(histories(), retentions, st.randoms(use_true_random=False))
def test_any_order_gives_the_same_state(
    history: History, retention: int | None, chance: random.Random
) -> None:
    calendar, events = history
    shuffled = chance.sample(events, len(events))
    assert_same_state(folded(events, calendar, retention), folded(shuffled, calendar, retention))


@given(histories(), retentions)
def test_time_order_and_reverse_order_give_the_same_state(history: History, retention: int | None) -> None:
    calendar, events = history
    forward = sorted(events, key=lambda event: event.timestamp)
    assert_same_state(folded(forward, calendar, retention), folded(forward[::-1], calendar, retention))


@given(histories(), retentions, st.integers(1, 5), st.data())
def test_any_split_merged_in_any_tree_gives_the_same_state(
    history: History, retention: int | None, count: int, data: st.DataObject
) -> None:
    calendar, events = history
    parts: list[list[Event]] = [[] for _ in range(count)]
    for event in events:
        parts[data.draw(st.integers(0, count - 1))].append(event)
    states = [folded(part, calendar, retention) for part in parts]
    while len(states) > 1:
        taken = states.pop(data.draw(st.integers(0, len(states) - 1)))
        states[data.draw(st.integers(0, len(states) - 1))].merge(taken, retention)
    assert_same_state(states[0], folded(events, calendar, retention))


@given(histories(), retentions, st.randoms(use_true_random=False))
def test_repeats_that_were_kept_out_leave_no_trace(
    history: History, retention: int | None, chance: random.Random
) -> None:
    calendar, events = history
    twice = chance.sample(events * 2, 2 * len(events))
    assert_same_state(
        folded(without_repeats(twice), calendar, retention), folded(events, calendar, retention)
    )


@given(histories(), retentions, st.integers(0, 20))
def test_a_state_that_was_stored_and_read_folds_on_alike(
    history: History, retention: int | None, stored_after: int
) -> None:
    calendar, events = history
    state = stored_and_read(folded(events[:stored_after], calendar, retention))
    for event in events[stored_after:]:
        state.fold(event, calendar.day(event.timestamp), retention)
    assert_same_state(stored_and_read(state), folded(events, calendar, retention))


@given(histories(), retentions)
def test_now_is_the_base_merged_with_every_day(history: History, retention: int | None) -> None:
    calendar, events = history
    for course in folded(events, calendar, retention).courses.values():
        whole = merge_all((course.base, *(evidence for _, evidence in course.days.items())))
        assert_same_evidence(course.now, whole)


@given(histories(), retentions)
def test_each_event_stands_in_its_own_day_or_in_the_base(history: History, retention: int | None) -> None:
    calendar, events = history
    state = folded(events, calendar, retention)
    newest = max(calendar.day(event.timestamp) for event in events)
    kept_from = 0 if retention is None else max(0, newest - retention + 1)
    assert (state.kept_from, state.newest_day) == (kept_from, newest)
    assert state.newest == max(event.timestamp for event in events)
    for course_id, course in state.courses.items():
        own = [event for event in events if (event.course_id or "") == course_id]
        expected: dict[int, Evidence] = {}
        base = Evidence()
        for event in own:
            day = calendar.day(event.timestamp)
            (expected.setdefault(day, Evidence()) if day >= kept_from else base).fold(event, day)
        assert_same_evidence(course.base, base)
        assert [day for day, _ in course.days.items()] == sorted(expected)
        for day, evidence in course.days.items():
            assert_same_evidence(evidence, expected[day])


@given(histories(), retentions, st.sampled_from((None, "", "A")))
def test_a_read_as_of_a_kept_day_is_the_fold_of_the_events_up_to_it(
    history: History, retention: int | None, course_id: str | None
) -> None:
    calendar, events = history
    state = folded(events, calendar, retention)
    for day in range(state.kept_from if retention else state.newest_day - 25, state.newest_day + 3):
        until = folded([e for e in events if calendar.day(e.timestamp) <= day], calendar, retention)
        known = until.courses if course_id is None else {course_id} & until.courses.keys()
        if known:
            assert state.result(FORMULA, day, course_id) == until.result(FORMULA, day, course_id)
        for one in known:
            (evidence,) = state.evidence(day, one)
            assert_same_evidence(evidence, until.courses[one].now)
        assert state.course_ids(day) == sorted(until.courses)


@given(histories(), retentions, st.sampled_from((None, "", "A")))
def test_history_tells_the_result_of_each_kept_day_with_an_event(
    history: History, retention: int | None, course_id: str | None
) -> None:
    calendar, events = history
    state = folded(events, calendar, retention)
    own = [event for event in events if course_id is None or (event.course_id or "") == course_id]
    days = sorted({day for day in (calendar.day(event.timestamp) for event in own) if day >= state.kept_from})
    told = state.history(FORMULA, state.newest_day, course_id)
    assert told == [state.result(FORMULA, day, course_id) for day in days]


@given(histories(), retentions)
def test_merging_an_empty_state_changes_nothing(history: History, retention: int | None) -> None:
    calendar, events = history
    left, right = folded(events, calendar, retention), LearnerState()
    left.merge(LearnerState(), retention)
    right.merge(folded(events, calendar, retention), retention)
    assert_same_state(left, right)
    assert_same_state(left, folded(events, calendar, retention))
