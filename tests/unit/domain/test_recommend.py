"""What to do next, and why."""

import pytest

from mastery_engine.domain.errors import InvalidInput
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.domain.recommend import (
    Recommendation,
    estimated_minutes,
    priority_of,
    recommend,
    stretch_goals,
)
from mastery_engine.domain.scores import Components, Formula, Result, Weights

ADR, OBSERVED = BUILT_IN


def result_of(components: Components, formula: Formula = ADR) -> Result:
    score = formula.score(components)
    return Result(
        score=score, level=formula.level(score), components=components, formula=formula.id, day=16_000
    )


def areas(found: list[Recommendation]) -> list[str]:
    return [recommendation.area for recommendation in found]


def test_each_weak_component_gets_its_action_and_the_most_score_to_win_comes_first() -> None:
    found = recommend(result_of(Components(0.5, 0.52, 0.6, 0.3)), ADR)
    assert [(r.area, r.action, r.priority, r.gain, r.estimated_time) for r in found] == [
        ("completion", "practice", "medium", 0.08, 30),
        ("quiz", "review", "medium", 0.054, 25),
        ("consistency", "schedule", "medium", 0.04, 25),
        ("quality", "refactor", "low", 0.02, 20),
    ]
    assert [r.reason for r in found] == [
        "Your exercise completion is 50 %, below 70 %; reaching it adds 8.0 points to your score.",
        "Your quiz average is 52 %, below 70 %; reaching it adds 5.4 points to your score.",
        "Your study consistency is 30 %, below 70 %; reaching it adds 4.0 points to your score.",
        "Your quality of work is 60 %, below 70 %; reaching it adds 2.0 points to your score.",
    ]


def test_a_component_on_its_threshold_is_not_weak_and_one_just_below_is() -> None:
    assert areas(recommend(result_of(Components(0.7, 0.7, 0.699999, 0.7)), ADR)) == ["quality"]


def test_what_has_not_been_observed_is_said_to_be_uncounted() -> None:
    found = recommend(result_of(Components(None, None, None, None)), ADR)
    assert [(r.area, r.gain, r.priority, r.estimated_time) for r in found] == [
        ("completion", 0.28, "high", 105),
        ("quiz", 0.21, "high", 85),
        ("quality", 0.14, "high", 120),
        ("consistency", 0.07, "medium", 45),
    ]
    assert [r.reason for r in found] == [
        "No exercise has been counted yet; reaching 70 % adds 28.0 points to your score.",
        "No quiz has been counted yet; reaching 70 % adds 21.0 points to your score.",
        "No assessed work has been counted yet; reaching 70 % adds 14.0 points to your score.",
        "No active day has been counted yet; reaching 70 % adds 7.0 points to your score.",
    ]


def test_an_observed_zero_is_no_missing_value() -> None:
    (first, *_) = recommend(result_of(Components(0.0, 1.0, 1.0, 1.0)), ADR)
    assert (
        first.reason
        == "Your exercise completion is 0 %, below 70 %; reaching it adds 28.0 points to your score."
    )


def test_equal_gains_come_in_the_order_of_the_components() -> None:
    even = Formula(
        name="even",
        version=1,
        description="",
        weights=Weights(completion=0.25, quiz=0.25, quality=0.25, consistency=0.25),
    )
    found = recommend(result_of(Components(0.5, 0.5, 0.5, 0.5), even), even)
    assert areas(found) == ["completion", "quiz", "quality", "consistency"]


def test_a_formula_of_the_observed_leaves_the_others_alone_and_its_gains_are_real() -> None:
    components = Components(None, 0.52, None, 0.9)
    (only,) = recommend(result_of(components, OBSERVED), OBSERVED)
    assert (only.area, only.gain, only.priority) == ("quiz", 0.135, "high")
    reached = OBSERVED.score(components._replace(quiz=0.7)) - OBSERVED.score(components)
    assert only.gain == pytest.approx(reached)


def test_with_nothing_observed_at_all_every_component_is_a_beginning() -> None:
    found = recommend(result_of(Components(None, None, None, None), OBSERVED), OBSERVED)
    assert areas(found) == ["completion", "quiz", "quality", "consistency"]
    assert found[0].gain == 0.28


def test_thresholds_are_the_formulas_own() -> None:
    strict = Formula(
        name="strict",
        version=1,
        description="",
        weights=Weights(completion=0.4, quiz=0.3, quality=0.2, consistency=0.1),
        weak_below=Weights(completion=0.7, quiz=0.825, quality=0.7, consistency=0.7),
    )
    (only,) = recommend(result_of(Components(0.8, 0.8, 0.8, 0.8), strict), strict)
    assert (
        only.reason == "Your quiz average is 80 %, below 82.5 %; reaching it adds 0.8 points to your score."
    )


def test_a_gain_too_small_to_show_is_not_told_as_nothing() -> None:
    (only,) = recommend(result_of(Components(1.0, 1.0, 1.0, 0.698)), ADR)
    assert (
        only.reason
        == "Your study consistency is 69 %, below 70 %; reaching it adds less than 0.1 points to your score."
    )
    assert (only.gain, only.priority, only.estimated_time) == (0.0002, "low", 10)


