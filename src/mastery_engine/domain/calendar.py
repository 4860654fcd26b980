"""Days of a tenant: event time in milliseconds to the number of its day in the tenant's time zone.

A day number counts days since 1970-01-01, so that it fits two bytes and compares as an integer.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mastery_engine.domain.errors import InvalidInput, Problem

DAY_MS: Final = 86_400_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
LAST_DAY: Final = date.max.toordinal() - _EPOCH_ORDINAL
_OF_A_MACHINE: Final = frozenset({"localtime", "posixrules", "Factory"})
"""Names that some systems have beside the IANA ones; the days would depend on where they are cut."""
_ONE_MS: Final = timedelta(milliseconds=1)


class Calendar:
    """Cuts event time into days of one time zone."""

    __slots__ = ("_zone", "name")

    def __init__(self, time_zone: str = "UTC") -> None:
        """Prepare the calendar.

        Args:
            time_zone: IANA name such as `Europe/Berlin`.

        Raises:
            InvalidInput: The time zone is not known.
        """
        self.name = time_zone
        try:
            self._zone = None if time_zone == "UTC" else ZoneInfo(time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise _unknown(time_zone) from None
        if time_zone in _OF_A_MACHINE:
            raise _unknown(time_zone)

    def day(self, timestamp_ms: int) -> int:
        """Number of the day in which the moment lies.

        The first and the last day (1970-01-01, 9999-12-31) take in the hours that the zone puts beyond them.
        """
        if self._zone is None:
            return timestamp_ms // DAY_MS
        try:
            moment = (_EPOCH + timestamp_ms * _ONE_MS).astimezone(self._zone)
        except OverflowError:
            return LAST_DAY
        return max(0, moment.toordinal() - _EPOCH_ORDINAL)

    def end_of(self, day: int) -> int:
        """Last millisecond of the day, Unix time."""
        if self._zone is None or day >= LAST_DAY:
            return (day + 1) * DAY_MS - 1
        following = date_of(day + 1)
        midnight = datetime(following.year, following.month, following.day, tzinfo=self._zone)
        return (midnight.astimezone(UTC) - _EPOCH) // _ONE_MS - 1


def day_of(day: date) -> int:
    """Number of a calendar date."""
    return day.toordinal() - _EPOCH_ORDINAL


def date_of(day: int) -> date:
    """Calendar date of a day number."""
    return date.fromordinal(day + _EPOCH_ORDINAL)


def moment_of(timestamp_ms: int) -> datetime:
    """The moment as an aware datetime in UTC."""
    return _EPOCH + timestamp_ms * _ONE_MS


def _unknown(time_zone: str) -> InvalidInput:
    rule = "must be an IANA time zone such as Europe/Berlin"
    return InvalidInput.of(Problem("time_zone", time_zone[:100], rule))
