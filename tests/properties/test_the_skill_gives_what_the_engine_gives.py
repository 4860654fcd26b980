"""The skill's script beside the domain: the same numbers, words and order, whatever is given."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mastery_engine.domain.forecast import MODELS
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.domain.scores import COMPONENTS, LEVELS
from mastery_engine.skills import calculate_mastery, predict_trajectory
from tests.skills.script import load

SKILL: Any = load()
FORMULA = BUILT_IN[0]

# Thresholds and levels with their neighbours, halves of the last decimal, and what is nearly nothing.
EDGES = (0.0, 5e-324, 1e-9, 0.4, 0.5, 0.6, 0.6999995, 0.69999999, 0.7, 0.7000001, 0.75, 0.9, 0.9999999, 1.0)
TIES = tuple(number / 2_000_000 for number in (1, 3, 777_777, 1_234_567, 1_499_999, 1_999_999))
one_value = st.one_of(
    st.sampled_from([*EDGES, *TIES]), st.floats(0.0, 1.0), st.integers(0, 1_000).map(lambda n: n / 1_000)
)
values = st.one_of(st.none(), one_value)
parts = st.tuples(values, values, values, values).filter(lambda four: any(one is not None for one in four))
histories = st.one_of(
    st.lists(one_value, max_size=20),
    st.lists(st.sampled_from([0.0, 0.38, 0.4, 0.42, 0.75, 1.0]), min_size=80, max_size=120),
)


def named(four: tuple[float | None, ...]) -> dict[str, float]:
    return {name: value for name, value in zip(COMPONENTS, four, strict=True) if value is not None}


@given(four=parts)
@example(four=(0.8, 0.7, 0.9, 0.6))
@example(four=(1.0, 1.0, 1.0, 1.0))
@example(four=(1.0, 1.0, 1.0, 0.9999999))
@example(four=(0.7, 0.7, 0.7, 0.7))
@example(four=(0.6, 0.5666666666666667, 0.5, 0.3))
@example(four=(0.0, -0.0, 0.0, None))
def test_score_level_and_recommendations_are_the_engines(four: tuple[float | None, ...]) -> None:
    assert SKILL.calculate(four) == calculate_mastery(named(four))


@given(number=st.integers(0, 1_000_000), nudge=st.sampled_from([0.0, 5e-7, -5e-7, 4.9e-7]))
def test_a_score_is_rounded_at_ties_as_the_engine_rounds(number: int, nudge: float) -> None:
    value = min(1.0, max(0.0, number / 1_000_000 + nudge))
    for four in ((value, value, value, value), (value, None, None, None), (None, None, value, 1.0)):
        assert SKILL.calculate(four)["mastery_score"] == calculate_mastery(named(four))["mastery_score"]


def test_levels_begin_where_the_engines_do() -> None:
    for edge, off in product((0.0, 0.4, 0.6, 0.75, 0.9, 1.0), (-1e-6, 0.0, 1e-6)):
        score = round(min(1.0, max(0.0, edge + off)), 6)
        assert SKILL.level_of(score) == FORMULA.level(score)
    assert SKILL.LEVELS == LEVELS


@given(before=parts, changes=st.dictionaries(st.sampled_from(COMPONENTS), one_value, min_size=1))
def test_what_if_is_two_calculations_of_the_engine(
    before: tuple[float | None, ...], changes: dict[str, float]
) -> None:
    found = SKILL.what_if(before, changes)
    assert found["before"] == calculate_mastery(named(before))
    assert found["after"] == calculate_mastery({**named(before), **changes})
    assert found["change"] == round(found["after"]["mastery_score"] - found["before"]["mastery_score"], 6)


@given(history=histories, days=st.integers(1, 30), model=st.sampled_from(sorted(MODELS)))
@example(history=[0.5, 0.52, 0.5, 0.38], days=7, model="linear")
@example(history=[0.5], days=7, model="linear")
@example(history=[0.1] * 100 + [0.9] * 89, days=30, model="linear")
def test_a_forecast_is_the_engines(history: list[float], days: int, model: str) -> None:
    assert SKILL.forecast(history, days, model) == predict_trajectory(history, days=days, model=model)


def test_it_knows_the_engines_models_and_no_others() -> None:
    assert set(SKILL.MODELS) == set(MODELS)


@pytest.mark.parametrize("days", range(1, 31))
def test_the_measured_interval_is_the_engines_on_every_day(days: int) -> None:
    history = [0.3, 0.5, 0.5]
    assert SKILL.forecast(history, days, "decay") == predict_trajectory(history, days=days, model="decay")


@pytest.mark.parametrize("tenths", range(700, 1_001))
def test_points_are_told_as_the_engine_tells_them(tenths: int) -> None:
    value = tenths / 1_000
    assert SKILL.calculate((value,) * 4) == calculate_mastery(dict.fromkeys(COMPONENTS, value))
