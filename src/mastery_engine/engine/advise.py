"""What a student should do next."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, final

from msgspec.structs import replace

from mastery_engine.contracts.answers import RecommendationsAnswer, result_view
from mastery_engine.domain.learning_path import LearningPath, Plan
from mastery_engine.domain.recommend import MOST, Priority, Recommendation, check_limit, recommend
from mastery_engine.domain.scores import Formula, Result
from mastery_engine.engine.access import Caller
from mastery_engine.engine.query import past, path_of
from mastery_engine.engine.reading import Reader

if TYPE_CHECKING:
    # Most installations have none: it is not in the way of a command that asks once.
    from mastery_engine.engine.rewording import ReasonRewording


@final
class Advice:
    """Recommendations and learning paths."""

    def __init__(self, reader: Reader, rewording: ReasonRewording | None = None) -> None:
        """Use a reader.

        Args:
            reader: Gives learners.
            rewording: Says reasons in other words to those who ask for it; None never does.
        """
        self._reader = reader
        self._rewording = rewording

    async def recommendations(
        self,
        caller: Caller,
        student_id: str,
        *,
        limit: int = MOST,
        priority: Priority | None = None,
        course_id: str | None = None,
        as_of: date | None = None,
        reword: bool = False,
    ) -> RecommendationsAnswer:
        """What to do next, best first.

        Args:
            caller: Who asks.
            student_id: Whose.
            limit: How many at most.
            priority: Only those of it, of which there may be none; None means any.
            course_id: A course; None means all together.
            as_of: Day at whose end it holds; None means today.
            reword: A person reads the reasons, and a language model may say them in other words, where one is set.

        Raises:
            NotFound: No such student, no event up to that day, or not the caller's to see.
            InvalidInput: The limit is not 1 to 10.
            HistoryNotKept: The day is before the kept ones.
        """
        reading = await self._reader.one(caller, "recommendations.read", student_id, as_of)
        today = reading.result(course_id)
        answer = RecommendationsAnswer(
            student_id=student_id,
            course_id=course_id,
            as_of=reading.as_of,
            current=result_view(today),
            recommendations=_of(priority, today, reading.formula, limit),
        )
        if self._rewording is None or not reword:
            return answer
        ids = (student_id, course_id, caller.tenant_id, caller.subject, caller.request_id)
        said = await self._rewording.reword(caller.tenant_id, answer.recommendations, ids)
        return replace(answer, recommendations=said.recommendations, reworded=said.reworded)

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
