"""Where a score will be: models, trend, level and the refusals."""

from datetime import date

import pytest

from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.errors import InvalidInput, NotEnoughDays
from mastery_engine.domain.forecast import DEFAULT_MODEL, MODELS, Interval, change, forecast, trend_of
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.domain.history import carried
from mastery_engine.domain.scores import Components, Result

FORMULA = BUILT_IN[0]
TODAY = 16_000


def scored(day: int, score: float, consistency: float | None = None) -> Result:
    """A result with that score, and with consistency as part of it or not observed."""
    completion = (score - 0.1 * (consistency or 0.0)) / 0.9
    components = Components(completion, completion, completion, consistency)
    assert FORMULA.score(components) == score
    return Result(score=score, level=FORMULA.level(score), components=components, formula=FORMULA.id, day=day)


def ending(*scores: float) -> list[Result]:
    """Daily results up to today."""
    first = TODAY - len(scores) + 1
    return [scored(first + place, score) for place, score in enumerate(scores)]


def test_a_forecast_tells_what_it_is_of() -> None:
    history = [scored(TODAY - 30, 0.5), scored(TODAY - 9, 0.62), scored(TODAY - 2, 0.7)]
    found = forecast(history, carried(history[-1], TODAY, FORMULA), FORMULA)
    assert (found.as_of, found.predicted_for, found.timeframe_days) == (
        date_of(TODAY),
        date_of(TODAY + 7),
        7,
    )
    assert (found.model, found.formula, found.days_with_events) == ("decay", "adr-004@1", 3)
    assert (found.current_score, found.current_level) == (0.7, "competent")
    assert (found.predicted_score, found.predicted_level) == (0.7, "competent")
    assert (found.trend, found.intervention_needed) == ("improving", False)


def test_the_default_is_one_of_three_models() -> None:
    assert DEFAULT_MODEL == "decay"
    assert sorted(MODELS) == ["decay", "linear", "persistence"]


def test_decay_is_the_same_evidence_with_the_consistency_it_will_have() -> None:
    history = [scored(TODAY - day, 0.55, 1.0) for day in (2, 1, 0)]
    found = forecast(history, history[-1], FORMULA, timeframe_days=7)
    assert found.predicted_score == round(0.45 + 0.1 * 0.9**7, 6) == 0.49783
    assert (found.predicted_level, found.intervention_needed) == ("developing", False)


def test_persistence_is_the_score_of_today_with_the_days_that_have_passed() -> None:
    history = [scored(TODAY - day, 0.55, 1.0) for day in (4, 3, 2)]
    today = carried(history[-1], TODAY, FORMULA)
    found = forecast(history, today, FORMULA, model="persistence")
    assert found.predicted_score == today.score == 0.531


def test_the_line_goes_by_real_dates_and_not_by_neighbours() -> None:
    history = [scored(TODAY - 20, 0.4), scored(TODAY - 10, 0.5), scored(TODAY, 0.6)]
    found = forecast(history, history[-1], FORMULA, model="linear")
    assert found.predicted_score == pytest.approx(0.67)
    assert forecast(history, history[-1], FORMULA, timeframe_days=30, model="linear").predicted_score == 0.9


def test_the_line_is_the_least_squares_line() -> None:
    history = [scored(TODAY - 4, 0.5), scored(TODAY - 1, 0.8), scored(TODAY, 0.6)]
    # Days -4, -1, 0 about -5/3; scores about 19/30: slope (7/3·2/15 + 2/3·1/6 - 5/3·1/30) / (26/3) = 11/260.
    found = forecast(history, history[-1], FORMULA, timeframe_days=2, model="linear")
    assert found.predicted_score == round(0.6 + 2 * 11 / 260, 6)


@pytest.mark.parametrize(("scores", "end"), [((0.7, 0.8, 0.9), 1.0), ((0.3, 0.2, 0.1), 0.0)])
def test_the_line_stays_within_the_scale(scores: tuple[float, ...], end: float) -> None:
    history = ending(*scores)
    assert forecast(history, history[-1], FORMULA, model="linear").predicted_score == end


@pytest.mark.parametrize(("days", "confidence"), [(3, 0.3), (8, 0.8), (9, 0.9), (12, 0.9)])
def test_the_line_is_as_sure_as_it_has_days(days: int, confidence: float) -> None:
    history = ending(*[0.5] * days)
    assert forecast(history, history[-1], FORMULA, model="linear").confidence == confidence


@pytest.mark.parametrize("model", ["decay", "persistence"])
def test_others_are_as_sure_as_their_interval_is_narrow_and_less_with_few_days(model: str) -> None:
    many, few = ending(*[0.5] * 12), ending(*[0.5] * 4)
    sure = forecast(many, many[-1], FORMULA, model=model)
    width = sure.interval_80.high - sure.interval_80.low
    assert width > 0.0
    assert sure.confidence == pytest.approx(1.0 - width)
    unsure = forecast(few, few[-1], FORMULA, model=model)
    assert unsure.confidence == pytest.approx(0.4 * (1.0 - width))


