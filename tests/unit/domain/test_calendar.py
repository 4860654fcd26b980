from datetime import UTC, date, datetime

import pytest

from mastery_engine.domain.calendar import DAY_MS, LAST_DAY, Calendar, date_of, day_of, moment_of
from mastery_engine.domain.errors import InvalidInput
from tests.unit.domain.sending import at


def test_day_numbers_count_from_1970_and_come_back_as_dates() -> None:
    assert day_of(date(1970, 1, 1)) == 0
    assert day_of(date(2024, 2, 29)) == 19_782
    assert date_of(19_782) == date(2024, 2, 29)


def test_days_are_cut_in_utc_by_default() -> None:
    calendar = Calendar()
    assert calendar.name == "UTC"
    assert calendar.day(0) == 0
    assert calendar.day(DAY_MS - 1) == 0
    assert calendar.day(DAY_MS) == 1
    assert calendar.end_of(0) == DAY_MS - 1
    assert calendar.end_of(19_782) == 19_783 * DAY_MS - 1


@pytest.mark.parametrize(
    ("zone", "last_moment", "day"),
    [
        ("Europe/Berlin", "2024-03-30T22:59:59.999", date(2024, 3, 30)),
        ("Europe/Berlin", "2024-03-31T21:59:59.999", date(2024, 3, 31)),  # 23 hours
        ("Europe/Berlin", "2024-10-27T22:59:59.999", date(2024, 10, 27)),  # 25 hours
        ("America/New_York", "2024-03-11T03:59:59.999", date(2024, 3, 10)),
        ("America/Havana", "2024-03-10T04:59:59.999", date(2024, 3, 9)),  # the next day begins at 01:00
        ("America/Havana", "2024-11-03T03:59:59.999", date(2024, 11, 2)),  # the next day has two midnights
        ("Asia/Kathmandu", "2024-01-01T18:14:59.999", date(2024, 1, 1)),
        ("Australia/Lord_Howe", "2024-04-07T13:29:59.999", date(2024, 4, 7)),
    ],
)
def test_a_day_ends_at_local_midnight_also_when_clocks_change(zone: str, last_moment: str, day: date) -> None:
    calendar = Calendar(zone)
    assert calendar.name == zone
    assert calendar.end_of(day_of(day)) == at(last_moment)
    assert isinstance(calendar.end_of(day_of(day)), int)
    assert calendar.day(at(last_moment)) == day_of(day)
    assert calendar.day(at(last_moment) + 1) == day_of(day) + 1


def test_a_day_that_a_zone_skipped_ends_with_the_day_before_it() -> None:
    samoa = Calendar("Pacific/Apia")
    before, skipped = day_of(date(2011, 12, 29)), day_of(date(2011, 12, 30))
    assert samoa.end_of(before) == samoa.end_of(skipped) == at("2011-12-30T09:59:59.999")
    assert samoa.day(at("2011-12-30T10:00:00")) == skipped + 1


def test_hours_before_1970_and_after_9999_belong_to_the_first_and_last_day() -> None:
    latest = at("9999-12-31T23:59:59.999")
    assert Calendar("America/New_York").day(0) == 0
    assert Calendar("Asia/Tokyo").day(latest) == Calendar().day(latest) == LAST_DAY
    assert date_of(LAST_DAY) == date(9999, 12, 31)
    assert Calendar("Asia/Tokyo").end_of(LAST_DAY) == latest
    assert Calendar("Asia/Tokyo").end_of(LAST_DAY - 1) == latest - DAY_MS - 9 * 3_600_000


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../../etc/passwd", "Europe", "\0", "x" * 300])
def test_an_unknown_time_zone_is_refused_with_its_name(zone: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Calendar(zone)
    (problem,) = refused.value.problems
    assert problem.field == "time_zone"
    assert problem.value == zone[:100]
    assert problem.rule == "must be an IANA time zone such as Europe/Berlin"


def test_a_moment_is_told_in_utc_to_the_millisecond() -> None:
    assert moment_of(1) == datetime(1970, 1, 1, 0, 0, 0, 1000, tzinfo=UTC)
    assert moment_of(at("2024-02-29T01:02:03.004")).isoformat() == "2024-02-29T01:02:03.004000+00:00"
