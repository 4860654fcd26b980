"""The path: order, days, assessment, and when it should be done."""

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from mastery_engine.domain.errors import InvalidInput, NotEnoughDays
from mastery_engine.domain.forecast import Forecast, Interval
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.domain.learning_path import Goal, LearningPath, Plan, learning_path
from mastery_engine.domain.scores import Components, Result

FORMULA = BUILT_IN[0]
TODAY = date(2014, 3, 10)
# Minutes and gains: completion 30 and 0.08, quiz 25 and 0.054, consistency 25 and 0.04, quality 20 and 0.02.
WEAK = Components(0.5, 0.52, 0.6, 0.3)
STEADY = Forecast(
    as_of=TODAY,
    timeframe_days=7,
    predicted_for=date(2014, 3, 17),
    current_score=0.5,
    current_level="developing",
    predicted_score=0.5,
    predicted_level="developing",
    interval_80=Interval(0.5, 0.5),
    trend="stable",
    confidence=0.9,
    intervention_needed=False,
    days_with_events=10,
    model="decay",
    formula=FORMULA.id,
)


def moving(score_a_day: float) -> Forecast:
    return replace(STEADY, predicted_score=0.5 + 7 * score_a_day)


def result_of(components: Components) -> Result:
    score = FORMULA.score(components)
    return Result(
        score=score, level=FORMULA.level(score), components=components, formula=FORMULA.id, day=16_139
    )


def path(
    components: Components = WEAK, plan: Plan | None = None, forecast: Forecast | NotEnoughDays = STEADY
) -> LearningPath:
    return learning_path(result_of(components), FORMULA, plan or Plan(), today=TODAY, forecast=forecast)


def on(days_later: int) -> date:
    return TODAY + timedelta(days=days_later)


def test_steps_come_by_gain_per_minute_and_follow_each_other_in_the_daily_budget() -> None:
    found = path()
    assert [(s.area, s.action, s.minutes, s.gain, s.starts_on, s.ends_on) for s in found.steps] == [
        ("completion", "practice", 30, 0.08, on(0), on(0)),
        ("quiz", "review", 25, 0.054, on(1), on(1)),
        ("consistency", "schedule", 25, 0.04, on(1), on(2)),
        ("quality", "refactor", 20, 0.02, on(2), on(3)),
    ]
    assert (found.total_minutes, found.gain, found.as_of) == (100, 0.194, TODAY)
    assert found.priority_areas == ("completion", "quiz", "consistency", "quality")
    assert (found.left_out, found.in_time, found.plan) == ((), None, Plan())


def test_gain_per_minute_and_not_gain_alone_makes_the_order() -> None:
    found = path(Components(1.0, 1.0, 0.4, 0.2))
    # Quality wins 0.06 in 55 minutes, consistency 0.05 in 30.
    assert [(step.area, step.minutes, step.gain) for step in found.steps] == [
        ("consistency", 30, 0.05),
        ("quality", 55, 0.06),
    ]


def test_each_step_says_why() -> None:
    assert path().steps[1].reason == (
        "Your quiz average is 52 %, below 70 %; reaching it adds 5.4 points to your score."
    )


def test_thirty_minutes_a_day_are_the_default_and_more_shorten_the_path() -> None:
    assert Plan().daily_minutes == 30
    found = path(plan=Plan(daily_minutes=60))
    assert [(step.starts_on, step.ends_on) for step in found.steps] == [
        (on(0), on(0)),
        (on(0), on(0)),
        (on(0), on(1)),
        (on(1), on(1)),
    ]
    assert found.estimated_completion == on(1)


def test_a_steady_forecast_leaves_the_days_of_the_budget() -> None:
    found = path()
    assert found.estimated_completion == found.steps[-1].ends_on == on(3)
    assert found.completion_note == (
        "100 minutes at 30 a day, and the forecast moves your score by +0.00 points a day."
    )


@pytest.mark.parametrize(
    ("score_a_day", "days_later"),
    [
        (-0.01, 4),  # 0.194 / (0.0582 - 0.01) = 4.02 days
        (-0.0291, 6),  # half the pace: 6.67 days
        (0.0291, 2),  # half as much again: 2.22 days
        (0.2, 1),  # at most twice the pace: 1.67 days
    ],
)
def test_a_falling_score_takes_longer_and_a_rising_one_less(score_a_day: float, days_later: int) -> None:
    assert path(forecast=moving(score_a_day)).estimated_completion == on(days_later)


def test_a_score_that_falls_as_fast_as_the_path_lifts_it_has_no_date_and_says_so() -> None:
    found = path(forecast=moving(-0.06))
    assert found.estimated_completion is None
    assert found.completion_note == (
        "100 minutes at 30 a day win 5.82 points a day, but the forecast moves your score by -6.00 points"
        " a day; plan more time."
    )


def test_beyond_a_year_there_is_no_date() -> None:
    just = replace(STEADY, current_score=0.194, predicted_score=0.194 + 7 * (0.194 / 365 - 0.0582))
    assert path(forecast=just).estimated_completion == on(364)
    beyond = replace(just, predicted_score=just.predicted_score - 1e-5)
    found = path(forecast=beyond)
    assert found.estimated_completion is None
    assert found.completion_note == (
        "100 minutes at 30 a day, and the forecast moves your score by -5.77 points a day:"
        " more than 365 days; plan more time."
    )


