"""Where a student is heading."""

from __future__ import annotations

from datetime import date
from typing import final

from mastery_engine.contracts.answers import ForecastAnswer, TrajectoryAnswer, result_view
from mastery_engine.domain.forecast import DEFAULT_MODEL, forecast, trajectory
from mastery_engine.engine.access import Caller
from mastery_engine.engine.query import past
from mastery_engine.engine.reading import Reader


@final
class Predictions:
    """Forecasts and trajectories."""

    def __init__(self, reader: Reader) -> None:
        """Use a reader."""
        self._reader = reader

    async def forecast(
        self,
        caller: Caller,
        student_id: str,
        *,
        days: int = 7,
        course_id: str | None = None,
        as_of: date | None = None,
        model: str = DEFAULT_MODEL,
        formula: str | None = None,
    ) -> ForecastAnswer:
        """The score some days ahead.

        Args:
            caller: Who asks.
            student_id: Whose.
            days: 1 to 30 days ahead.
            course_id: A course; None means all together.
            as_of: Last day whose evidence counts; None means today.
            model: Name of a forecast model.
            formula: Name of another formula than the one in force.

        Raises:
            NotFound: No such student, no event up to that day, or not the caller's to see; no such formula.
            NotEnoughDays: Fewer than three days with an event.
            InvalidInput: The days are not 1 to 30, or there is no such model.
            HistoryNotKept: The day is before the kept ones.
        """
        reading = await self._reader.one(caller, "forecast.read", student_id, as_of, formula)
        today = reading.result(course_id)
        foreseen = forecast(
            past(reading, course_id), today, reading.formula, timeframe_days=days, model=model
        )
        return ForecastAnswer(
            student_id=student_id,
            course_id=course_id,
            as_of=reading.as_of,
            current=result_view(today),
            forecast=foreseen,
        )

    async def trajectory(
        self,
        caller: Caller,
        student_id: str,
        *,
        days: int = 30,
        ahead: int = 7,
        course_id: str | None = None,
        as_of: date | None = None,
    ) -> TrajectoryAnswer:
        """The last `days` (7 to 90) and each of the days `ahead` (1 to 30); see `forecast` for the rest."""
        reading = await self._reader.one(caller, "forecast.read", student_id, as_of)
        today = reading.result(course_id)
        line = trajectory(past(reading, course_id), today, reading.formula, days=days, timeframe_days=ahead)
        return TrajectoryAnswer(
            student_id=student_id,
            course_id=course_id,
            as_of=reading.as_of,
            current=result_view(today),
            trajectory=line,
        )
