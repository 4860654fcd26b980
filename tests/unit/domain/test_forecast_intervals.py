"""The 80 % interval and its table."""

import pytest

from mastery_engine.domain.forecast.intervals import (
    ABOVE,
    BELOW,
    HORIZONS,
    IDLE_FROM,
    Interval,
    interval_80,
)


def test_the_table_has_a_row_for_each_idleness_and_a_column_for_each_horizon() -> None:
    for table in (BELOW, ABOVE):
        assert len(table) == len(IDLE_FROM)
        assert {len(row) for row in table} == {len(HORIZONS)}
        assert all(0.0 <= offset < 0.5 for row in table for offset in row)
    assert (IDLE_FROM[0], HORIZONS[0], HORIZONS[-1]) == (0, 1, 30)


@pytest.mark.parametrize(
    ("idle", "row"), [(0, 0), (1, 0), (2, 1), (4, 1), (5, 2), (9, 2), (10, 3), (19, 3), (20, 4), (89, 4)]
)
def test_idle_days_choose_the_row(idle: int, row: int) -> None:
    for column, days in enumerate(HORIZONS):
        assert interval_80(0.5, idle, days) == Interval(0.5 - BELOW[row][column], 0.5 + ABOVE[row][column])


def test_between_two_horizons_the_offsets_are_interpolated() -> None:
    column = HORIZONS.index(10)
    assert HORIZONS[column + 1] == 14
    found = interval_80(0.5, 0, 11)
    assert found.low == pytest.approx(0.5 - (0.75 * BELOW[0][column] + 0.25 * BELOW[0][column + 1]))
    assert found.high == pytest.approx(0.5 + (0.75 * ABOVE[0][column] + 0.25 * ABOVE[0][column + 1]))


def test_the_interval_stays_within_the_scale() -> None:
    assert interval_80(0.001, 0, 30).low == 0.0
    assert interval_80(0.999, 0, 30).high == 1.0


def test_ends_are_told_at_six_decimals() -> None:
    assert Interval(0.12345649, 0.98765451).rounded() == Interval(0.123456, 0.987655)