@pytest.mark.parametrize(("value", "told"), [(0.29, 29), (0.57, 57), (0.6999, 69), (0.009, 0)])
def test_percentages_are_cut_so_that_a_weak_one_never_reads_as_its_threshold(value: float, told: int) -> None:
    (only,) = recommend(result_of(Components(1.0, value, 1.0, 1.0)), ADR)
    assert f" {told} %, below 70 %" in only.reason


def test_a_limit_keeps_the_best() -> None:
    result = result_of(Components(0.5, 0.52, 0.6, 0.3))
    assert recommend(result, ADR, 2) == recommend(result, ADR)[:2]
    assert len(recommend(result, ADR, 1)) == 1
    assert len(recommend(result, ADR, 10)) == 4
    assert len(recommend(result_of(Components(0.8, 0.8, 0.8, 0.8)), ADR, 1)) == 1


@pytest.mark.parametrize("limit", [0, 11, -1])
def test_a_limit_out_of_bounds_is_refused(limit: int) -> None:
    with pytest.raises(InvalidInput, match=rf"limit = {limit}: must be from 1 to 10"):
        recommend(result_of(Components(0.5, 0.5, 0.5, 0.5)), ADR, limit)


def test_with_none_weak_the_goals_name_the_next_level_and_what_has_most_to_give() -> None:
    found = recommend(result_of(Components(0.8, 0.85, 0.9, 0.9)), ADR)
    assert [(r.area, r.gain, r.priority, r.estimated_time) for r in found] == [
        ("completion", 0.08, "medium", 30),
        ("quiz", 0.045, "medium", 20),
        ("quality", 0.02, "low", 20),
        ("consistency", 0.01, "low", 10),
    ]
    assert found[0].reason == (
        "You have 84.5 points, and expert starts at 90. Completion has most to give: your exercise completion"
        " is 80 %, below 100 %; reaching it adds 8.0 points to your score."
    )
    assert (
        found[1].reason
        == "Your quiz average is 85 %, below 100 %; reaching it adds 4.5 points to your score."
    )


def test_the_next_level_of_a_competent_student_is_proficient() -> None:
    (first, *_) = recommend(result_of(Components(0.7, 0.7, 0.7, 0.7)), ADR)
    assert first.reason.startswith(
        "You have 70.0 points, and proficient starts at 75. Completion has most to give"
    )


def test_points_are_cut_so_that_a_level_not_reached_never_reads_as_reached() -> None:
    result = result_of(Components(0.8999975, 0.9, 0.9, 0.9))
    assert (result.level, result.score) == ("proficient", 0.899999)
    (first, *_) = stretch_goals(result, ADR)
    assert first.reason.startswith("You have 89.9 points, and expert starts at 90.")


def test_an_expert_has_no_level_above_and_still_something_to_win() -> None:
    (first, *rest) = recommend(result_of(Components(1.0, 0.9, 1.0, 0.95)), ADR)
    assert first.reason.startswith(
        "With 96.5 points you have reached expert, the highest level. Quiz has most to give"
    )
    assert areas([first, *rest]) == ["quiz", "consistency"]


def test_goals_leave_out_what_a_formula_of_the_observed_leaves_out() -> None:
    found = recommend(result_of(Components(None, 0.9, None, 0.8), OBSERVED), OBSERVED)
    assert [(r.area, r.gain) for r in found] == [("quiz", 0.075), ("consistency", 0.05)]


def test_with_everything_at_a_hundred_one_goal_is_left() -> None:
    found = recommend(result_of(Components(1.0, 1.0, 1.0, 1.0)), ADR)
    assert found == [
        Recommendation(
            "consistency",
            "schedule",
            "low",
            0.0,
            10,
            "All that counts is at 100 %; keep your study days, for each day without one takes 10 % off your"
            " consistency.",
        )
    ]


@pytest.mark.parametrize(
    ("gain", "priority"),
    [(0.0, "low"), (0.029999, "low"), (0.03, "medium"), (0.099999, "medium"), (0.10, "high"), (1.0, "high")],
)
def test_priorities_part_at_three_and_at_ten_points(gain: float, priority: str) -> None:
    assert priority_of(gain) == priority


@pytest.mark.parametrize(
    ("place", "shortfall", "minutes"),
    [
        (0, 0.0, 10),
        (0, 0.2, 30),
        (0, 0.201, 35),
        (0, 0.8, 120),
        (0, 1.0, 120),
        (1, 0.5, 60),
        (2, 0.5, 90),
        (3, 1.0, 60),
        (3, 0.2, 15),
        (3, 0.01, 10),
    ],
)
def test_minutes_follow_the_shortfall_in_steps_of_five_within_bounds(
    place: int, shortfall: float, minutes: int
) -> None:
    assert estimated_minutes(place, shortfall) == minutes
