"""What a student should do next."""

from __future__ import annotations

from datetime import date
from typing import final

from mastery_engine.contracts.answers import RecommendationsAnswer, result_view
from mastery_engine.domain.learning_path import LearningPath, Plan
from mastery_engine.domain.recommend import MOST, recommend
from mastery_engine.engine.access import Caller
from mastery_engine.engine.query import past, path_of
from mastery_engine.engine.reading import Reader


@final
class Advice:
    """Recommendations and learning paths."""

    def __init__(self, reader: Reader) -> None:
        """Use a reader."""
        self._reader = reader

    async def recommendations(
        self,
        caller: Caller,
        student_id: str,
        *,
        limit: int = MOST,
        course_id: str | None = None,
        as_of: date | None = None,
    ) -> RecommendationsAnswer:
        """What to do next, best first.

        Raises:
            NotFound: No such student, no event up to that day, or not the caller's to see.
            InvalidInput: The limit is not 1 to 10.
            HistoryNotKept: The day is before the kept ones.
        """
        reading = await self._reader.one(caller, "recommendations.read", student_id, as_of)
        today = reading.result(course_id)
        return RecommendationsAnswer(
            student_id=student_id,
            course_id=course_id,
            as_of=reading.as_of,
            current=result_view(today),
            recommendations=recommend(today, reading.formula, limit),
        )

    async def path(
        self,
        caller: Caller,
        student_id: str,
        *,
        plan: Plan | None = None,
        course_id: str | None = None,
        as_of: date | None = None,
    ) -> LearningPath:
        """The steps towards the plan's goal, by default better mastery with 30 minutes a day.

        Raises:
            NotFound: As in `recommendations`.
            InvalidInput: The assessment is not after the day.
            HistoryNotKept: The day is before the kept ones.
        """
        reading = await self._reader.one(caller, "recommendations.read", student_id, as_of)
        return path_of(reading, reading.result(course_id), past(reading, course_id), plan or Plan())
