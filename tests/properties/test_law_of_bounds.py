"""Bounds and monotonicity: what better evidence can never do to a component or a score."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mastery_engine.domain.calendar import Calendar
from mastery_engine.domain.events import (
    Event,
    ExerciseCompletionSubmitted,
    QualityAssessmentCompleted,
    QuizPerformanceSubmitted,
)
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.domain.scores import LEVELS, Components, Formula, Weights
from tests.properties.comparing import FORMULA, folded
from tests.properties.strategies import histories

History = tuple[Calendar, list[Event]]

unit = st.one_of(st.sampled_from((0.0, 0.7, 1.0)), st.floats(0.0, 1.0))
maybe = st.none() | unit
observations = st.builds(Components, maybe, maybe, maybe, maybe)
formulas = st.sampled_from(BUILT_IN)


def improved(event: Event) -> Event:
    """The same event, better by as much as it can be."""
    if isinstance(event, ExerciseCompletionSubmitted):
        return msgspec.structs.replace(event, completed_exercises=event.total_exercises)
    if isinstance(event, QuizPerformanceSubmitted):
        return msgspec.structs.replace(event, correct_answers=event.total_questions, confidence_score=None)
    if isinstance(event, QualityAssessmentCompleted):
        return msgspec.structs.replace(event, correctness_score=1.0)
    return event


@given(histories(), st.integers(0, 400), formulas)
def test_every_component_and_score_lies_between_zero_and_one(
    history: History, later: int, formula: Formula
) -> None:
    calendar, events = history
    state = folded(events, calendar, None)
    for course_id in (None, *state.courses):
        result = state.result(formula, state.newest_day + later, course_id)
        assert 0.0 <= result.score <= 1.0
        assert all(value is None or 0.0 <= value <= 1.0 for value in result.components)


@given(histories(), st.integers(0, 19))
def test_a_better_event_never_lowers_a_component(history: History, place: int) -> None:
    calendar, events = history
    place %= len(events)
    better = [*events[:place], improved(events[place]), *events[place + 1 :]]
    before = folded(events, calendar, None).latest_result(FORMULA)
    after = folded(better, calendar, None).latest_result(FORMULA)
    for old, new in zip(before.components, after.components, strict=True):
        assert (old is None) == (new is None)
        assert old is None or new is None or new >= old
    assert after.score >= before.score


@given(histories(), st.integers(0, 60))
def test_without_new_evidence_only_consistency_falls(history: History, later: int) -> None:
    calendar, events = history
    state = folded(events, calendar, None)
    now, then = state.latest_result(FORMULA), state.result(FORMULA, state.newest_day + later)
    assert then.components[:3] == now.components[:3]
    if now.components.consistency is not None and then.components.consistency is not None:
        assert then.components.consistency <= now.components.consistency
    assert then.score <= now.score


@given(observations, st.integers(0, 3), unit, formulas)
def test_the_score_never_falls_when_an_observed_component_rises(
    components: Components, place: int, higher: float, formula: Formula
) -> None:
    value = components[place]
    if value is None:
        value = 0.0
    lower = Components._make((*components[:place], min(value, higher), *components[place + 1 :]))
    upper = Components._make((*components[:place], max(value, higher), *components[place + 1 :]))
    assert formula.score(lower) <= formula.score(upper)


@given(observations, formulas)
def test_a_score_is_at_six_decimals_and_has_its_level(components: Components, formula: Formula) -> None:
    score = formula.score(components)
    assert score == round(score, 6)
    assert 0.0 <= score <= 1.0
    edges = dict(zip(LEVELS, (0.0, 0.4, 0.6, 0.75, 0.9), strict=True))
    assert formula.level(score) == max((edge, level) for level, edge in edges.items() if score >= edge)[1]


@given(st.integers(0, 1_000_000), st.sampled_from((0.0, 0.25, 0.49989, 0.49991, 0.5, 0.51)))
def test_rounding_is_that_of_python_near_ties_too(micro: int, beyond: float) -> None:
    value = min(1.0, (micro + beyond) / 1e6)
    whole = Formula(
        name="one",
        version=1,
        description="d",
        weights=Weights(completion=1.0, quiz=0.0, quality=0.0, consistency=0.0),
    )
    assert whole.score(Components(value, None, None, None)) == round(value, 6)
