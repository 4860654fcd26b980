"""Typed events of the rows of a plan.

Names of the rows, from which the event ids follow (UUIDv5 under `NAMESPACE`):

- clicks: `studentVle/{module}/{presentation}/{id_student}/{day}`
- scores: `studentAssessment/{id_assessment}/{id_student}`
- completion: `completion/{module}/{presentation}/{id_student}/{day}`

So a second import makes the same events, and so does an import of one module of the presentation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha1
from typing import Final, TypeAlias, final
from uuid import UUID

from mastery_engine.adapters.oulad.plan import CLICKS, COMPLETION, DAY_SECONDS, QUALITY, QUIZ
from mastery_engine.domain.calendar import DAY_MS, date_of
from mastery_engine.domain.events import (
    ConsistencyActivityRecorded,
    ExerciseCompletionSubmitted,
    LearningEvent,
    QualityAssessmentCompleted,
    QuizPerformanceSubmitted,
)

NAMESPACE: Final = UUID("2c3f7a52-94c1-5a8e-b0d6-7f2f4c9be1a3")
SOURCE: Final = "oulad"
EXERCISES: Final = "assessments"
"""`exercise_id` of completion events: they speak of all CMA and TMA of a course together."""
_NAMESPACE_BYTES: Final = NAMESPACE.bytes
_VARIANT: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}

Row: TypeAlias = tuple[int, int, int, int, float, bool]
"""Seconds, course, student, item, value and active of a row of a plan."""


def event_id(name: str) -> str:
    """`str(uuid5(NAMESPACE, name))`, several times faster."""
    digest = sha1(_NAMESPACE_BYTES + name.encode(), usedforsecurity=False).hexdigest()
    return (
        f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{_VARIANT[digest[16]]}{digest[17:20]}-{digest[20:32]}"
    )


@final
class EventMaker:
    """Makes the events of one presentation: `make[kind](row)`."""

    def __init__(self, start_day: int, presentation: str, modules: Sequence[str], tenant_id: str) -> None:
        """Prepare the maker.

        Args:
            start_day: Day number of the presentation's first day.
            presentation: E.g. `2014B`.
            modules: Names of the courses' modules, by place.
            tenant_id: Tenant of the events.
        """
        self._start_day = start_day
        self._start_ms = start_day * DAY_MS
        self._courses = [f"{module}_{presentation}" for module in modules]
        self._rows = [f"{module}/{presentation}" for module in modules]
        self._tenant_id = tenant_id
        self.make: dict[int, Callable[[Row], LearningEvent]] = {
            CLICKS: self._clicks,
            QUIZ: self._quiz,
            QUALITY: self._quality,
            COMPLETION: self._completion,
        }

    def _clicks(self, row: Row) -> LearningEvent:
        seconds, course, student, _item, _value, active = row
        day = seconds // DAY_SECONDS
        return ConsistencyActivityRecorded(
            event_id=event_id(f"studentVle/{self._rows[course]}/{student}/{day}"),
            timestamp=self._start_ms + seconds * 1000,
            tenant_id=self._tenant_id,
            student_id=str(student),
            source=SOURCE,
            course_id=self._courses[course],
            activity=active,
            activity_dates=(date_of(self._start_day + day),),
        )

    def _quiz(self, row: Row) -> LearningEvent:
        seconds, course, student, item, value, active = row
        return QuizPerformanceSubmitted(
            event_id=event_id(f"studentAssessment/{item}/{student}"),
            timestamp=self._start_ms + seconds * 1000,
            tenant_id=self._tenant_id,
            student_id=str(student),
            source=SOURCE,
            course_id=self._courses[course],
            activity=active,
            quiz_id=str(item),
            total_questions=100,
            # Half a point rounds up, as people round; the published scores are whole numbers.
            correct_answers=int(value + 0.5),
            time_spent=0.0,
        )

    def _quality(self, row: Row) -> LearningEvent:
        seconds, course, student, item, value, active = row
        share = value / 100
        return QualityAssessmentCompleted(
            event_id=event_id(f"studentAssessment/{item}/{student}"),
            timestamp=self._start_ms + seconds * 1000,
            tenant_id=self._tenant_id,
            student_id=str(student),
            source=SOURCE,
            course_id=self._courses[course],
            activity=active,
            submission_id=f"{item}-{student}",
            code_quality_score=share,
            correctness_score=share,
            efficiency_score=share,
        )

    def _completion(self, row: Row) -> LearningEvent:
        seconds, course, student, item, value, active = row
        return ExerciseCompletionSubmitted(
            event_id=event_id(f"completion/{self._rows[course]}/{student}/{seconds // DAY_SECONDS}"),
            timestamp=self._start_ms + seconds * 1000,
            tenant_id=self._tenant_id,
            student_id=str(student),
            source=SOURCE,
            course_id=self._courses[course],
            activity=active,
            exercise_id=EXERCISES,
            total_exercises=item,
            completed_exercises=int(value),
            difficulty="intermediate",
            time_taken=0.0,
        )
