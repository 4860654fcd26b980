"""Recommendations and paths, whatever the components and the formula."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from mastery_engine.domain.errors import NotEnoughDays
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.domain.learning_path import GOALS, Plan, learning_path
from mastery_engine.domain.recommend import priority_of, recommend
from mastery_engine.domain.scores import COMPONENTS, Components, Formula, Result, Weights

values = st.one_of(
    st.none(), st.sampled_from([0.0, 0.5, 0.6999999, 0.7, 0.9999999, 1.0]), st.floats(0.0, 1.0, width=32)
)
components = st.builds(Components, values, values, values, values)
EVEN = Formula(
    name="even",
    version=1,
    description="",
    weights=Weights(completion=0.25, quiz=0.25, quality=0.25, consistency=0.25),
    weak_below=Weights(completion=0.0, quiz=1.0, quality=0.5, consistency=0.9),
)
formulas = st.sampled_from([*BUILT_IN, EVEN])


def result_of(of: Components, formula: Formula) -> Result:
    score = formula.score(of)
    return Result(score=score, level=formula.level(score), components=of, formula=formula.id, day=16_000)


@given(of=components, formula=formulas)
def test_the_weak_components_come_in_the_formulas_order(of: Components, formula: Formula) -> None:
    weak = formula.weak(of)
    areas = tuple(recommendation.area for recommendation in recommend(result_of(of, formula), formula))
    assert areas == weak or not weak
    assert len(set(areas)) == len(areas) > 0


@given(of=components, formula=formulas, limit=st.integers(1, 10))
def test_the_same_result_always_gets_the_same_bounded_list(
    of: Components, formula: Formula, limit: int
) -> None:
    found = recommend(result_of(of, formula), formula, limit)
    assert found == recommend(result_of(of, formula), formula)[:limit]
    gains = [recommendation.gain for recommendation in found]
    assert gains == sorted(gains, reverse=True)
    for recommendation in found:
        assert 0.0 <= recommendation.gain <= 1.0
        assert recommendation.priority == priority_of(recommendation.gain)
        assert 10 <= recommendation.estimated_time <= 120
        assert recommendation.estimated_time % 5 == 0
        assert recommendation.reason.endswith(".")


@given(of=components, formula=formulas)
def test_a_gain_is_what_reaching_the_threshold_adds_to_the_score(of: Components, formula: Formula) -> None:
    weak = formula.weak(of)
    for recommendation in recommend(result_of(of, formula), formula) if weak else []:
        target = list(formula.weak_below)[COMPONENTS.index(recommendation.area)]
        reached = formula.score(of._replace(**{recommendation.area: target}))
        assert abs(reached - formula.score(of) - recommendation.gain) <= 2e-6


@given(
    of=components,
    formula=formulas,
    goal=st.sampled_from(GOALS),
    daily=st.integers(5, 480),
    days=st.integers(1, 30),
)
def test_a_path_never_overruns_its_daily_budget(
    of: Components, formula: Formula, goal: str, daily: int, days: int
) -> None:
    today = date(2014, 3, 10)
    exam = date.fromordinal(today.toordinal() + days) if goal == "prepare_assessment" else None
    plan = Plan(goal=goal, daily_minutes=daily, assessment_date=exam)  # pyright: ignore[reportArgumentType]
    path = learning_path(
        result_of(of, formula), formula, plan, today=today, forecast=NotEnoughDays("too few")
    )
    assert path.total_minutes == sum(step.minutes for step in path.steps)
    ends = today
    for step in path.steps:
        assert ends <= step.starts_on <= step.ends_on
        ends = step.ends_on
    assert path.total_minutes <= daily * ((ends - today).days + 1)
    if exam is not None:
        assert ends < exam
    assert not set(path.priority_areas) & set(path.left_out)
