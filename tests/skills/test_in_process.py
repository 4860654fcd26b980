"""The three functions: what they answer, what they refuse, and how light they are."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any

import pytest

from mastery_engine.domain.errors import InvalidInput
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.domain.recommend import recommend
from mastery_engine.domain.scores import Components, Result
from mastery_engine.skills import calculate_mastery, generate_recommendations, predict_trajectory

PARTS = {"completion": 0.8, "quiz": 0.7, "quality": 0.9, "consistency": 0.6}
FORMULA = BUILT_IN[0]


def test_a_score_comes_with_its_level_and_with_what_to_do_next() -> None:
    found = calculate_mastery(PARTS)
    assert (found["mastery_score"], found["level"], found["formula"]) == (0.77, "proficient", "adr-004@1")
    assert found["recommendations"] == generate_recommendations(PARTS, 0.77)
    first = found["recommendations"][0]
    assert (first["action"], first["area"], first["gain"]) == ("schedule", "consistency", 0.01)


def test_recommendations_are_those_of_the_domain() -> None:
    given = {"quiz": 0.2, "quality": 1}
    parts = Components(None, 0.2, 1, None)
    score = FORMULA.score(parts)
    result = Result(score=score, level=FORMULA.level(score), components=parts, formula=FORMULA.id, day=20_000)
    told = generate_recommendations(given, score)
    expected = recommend(result, FORMULA)
    assert [(one["area"], one["reason"], one["estimated_time"], one["priority"]) for one in told] == [
        (one.area, one.reason, one.estimated_time, one.priority) for one in expected
    ]


def test_the_functions_take_and_give_what_the_decision_document_says() -> None:
    assert list(inspect.signature(calculate_mastery).parameters) == ["components"]
    assert list(inspect.signature(generate_recommendations).parameters) == ["components", "score"]
    first, *more = inspect.signature(predict_trajectory).parameters.values()
    assert first.name == "history"
    assert all(one.kind is one.KEYWORD_ONLY for one in more)
    assert {"mastery_score", "level", "recommendations"} <= calculate_mastery(PARTS).keys()
    assert {"action", "area"} <= generate_recommendations(PARTS, 0.77)[0].keys()
    assert {"predicted_score", "confidence"} <= (predict_trajectory([0.1, 0.2, 0.3]) or {}).keys()


def test_a_line_through_daily_scores_is_followed_for_a_week() -> None:
    found = predict_trajectory([0.50, 0.51, 0.52, 0.53])
    assert found is not None
    assert found["predicted_score"] == pytest.approx(0.60)
    assert (found["confidence"], found["trend"], found["timeframe_days"]) == (0.4, "improving", 7)
    assert found["interval_80"]["low"] < 0.6 <= found["interval_80"]["high"]


def test_a_line_does_not_leave_the_scale() -> None:
    up, down = predict_trajectory([0.7, 0.8, 0.9]), predict_trajectory([0.5, 0.3, 0.1])
    assert up is not None
    assert down is not None
    assert (up["predicted_score"], down["predicted_score"]) == (1.0, 0.0)
    assert (up["intervention_needed"], down["intervention_needed"]) == (False, True)


def test_the_models_without_a_line_stay_at_the_last_score() -> None:
    for model in ("decay", "persistence"):
        found = predict_trajectory([0.1, 0.2, 0.9], model=model, days=30)
        assert found is not None
        assert (found["predicted_score"], found["model"], found["timeframe_days"]) == (0.9, model, 30)


@pytest.mark.parametrize("history", [[], [0.5], [0.5, 0.6]])
def test_fewer_than_three_scores_foresee_nothing(history: list[float]) -> None:
    assert predict_trajectory(history) is None


def test_the_last_ninety_days_count() -> None:
    found = predict_trajectory([0.1] * 200 + [0.5] * 90)
    assert found is not None
    assert (found["predicted_score"], found["days_with_events"]) == (0.5, 90)


@pytest.mark.parametrize(
    ("components", "told"),
    [
        ({}, "at least one"),
        (None, "NoneType: must be a mapping"),
        ([0.8, 0.7], "list: must be a mapping"),
        ({"exercises": 0.8}, "'exercises': must be one of completion, quiz, quality, consistency"),
        ({1: 0.8}, "must be one of"),
        ({"x" * 1_000_000: 0.8}, "must be one of"),
        ({"quiz": float("nan")}, "components.quiz = nan: must be from 0 to 1"),
        ({"quiz": float("inf")}, "components.quiz = inf"),
        ({"quiz": -0.1}, "components.quiz = -0.1"),
        ({"quiz": 80}, "components.quiz = 80: must be from 0 to 1: write 80 % as 0.8"),
        ({"quiz": 10**5000}, "a huge number"),
        ({"quiz": "0.8"}, "str: must be a number"),
        ({"quiz": True}, "bool: must be a number"),
        ({"quiz": None}, "NoneType: must be a number"),
    ],
)
def test_wrong_components_are_refused_in_words_of_bounded_length(components: Any, told: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        calculate_mastery(components)
    assert told in caught.value.message
    assert len(caught.value.message) < 300
    with pytest.raises(InvalidInput):
        generate_recommendations(components, 0.5)


def test_every_broken_rule_is_told_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        calculate_mastery({"quiz": 2.0, "quality": -1.0, "effort": 0.5})
    assert [problem.field for problem in caught.value.problems] == [
        "components.quiz",
        "components.quality",
        "components",
    ]


def test_of_very_many_broken_rules_the_first_are_told() -> None:
    for wrong in ({str(number): 0.5 for number in range(10_000)}, dict.fromkeys(range(10_000), 0.5)):
        with pytest.raises(InvalidInput) as caught:
            calculate_mastery(wrong)  # pyright: ignore[reportArgumentType]
        assert len(caught.value.message) < 1_000
    with pytest.raises(InvalidInput) as caught:
        predict_trajectory([2.0] * 1_000)
    assert len(caught.value.problems) == 10


def test_what_comes_out_is_plain_python_whatever_numbers_went_in() -> None:
    class Share(float):
        """As other libraries have them."""

    found = calculate_mastery({"quiz": Share(0.5), "completion": 1})
    assert type(found["mastery_score"]) is float
    assert {type(one["gain"]) for one in found["recommendations"]} == {float}


@pytest.mark.parametrize("score", [float("nan"), 77, -0.1, "0.77", None, True])
def test_a_score_that_is_none_is_refused(score: Any) -> None:
    with pytest.raises(InvalidInput, match=r"^score = "):
        generate_recommendations(PARTS, score)


@pytest.mark.parametrize(
    ("history", "how", "told"),
    [
        ("0.5 0.6 0.7", {}, "str: must be a list"),
        (None, {}, "NoneType: must be a list"),
        ([0.5, float("nan")], {}, r"history\[1\] = nan"),
        ([0.5, 0.6, 70], {}, r"history\[2\] = 70"),
        ([0.5] * 1_001, {}, "1001 scores: must be at most 1000"),
        ([0.5] * 3, {"days": 0}, "days = 0: must be from 1 to 30"),
        ([0.5], {"days": 31}, "days = 31: must be from 1 to 30"),
        ([0.5] * 3, {"days": 10**5000}, "days = a huge number: must be from 1 to 30"),
        ([0.5], {"model": "oracle"}, "must be one of decay, linear, persistence"),
        ([0.5] * 3, {"days": 31}, "must be from 1 to 30"),
        ([0.5] * 3, {"days": 7.0}, "must be a whole number"),
        ([0.5] * 3, {"days": True}, "must be a whole number"),
        ([0.5] * 3, {"model": "oracle"}, "must be one of decay, linear, persistence"),
        ([0.5] * 3, {"model": None}, "must be a name"),
    ],
)
def test_a_history_that_is_none_is_refused(history: Any, how: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        predict_trajectory(history, **how)


def test_importing_them_brings_in_the_domain_and_no_framework() -> None:
    asked = "import sys, mastery_engine.skills; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    heavy = {"fastapi", "pydantic", "starlette", "numpy", "httpx", "mcp", "typer", "asyncio"}
    assert not heavy & set(done.stdout.split())
    assert "msgspec" in done.stdout.split()
