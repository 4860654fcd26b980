import math
from typing import Any

import pytest

from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.evidence import Completion, DecayedMean, Evidence
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.domain.scores import (
    Components,
    Formula,
    LevelThresholds,
    Result,
    Weights,
    components_of,
    consistency_of,
    evaluate,
    streaks,
)

ADR, OBSERVED = BUILT_IN
NOTHING = Components(None, None, None, None)


def made(**changes: object) -> Formula:
    fields: dict[str, Any] = {
        "name": "own",
        "version": 3,
        "description": "d",
        "weights": ADR.weights,
        **changes,
    }
    return Formula(**fields)


def weights(completion: float, quiz: float, quality: float, consistency: float) -> Weights:
    return Weights(completion=completion, quiz=quiz, quality=quality, consistency=consistency)


@pytest.mark.parametrize("formula", BUILT_IN)
def test_four_ones_give_exactly_one_and_all_zero_a_beginner(formula: Formula) -> None:
    assert formula.score(Components(1.0, 1.0, 1.0, 1.0)) == 1.0
    assert formula.level(1.0) == "expert"
    assert formula.score(Components(0.0, 0.0, 0.0, 0.0)) == formula.score(NOTHING) == 0.0
    assert formula.level(0.0) == "beginner"


@pytest.mark.parametrize(
    ("components", "score"),
    [
        (Components(1.0, None, None, None), 0.4),
        (Components(None, 1.0, None, None), 0.3),
        (Components(None, None, 1.0, None), 0.2),
        (Components(None, None, None, 1.0), 0.1),
        (Components(0.9, 0.8, 0.7, 0.6), 0.8),
        (Components(1 / 3, 1 / 3, 1 / 3, 1 / 3), 0.333333),
        (Components(2 / 3, 2 / 3, 2 / 3, 2 / 3), 0.666667),
    ],
)
def test_the_default_formula_weighs_four_three_two_one_and_counts_nothing_as_zero(
    components: Components, score: float
) -> None:
    assert ADR.score(components) == score


@pytest.mark.parametrize(
    ("components", "score"),
    [
        (Components(0.5, None, None, None), 0.5),
        (Components(0.5, 0.9, None, None), 0.671429),
        (Components(None, None, 0.3, 0.9), 0.5),
        (Components(0.0, None, None, 1.0), 0.2),
        (Components(0.9, 0.8, 0.7, 0.6), 0.8),
    ],
)
def test_the_observed_formula_shares_the_weights_out(components: Components, score: float) -> None:
    assert OBSERVED.score(components) == score


def test_observing_only_what_weighs_nothing_scores_nothing() -> None:
    formula = made(weights=weights(1.0, 0.0, 0.0, 0.0), only_observed=True)
    assert formula.score(Components(None, 1.0, 1.0, 1.0)) == 0.0


@pytest.mark.parametrize(
    ("edge", "level", "below"),
    [
        (0.4, "developing", "beginner"),
        (0.6, "competent", "developing"),
        (0.75, "proficient", "competent"),
        (0.9, "expert", "proficient"),
    ],
)
def test_a_level_begins_exactly_at_its_edge(edge: float, level: str, below: str) -> None:
    assert ADR.level(edge) == level
    assert ADR.level(round(edge - 1e-6, 6)) == below
    assert ADR.level(round(edge + 1e-6, 6)) == level
    whole = made(weights=weights(1.0, 0.0, 0.0, 0.0))
    assert whole.level(whole.score(Components(edge - 0.4e-6, None, None, None))) == level
    assert whole.level(whole.score(Components(edge - 0.6e-6, None, None, None))) == below


def test_own_thresholds_are_used() -> None:
    formula = made(thresholds=LevelThresholds(developing=0.1, competent=0.2, proficient=0.3, expert=1.0))
    scores = (0.09, 0.1, 0.2, 0.3, 0.999999, 1.0)
    levels = ["beginner", "developing", "competent", "proficient", "proficient", "expert"]
    assert [formula.level(score) for score in scores] == levels


def test_a_formula_is_named_with_its_version() -> None:
    assert made().id == "own@3"
    assert ADR.id == "adr-004@1"
    assert made() == made() != made(version=4)


def test_weak_components_come_with_the_most_score_to_win_first() -> None:
    assert ADR.weak(NOTHING) == ("completion", "quiz", "quality", "consistency")
    assert ADR.weak(Components(0.7, 0.7, 0.7, 0.7)) == ()
    assert ADR.weak(Components(0.69, 0.0, None, 0.699999)) == ("quiz", "quality", "completion", "consistency")
    assert ADR.weak(Components(1.0, 1.0, 1.0, 0.0)) == ("consistency",)


def test_equally_weak_components_come_in_the_order_of_the_formula() -> None:
    formula = made(weights=weights(0.25, 0.25, 0.25, 0.25))
    assert formula.weak(NOTHING) == ("completion", "quiz", "quality", "consistency")


def test_what_is_not_observed_is_not_weak_where_it_does_not_count() -> None:
    assert OBSERVED.weak(Components(0.1, None, 0.0, None)) == ("completion", "quality")
    assert OBSERVED.weak(NOTHING) == ()


def test_own_thresholds_of_weakness_are_used() -> None:
    formula = made(weak_below=weights(0.0, 0.5, 1.0, 0.2))
    assert formula.weak(Components(0.0, 0.5, 0.99, 0.1)) == ("consistency", "quality")
    assert formula.weak(NOTHING) == ("quality", "quiz", "consistency")