def test_without_a_forecast_there_is_no_date_and_the_reason_is_told() -> None:
    found = path(forecast=NotEnoughDays("there are 2 days"))
    assert (found.estimated_completion, found.completion_note) == (None, "there are 2 days")
    assert len(found.steps) == 4


@pytest.mark.parametrize("goal", ["master_topic", "prepare_assessment"])
def test_a_topic_or_an_assessment_leaves_the_habit_of_studying_out(goal: Goal) -> None:
    assert path(plan=Plan(goal=goal)).priority_areas == ("completion", "quiz", "quality")


def test_where_only_the_habit_is_weak_a_topic_has_its_stretch_goals() -> None:
    found = path(Components(0.9, 0.8, 1.0, 0.1), Plan(goal="master_topic", topic_id="loops"))
    assert [(step.area, step.gain) for step in found.steps] == [("completion", 0.04), ("quiz", 0.06)]
    assert found.plan.topic_id == "loops"


def test_with_nothing_left_for_a_topic_the_path_is_done_today() -> None:
    found = path(Components(1.0, 1.0, 1.0, 0.1), Plan(goal="master_topic"))
    assert (found.steps, found.total_minutes, found.gain) == ((), 0, 0.0)
    assert (found.estimated_completion, found.completion_note) == (TODAY, "There is nothing left to win.")


def test_keeping_everything_at_a_hundred_takes_its_minutes_whatever_the_forecast() -> None:
    found = path(Components(1.0, 1.0, 1.0, 1.0), Plan(daily_minutes=6), forecast=moving(-0.06))
    assert [(step.area, step.minutes) for step in found.steps] == [("consistency", 10)]
    assert (found.estimated_completion, found.completion_note) == (on(1), "10 minutes at 6 a day.")


def test_what_does_not_fit_before_the_assessment_is_cut_short_or_left_out() -> None:
    found = path(plan=Plan(goal="prepare_assessment", assessment_date=on(1), daily_minutes=40))
    assert [(s.area, s.minutes, s.gain, s.ends_on) for s in found.steps] == [
        ("completion", 30, 0.08, on(0)),
        ("quiz", 10, 0.0216, on(0)),
    ]
    assert found.left_out == ("quality",)
    assert (found.total_minutes, found.gain) == (40, 0.1016)
    assert (found.estimated_completion, found.in_time) == (on(0), True)


def test_a_step_that_would_begin_on_the_day_of_the_assessment_is_left_out() -> None:
    found = path(plan=Plan(goal="prepare_assessment", assessment_date=on(1)))
    assert (found.priority_areas, found.left_out) == (("completion",), ("quiz", "quality"))


def test_time_enough_leaves_nothing_out() -> None:
    found = path(plan=Plan(goal="prepare_assessment", assessment_date=on(90)))
    assert (found.total_minutes, found.left_out, found.in_time) == (75, (), True)


def test_a_falling_score_may_come_too_late_for_the_assessment() -> None:
    plan = Plan(goal="prepare_assessment", assessment_date=on(3))
    late = path(plan=plan, forecast=moving(-0.03))
    assert (late.estimated_completion, late.in_time) == (on(4), False)
    assert path(plan=plan, forecast=NotEnoughDays("too few")).in_time is None


def test_done_on_the_very_day_of_the_assessment_is_not_in_time() -> None:
    found = path(
        plan=Plan(goal="prepare_assessment", assessment_date=on(3)), forecast=moving(-0.0616 + 0.154 / 3.5)
    )
    assert (found.estimated_completion, found.in_time) == (on(3), False)


@pytest.mark.parametrize("days_later", [0, -1])
def test_an_assessment_that_is_not_ahead_cannot_be_prepared(days_later: int) -> None:
    plan = Plan(goal="prepare_assessment", assessment_date=on(days_later))
    with pytest.raises(InvalidInput, match=r"assessment_date = 2014-03-\d+: must be after 2014-03-10"):
        path(plan=plan)


@pytest.mark.parametrize("minutes", [4, 481])
def test_a_daily_budget_out_of_bounds_is_refused(minutes: int) -> None:
    with pytest.raises(InvalidInput, match=rf"daily_minutes = {minutes}: must be from 5 to 480"):
        Plan(daily_minutes=minutes)


@pytest.mark.parametrize("minutes", [5, 480])
def test_the_bounds_of_the_daily_budget_are_in_it(minutes: int) -> None:
    assert path(plan=Plan(daily_minutes=minutes)).total_minutes == 100


def test_what_does_not_go_together_is_told_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        Plan(goal="improve_mastery", daily_minutes=0, topic_id="loops", assessment_date=TODAY)
    assert [str(problem) for problem in refused.value.problems] == [
        "daily_minutes = 0: must be from 5 to 480",
        "topic_id = loops: goes with the goal master_topic only",
        "assessment_date = 2014-03-10: goes with the goal prepare_assessment only",
    ]


def test_an_unknown_goal_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        Plan(goal="g" * 200)  # pyright: ignore[reportArgumentType]
    (problem,) = refused.value.problems
    assert (problem.field, problem.value) == ("goal", "g" * 100)
    assert problem.rule == "must be one of improve_mastery, master_topic, prepare_assessment"
