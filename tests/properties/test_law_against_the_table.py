"""The domain's components against the specification's table computed the slow way, any history, any day."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastery_engine.domain.calendar import Calendar, date_of
from mastery_engine.domain.errors import NotFound
from mastery_engine.domain.events import Event
from mastery_engine.domain.scores import Result
from tests.properties import reference
from tests.properties.comparing import FORMULA, folded
from tests.properties.strategies import histories, retentions

History = tuple[Calendar, list[Event]]


def assert_follows(result: Result, expected: reference.Values) -> None:
    for value, wanted in zip(result.components, expected, strict=True):
        assert (value is None) == (wanted is None)
        assert value is None or wanted is None or value == pytest.approx(wanted, rel=1e-9, abs=1e-11)
        assert value is None or 0.0 <= value <= 1.0
    assert result.score == pytest.approx(expected.score(), abs=0.5e-6 + 1e-9)
    assert result.score == round(result.score, 6)
    assert 0.0 <= result.score <= 1.0


@given(histories(max_size=25), retentions, st.integers(0, 40))
def test_results_are_those_of_the_table(history: History, retention: int | None, back: int) -> None:
    calendar, events = history
    state = folded(events, calendar, retention)
    days = {state.newest_day, state.newest_day + 1, state.newest_day + 40}
    days |= {day for day in (state.newest_day - back, state.newest_day - 1) if day >= state.kept_from}
    for day in days:
        for course_id in (None, *state.courses):
            own = [event for event in events if course_id is None or (event.course_id or "") == course_id]
            expected = reference.values(own, calendar.name, date_of(day))
            if expected is None:
                with pytest.raises(NotFound):
                    state.result(FORMULA, day, course_id)
            else:
                assert_follows(state.result(FORMULA, day, course_id), expected)


@given(histories(max_size=25), retentions)
def test_the_latest_result_is_the_overall_one_at_the_newest_day(
    history: History, retention: int | None
) -> None:
    calendar, events = history
    state = folded(events, calendar, retention)
    assert state.latest_result(FORMULA) == state.result(FORMULA, state.newest_day)


@given(histories(min_size=20, max_size=40, span_days=200))
def test_long_histories_follow_the_table_too(history: History) -> None:
    calendar, events = history
    state = folded(events, calendar, 90)
    expected = reference.values(events, calendar.name, date_of(state.newest_day))
    assert expected is not None
    assert_follows(state.latest_result(FORMULA), expected)