@pytest.mark.parametrize(("there", "told"), [([], "no day"), ([0], "1 day"), ([9, 0], "2 days")])
def test_fewer_than_three_days_make_no_forecast_and_the_error_counts_them(
    there: list[int], told: str
) -> None:
    history = [scored(TODAY - back, 0.5) for back in there]
    with pytest.raises(NotEnoughDays) as refused:
        forecast(history, scored(TODAY, 0.5), FORMULA)
    verb = "are" if told == "2 days" else "is"
    assert refused.value.message == (
        f"no forecast: there {verb} {told} with an event in the 90 days to 2013-10-22,"
        " and at least 3 are needed"
    )
    assert refused.value.reason == "not_enough_days"
    assert date_of(TODAY) == date(2013, 10, 22)


def test_ninety_days_count_the_day_itself_included_and_nothing_later() -> None:
    edge = [scored(TODAY - 89, 0.5), scored(TODAY - 1, 0.5), scored(TODAY, 0.5)]
    assert forecast(edge, edge[-1], FORMULA).days_with_events == 3
    with pytest.raises(NotEnoughDays, match="2 days"):
        forecast([scored(TODAY - 90, 0.5), *edge[1:]], edge[-1], FORMULA)
    with pytest.raises(NotEnoughDays, match="2 days"):
        forecast([*edge[1:], scored(TODAY + 1, 0.5)], edge[-1], FORMULA)


@pytest.mark.parametrize("days", [0, 31, -1])
def test_a_timeframe_out_of_bounds_is_refused(days: int) -> None:
    history = ending(0.5, 0.5, 0.5)
    with pytest.raises(InvalidInput, match=rf"timeframe_days = {days}: must be from 1 to 30"):
        forecast(history, history[-1], FORMULA, timeframe_days=days)


@pytest.mark.parametrize("days", [1, 30])
def test_the_bounds_of_the_timeframe_are_in_it(days: int) -> None:
    history = ending(0.5, 0.5, 0.5)
    assert forecast(history, history[-1], FORMULA, timeframe_days=days).timeframe_days == days


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        forecast([], scored(TODAY, 0.5), FORMULA, timeframe_days=0, model="crystal ball" * 20)
    first, second = refused.value.problems
    assert first.field == "timeframe_days"
    assert (second.field, second.rule) == ("model", "must be one of decay, linear, persistence")
    assert len(second.value) == 100


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (0.5, 0.52, "stable"),
        (0.5, 0.520001, "improving"),
        (0.5, 0.48, "stable"),
        (0.5, 0.479999, "declining"),
        (0.5, 0.5, "stable"),
    ],
)
def test_a_trend_is_more_than_two_points_in_seven_days(before: float, now: float, told: str) -> None:
    history = [scored(TODAY - 7, before), scored(TODAY, now)]
    assert trend_of(history, history[-1], FORMULA) == told


def test_the_trend_is_counted_from_the_state_of_seven_days_before() -> None:
    history = [scored(TODAY - 20, 0.3), scored(TODAY - 6, 0.5), scored(TODAY, 0.5)]
    assert change(history, history[-1], FORMULA) == 0.2
    assert change([scored(TODAY - 8, 0.45), *history[1:]], history[-1], FORMULA) == 0.05


def test_seven_days_before_consistency_had_decayed_too() -> None:
    history = [scored(TODAY - 8, 0.5, 1.0), scored(TODAY, 0.5)]
    assert change(history, history[-1], FORMULA) == 0.01


def test_who_was_not_there_seven_days_before_is_compared_with_the_first_day() -> None:
    history = [scored(TODAY - 5, 0.2), scored(TODAY - 3, 0.4), scored(TODAY, 0.5), scored(TODAY + 1, 0.9)]
    assert change(history, history[2], FORMULA) == 0.3
    assert change([], scored(TODAY, 0.5), FORMULA) == 0.0
    assert change([scored(TODAY + 1, 0.9)], scored(TODAY, 0.5), FORMULA) == 0.0


@pytest.mark.parametrize(
    ("today", "consistency", "needed"),
    [(0.4, None, False), (0.399999, None, True), (0.6, None, False), (0.611, 0.2, False), (0.6, 0.2, True)],
)
def test_somebody_should_step_in_below_forty_points_or_where_the_level_falls(
    today: float, consistency: float | None, *, needed: bool
) -> None:
    history = [scored(TODAY - day, today, consistency) for day in (2, 1, 0)]
    assert forecast(history, history[-1], FORMULA).intervention_needed is needed


def test_a_rising_level_is_no_reason_to_step_in() -> None:
    history = ending(0.55, 0.57, 0.59)
    found = forecast(history, history[-1], FORMULA, model="linear")
    assert (found.predicted_level, found.intervention_needed) == ("competent", False)


def test_the_interval_reaches_to_where_the_line_points() -> None:
    rising, falling = ending(0.3, 0.4, 0.5), ending(0.7, 0.6, 0.5)
    up = forecast(rising, rising[-1], FORMULA, model="linear", timeframe_days=3)
    down = forecast(falling, falling[-1], FORMULA, model="linear", timeframe_days=3)
    usual = forecast(rising, rising[-1], FORMULA, timeframe_days=3)
    assert up.interval_80 == Interval(usual.interval_80.low, 0.8)
    assert down.interval_80 == Interval(0.2, usual.interval_80.high)


def test_the_interval_of_persistence_includes_the_score_of_today() -> None:
    history = [scored(TODAY - day, 0.5, 1.0) for day in (50, 49, 40)]
    # Forty idle days on, nothing is expected to come tomorrow: from the decayed score to that of today.
    found = forecast(history, scored(TODAY, 0.5, 1.0), FORMULA, model="persistence", timeframe_days=1)
    assert found.interval_80 == Interval(0.49, 0.5)
