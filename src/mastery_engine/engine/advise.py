"""What a student should do next."""

from __future__ import annotations

from datetime import date
from typing import final

from mastery_engine.contracts.answers import RecommendationsAnswer, result_view
from mastery_engine.domain.learning_path import LearningPath, Plan
from mastery_engine.domain.recommend import MOST, Priority, Recommendation, check_limit, recommend
from mastery_engine.domain.scores import Formula, Result
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
        priority: Priority | None = None,
        course_id: str | None = None,
        as_of: date | None = None,
    ) -> RecommendationsAnswer:
        """What to do next, best first.

        Args:
            caller: Who asks.
            student_id: Whose.
            limit: How many at most.
            priority: Only those of it, of which there may be none; None means any.
            course_id: A course; None means all together.
            as_of: Day at whose end it holds; None means today.

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
            recommendations=_of(priority, today, reading.formula, limit),
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


def _of(priority: Priority | None, today: Result, formula: Formula, limit: int) -> list[Recommendation]:
    if priority is None:
        return recommend(today, formula, limit)
    check_limit(limit)
    # Before the limit, which would else cut off what is asked for.
    return [one for one in recommend(today, formula) if one.priority == priority][:limit]