@pytest.mark.parametrize(
    "broken",
    [
        weights(0.4, 0.3, 0.2, 0.2),
        weights(0.4, 0.3, 0.2, 0.0999),
        weights(1.1, -0.1, 0.0, 0.0),
        weights(math.nan, 0.5, 0.5, 0.0),
    ],
)
def test_weights_that_do_not_share_out_one_are_refused(broken: Weights) -> None:
    with pytest.raises(InvalidInput) as refused:
        made(weights=broken)
    rule = "none may be below 0, and together they must sum to 1"
    assert refused.value.problems == (Problem("weights", str(list(broken)), rule),)


def test_weights_at_their_edges_and_with_the_noise_of_floats_are_taken() -> None:
    made(weights=weights(0.0, 1.0, 0.0, 0.0))
    made(weights=weights(0.1, 0.2, 0.3, 0.4000000000000001))


@pytest.mark.parametrize(
    "edges",
    [
        (0.0, 0.6, 0.75, 0.9),
        (0.6, 0.6, 0.75, 0.9),
        (0.4, 0.8, 0.75, 0.9),
        (0.4, 0.6, 0.9, 0.9),
        (0.4, 0.6, 0.75, 1.01),
    ],
)
def test_thresholds_that_do_not_rise_up_to_one_are_refused(edges: tuple[float, float, float, float]) -> None:
    names = ("developing", "competent", "proficient", "expert")
    with pytest.raises(InvalidInput) as refused:
        made(thresholds=LevelThresholds(**dict(zip(names, edges, strict=True))))
    (problem,) = refused.value.problems
    assert problem.field == "thresholds"
    assert problem.value == str(list(edges))
    assert problem.rule == "must rise, above 0 and up to 1"


@pytest.mark.parametrize("below", [-0.1, 1.1, math.nan])
def test_a_weakness_beyond_zero_and_one_is_refused(below: float) -> None:
    with pytest.raises(InvalidInput) as refused:
        made(weak_below=weights(0.7, 0.7, 0.7, below))
    expected = Problem("weak_below", str([0.7, 0.7, 0.7, below]), "each must be in [0, 1]")
    assert refused.value.problems == (expected,)


def test_all_that_is_wrong_with_a_formula_is_told_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        made(weights=weights(1, 1, 1, 1), weak_below=weights(2, 2, 2, 2))
    assert [problem.field for problem in refused.value.problems] == ["weights", "weak_below"]


@pytest.mark.parametrize(
    ("bitmap", "expected"),
    [
        (0b1, (1, 1)),
        (0b11, (2, 2)),
        (0b101, (1, 1)),
        (0b1110111, (3, 3)),
        (0b11110011, (2, 4)),
        ((1 << 90) - 1, (90, 90)),
        (1 << 89 | 1, (1, 1)),
    ],
)
def test_streaks_are_the_current_and_the_longest_run(bitmap: int, expected: tuple[int, int]) -> None:
    assert streaks(bitmap) == expected


def test_consistency_is_current_by_longest_streak_and_fades_a_tenth_a_day() -> None:
    evidence = Evidence(events=1, active_until=100, active_days=0b11110011)
    assert consistency_of(evidence, 100) == 0.5
    assert consistency_of(evidence, 101) == pytest.approx(0.45)
    assert consistency_of(evidence, 107) == pytest.approx(0.5 * 0.9**7)


def test_a_longer_streak_told_from_outside_is_the_longest() -> None:
    evidence = Evidence(events=1, active_until=100, active_days=0b11110011, max_streak=4)
    assert consistency_of(evidence, 100) == 0.5
    evidence.max_streak = 5
    assert consistency_of(evidence, 100) == 0.4


def test_without_an_active_day_consistency_is_not_observed_whatever_was_told() -> None:
    assert consistency_of(Evidence(events=1, max_streak=9), 100) is None


def evidence(done: int, total: int, quiz: float | None = None, day: int = 100) -> Evidence:
    return Evidence(
        events=1,
        active_until=day,
        active_days=1,
        completion=Completion(1, b"", done, total, 1.2),
        quiz=None if quiz is None else DecayedMean(quiz, 1.0, 0),
        quality=None if quiz is None else DecayedMean(1.0 - quiz, 1.0, 0),
    )


def test_the_components_of_one_course_are_those_of_its_evidence() -> None:
    assert components_of([evidence(5, 10, 0.25)], 100) == Components(0.6, 0.25, 0.75, 1.0)
    assert components_of([evidence(10, 10)], 100) == Components(1.0, None, None, 1.0)
    assert components_of([Evidence(events=1)], 100) == NOTHING
    assert type(components_of([Evidence()], 100)) is Components


def test_overall_completion_is_the_credited_by_the_total_of_all_courses() -> None:
    courses = [evidence(10, 10, 0.0), evidence(5, 30, 1.0, day=99), Evidence(events=1)]
    assert components_of(courses, 100) == Components(0.4, 0.5, 0.5, 1.0)
    assert components_of([Evidence(), Evidence()], 100) == NOTHING
    assert courses == [evidence(10, 10, 0.0), evidence(5, 30, 1.0, day=99), Evidence(events=1)]


def test_a_result_names_its_formula_and_day() -> None:
    assert evaluate([evidence(10, 10, 1.0)], 100, ADR) == Result(
        score=0.8,
        level="proficient",
        components=Components(1.0, 1.0, 0.0, 1.0),
        formula="adr-004@1",
        day=100,
    )
