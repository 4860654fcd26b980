"""Forecasts, and states between days with an event, whatever the history."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastery_engine.domain.calendar import DAY_MS, date_of
from mastery_engine.domain.errors import NotEnoughDays
from mastery_engine.domain.events import ConsistencyActivityRecorded, Event, QuizPerformanceSubmitted
from mastery_engine.domain.forecast import MODELS, forecast, trajectory
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.domain.history import aggregate, mean_of, state_on
from mastery_engine.domain.learner import LearnerState
from mastery_engine.domain.scores import Components, Result

FORMULA = BUILT_IN[0]
LAST = 16_000

values = st.one_of(st.none(), st.floats(0.0, 1.0))
days_back = st.lists(st.integers(0, 120), unique=True, max_size=12).map(
    lambda days: sorted(days, reverse=True)
)


def result_on(day: int, components: Components) -> Result:
    score = FORMULA.score(components)
    return Result(score=score, level=FORMULA.level(score), components=components, formula=FORMULA.id, day=day)


@st.composite
def histories(draw: st.DrawFn) -> list[Result]:
    components = st.builds(Components, values, values, values, values)
    return [result_on(LAST - back, draw(components)) for back in draw(days_back)]


@given(history=histories(), days=st.integers(1, 30), model=st.sampled_from(sorted(MODELS)))
def test_a_forecast_keeps_its_bounds(history: list[Result], days: int, model: str) -> None:
    today = state_on(history, LAST, FORMULA) or result_on(LAST, Components(None, None, None, None))
    if sum(result.day > LAST - 90 for result in history) < 3:
        with pytest.raises(NotEnoughDays):
            forecast(history, today, FORMULA, timeframe_days=days, model=model)
        return
    found = forecast(history, today, FORMULA, timeframe_days=days, model=model)
    interval = found.interval_80
    assert 0.0 <= interval.low <= found.predicted_score <= interval.high <= 1.0
    assert 0.0 <= found.confidence <= 1.0
    assert found.predicted_level == FORMULA.level(found.predicted_score)
    assert found == forecast(history, today, FORMULA, timeframe_days=days, model=model)
    if model == "decay":
        assert found.predicted_score <= found.current_score
    points = trajectory(history, today, FORMULA, timeframe_days=days, model=model).ahead
    assert (points[-1].score, points[-1].interval_80) == (found.predicted_score, interval)


@st.composite
def students(draw: st.DrawFn) -> list[tuple[Event, int]]:
    events: list[tuple[Event, int]] = []
    for number, back in enumerate(draw(st.lists(st.integers(0, 60), min_size=1, max_size=15))):
        day = LAST - back
        event_id, timestamp = f"00000000-0000-0000-0000-{number:012d}", day * DAY_MS + number
        if draw(st.booleans()):
            event: Event = ConsistencyActivityRecorded(
                activity_dates=tuple(date_of(day - back) for back in draw(st.lists(st.integers(0, 5)))),
                max_streak=draw(st.one_of(st.none(), st.integers(0, 9))),
                activity=draw(st.booleans()),
                event_id=event_id,
                timestamp=timestamp,
                student_id="s",
                source="test",
            )
        else:
            event = QuizPerformanceSubmitted(
                quiz_id="q",
                total_questions=10,
                correct_answers=draw(st.integers(0, 10)),
                time_spent=1.0,
                activity=draw(st.booleans()),
                event_id=event_id,
                timestamp=timestamp,
                student_id="s",
                source="test",
            )
        events.append((event, day))
    return events


@given(events=students(), ahead=st.integers(0, 40))
def test_a_day_without_events_comes_to_what_the_learner_itself_says(
    events: Sequence[tuple[Event, int]], ahead: int
) -> None:
    state = LearnerState()
    for event, day in events:
        state.fold(event, day, None)
    history = state.history(FORMULA, LAST)
    for day in (*range(history[0].day, LAST, 7), LAST + ahead):
        carried_on = state_on(history, day, FORMULA)
        assert carried_on is not None
        itself = state.result(FORMULA, day)
        assert carried_on.components == pytest.approx(itself.components)
        assert carried_on.score == pytest.approx(itself.score, abs=1.1e-6)


@given(history=histories())
def test_buckets_share_out_all_days_and_keep_their_order(history: list[Result]) -> None:
    for aggregation in ("daily", "weekly", "monthly"):
        buckets = aggregate(history, aggregation)
        assert sum(bucket.days for bucket in buckets) == len(history)
        assert [bucket.start for bucket in buckets] == sorted({bucket.start for bucket in buckets})
        for bucket in buckets:
            inside = [r.score for r in history if bucket.start <= date_of(r.day) <= bucket.end]
            assert (bucket.mean, bucket.last, bucket.days) == (mean_of(inside), inside[-1], len(inside))
            assert bucket.min <= bucket.mean <= bucket.max
            assert bucket.min <= bucket.last <= bucket.max
