"""Buckets, averages, and what a result comes to when nothing happens."""

from datetime import date

import pytest

from mastery_engine.domain.calendar import day_of
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.domain.history import (
    Bucket,
    aggregate,
    carried,
    historical_average,
    mean_of,
    state_on,
)
from mastery_engine.domain.scores import Components, Result

FORMULA = BUILT_IN[0]


def scored(day: date | int, score: float) -> Result:
    number = day if isinstance(day, int) else day_of(day)
    components = Components(score, score, score, score)
    return Result(
        score=score, level=FORMULA.level(score), components=components, formula=FORMULA.id, day=number
    )


def test_a_daily_bucket_is_the_day_itself_and_days_without_an_event_have_none() -> None:
    results = [scored(date(2014, 2, 28), 0.5), scored(date(2014, 3, 2), 0.25)]
    first, second = aggregate(results, "daily")
    assert first == Bucket(
        label="2014-02-28",
        start=date(2014, 2, 28),
        end=date(2014, 2, 28),
        mean=0.5,
        min=0.5,
        max=0.5,
        last=0.5,
        days=1,
    )
    assert second.label == "2014-03-02"


def test_a_week_runs_from_monday_to_sunday() -> None:
    sunday, monday = date(2014, 3, 9), date(2014, 3, 10)
    weeks = aggregate([scored(date(2014, 3, 3), 0.1), scored(sunday, 0.4), scored(monday, 0.3)], "weekly")
    assert [week.label for week in weeks] == ["2014-W10", "2014-W11"]
    assert (weeks[0].start, weeks[0].end) == (date(2014, 3, 3), sunday)
    assert (weeks[0].mean, weeks[0].min, weeks[0].max, weeks[0].last, weeks[0].days) == (
        0.25,
        0.1,
        0.4,
        0.4,
        2,
    )
    assert (weeks[1].start, weeks[1].end, weeks[1].days) == (monday, date(2014, 3, 16), 1)


def test_the_last_score_of_a_bucket_is_the_newest_days_and_not_the_highest() -> None:
    (bucket,) = aggregate([scored(date(2014, 3, 3), 0.9), scored(date(2014, 3, 4), 0.2)], "weekly")
    assert (bucket.last, bucket.max, bucket.min) == (0.2, 0.9, 0.2)


def test_a_week_over_new_year_carries_the_iso_year() -> None:
    (week,) = aggregate([scored(date(2013, 12, 31), 0.5), scored(date(2014, 1, 1), 0.7)], "weekly")
    assert (week.label, week.start, week.end) == ("2014-W01", date(2013, 12, 30), date(2014, 1, 5))


@pytest.mark.parametrize(
    ("day", "label", "start", "end"),
    [
        (date(2012, 2, 29), "2012-02", date(2012, 2, 1), date(2012, 2, 29)),
        (date(2013, 12, 31), "2013-12", date(2013, 12, 1), date(2013, 12, 31)),
        (date(2014, 4, 1), "2014-04", date(2014, 4, 1), date(2014, 4, 30)),
    ],
)
def test_a_month_has_its_own_length(day: date, label: str, start: date, end: date) -> None:
    (month,) = aggregate([scored(day, 0.5)], "monthly")
    assert (month.label, month.start, month.end) == (label, start, end)


def test_months_part_on_the_first() -> None:
    months = aggregate([scored(date(2014, 3, 31), 0.5), scored(date(2014, 4, 1), 0.7)], "monthly")
    assert [(month.label, month.mean) for month in months] == [("2014-03", 0.5), ("2014-04", 0.7)]


def test_no_days_make_no_buckets() -> None:
    assert aggregate([], "weekly") == []


def test_the_average_is_of_the_thirty_days_to_the_day_both_ends_included() -> None:
    results = [scored(70, 0.9), scored(71, 0.2), scored(100, 0.6), scored(101, 0.9)]
    assert historical_average(results, 100) == 0.4


def test_an_average_over_no_day_with_an_event_is_none() -> None:
    assert historical_average([scored(70, 0.9), scored(101, 0.9)], 100) is None


def test_a_mean_is_told_at_six_decimals() -> None:
    assert mean_of([0.1, 0.1, 0.2]) == 0.133333


def test_time_alone_takes_ten_percent_of_consistency_a_day_and_nothing_else() -> None:
    result = scored(100, 1.0)
    later = carried(result, 102, FORMULA)
    assert later.components[:3] == (1.0, 1.0, 1.0)
    assert later.components.consistency == pytest.approx(0.81)
    assert (later.score, later.level, later.day, later.formula) == (0.981, "expert", 102, "adr-004@1")


def test_the_level_follows_the_carried_score() -> None:
    components = Components(1.0, 0.7, 0.0, 1.0)
    result = Result(score=0.71, level="competent", components=components, formula=FORMULA.id, day=100)
    assert carried(result, 130, FORMULA).score == 0.614239
    weak = Result(
        score=0.6,
        level="competent",
        components=Components(1.0, 1 / 3, 0.0, 1.0),
        formula=FORMULA.id,
        day=100,
    )
    assert carried(weak, 101, FORMULA).level == "developing"


def test_what_was_not_observed_stays_so() -> None:
    result = Result(
        score=0.4,
        level="developing",
        components=Components(1.0, None, None, None),
        formula=FORMULA.id,
        day=1,
    )
    later = carried(result, 9, FORMULA)
    assert later.components == result.components
    assert (later.score, later.day) == (0.4, 9)


def test_the_state_on_a_day_is_the_latest_day_with_an_event_carried_on() -> None:
    results = [scored(10, 0.5), scored(20, 0.8)]
    assert state_on(results, 9, FORMULA) is None
    assert state_on(results, 10, FORMULA) == results[0]
    between = state_on(results, 19, FORMULA)
    assert between is not None
    assert between == carried(results[0], 19, FORMULA)
    assert state_on(results, 20, FORMULA) == results[1]
