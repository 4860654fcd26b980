"""The small line and the trend of each member of a class, from one read of all."""

from __future__ import annotations

from typing import Final, NamedTuple

from mastery_engine.cli import words
from mastery_engine.cli.session import Session
from mastery_engine.contracts.answers import Comparison
from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.errors import MasteryError
from mastery_engine.domain.forecast import Trend, trend_of
from mastery_engine.engine.query import past

LINE_DAYS: Final = 84
LINE_WIDTH: Final = 12


class ClassLine(NamedTuple):
    """How a member has moved.

    Attributes:
        line: Small line of the last twelve weeks.
        trend: Over seven days, None where the history is too short to tell.
    """

    line: str
    trend: Trend | None


async def class_lines(
    session: Session, comparison: Comparison, course_id: str | None
) -> dict[str, ClassLine]:
    """Lines of the members with evidence."""
    engine, caller = session
    members = [member.student_id for member in comparison.members or ()]
    readings = await engine.reader.many(caller, "cohort.compare", members, comparison.as_of)
    found: dict[str, ClassLine] = {}
    for student_id, reading in readings.items():
        try:
            today = reading.result(course_id)
        except MasteryError:
            # Nothing of this scope, or nothing kept of that day: the table shows the member without a line.
            continue
        days = past(reading, course_id)
        scores = [(date_of(one.day), one.score) for one in days]
        columns = words.by_day(scores, comparison.as_of, LINE_DAYS, LINE_WIDTH)
        trend = trend_of(days, today, reading.formula) if len(days) > 1 else None
        found[student_id] = ClassLine(words.sparkline(columns), trend)
    return found
