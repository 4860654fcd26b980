"""What would happen if: a result after what has not happened, folded as real events are.

The evidence that it would leave is merged into a copy of the student's, so a later real event of the same content gives
the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from msgspec import Meta, Struct

from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.events import (
    DIFFICULTY_MULTIPLIER,
    ConsistencyActivityRecorded,
    Difficulty,
    Event,
    ExerciseCompletionSubmitted,
    QualityAssessmentCompleted,
    QuizPerformanceSubmitted,
    UnitScore,
)
from mastery_engine.domain.evidence import Completion, Evidence, evidence_of
from mastery_engine.domain.scores import Formula, Result, evaluate

MOST_INTERVENTIONS: Final = 5
MOST_DAYS: Final = 30
Some = Annotated[int, Meta(ge=1, le=1_000)]
_NOBODY: Final = "nobody"
_NOTHING: Final = "must say what happens: quiz, exercises, quality or study_days"
_DIFFICULTIES: Final[dict[float, Difficulty]] = {
    DIFFICULTY_MULTIPLIER["beginner"]: "beginner",
    DIFFICULTY_MULTIPLIER["intermediate"]: "intermediate",
    DIFFICULTY_MULTIPLIER["advanced"]: "advanced",
}
_ID: Final = "00000000-0000-0000-0000-000000000000"


class Intervention(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What could happen, all of it together; at least one thing.

    Attributes:
        quiz: One more quiz today: correct answers, and questions.
        exercises: So many more exercises of a course done today, as hard as those before, at most all that there are.
        quality: One more piece of work assessed today, with this score for each of its qualities.
        study_days: Some study on each of the next so many days, from tomorrow; the result is that of the last of them.
    """

    quiz: tuple[Annotated[int, Meta(ge=0, le=1_000)], Some] | None = None
    exercises: Some | None = None
    quality: UnitScore | None = None
    study_days: Annotated[int, Meta(ge=1, le=MOST_DAYS)] | None = None


def result_after(
    courses: Mapping[str, Evidence], intervention: Intervention, day: int, at_ms: int, formula: Formula
) -> Result:
    """The result when an intervention has been carried out.

    Args:
        courses: Evidence of each course of the scope at the end of `day`, by id; left as it is.
        intervention: What happens.
        day: Number of the day on which it happens.
        at_ms: Unix milliseconds at which it happens.
        formula: Under which the result is.

    Returns:
        The result at the end of `day`, or of the last day studied.

    Raises:
        InvalidInput: Nothing happens; more answers are correct than there are questions; or exercises of a course of which
            none were reported yet, or of no course of several.
    """
    copies = {course_id: evidence.copy() for course_id, evidence in courses.items()}
    happened = 0
    for course_id, event in _events(intervention, copies, day, at_ms):
        copies[course_id].merge(evidence_of(event, day))
        happened += 1
    if not happened:
        raise InvalidInput.of(Problem("", "{}", _NOTHING))
    return evaluate(list(copies.values()), day + (intervention.study_days or 0), formula)


def _events(
    told: Intervention, courses: Mapping[str, Evidence], day: int, at_ms: int
) -> Iterator[tuple[str, Event]]:
    """What would come, each with its course; only exercises tell one course from another in a result."""
    any_course = min(courses)
    if told.quiz is not None:
        correct, questions = told.quiz
        if correct > questions:
            rule = f"must not have more correct answers than questions = {questions}"
            raise InvalidInput.of(Problem("quiz", str(correct), rule))
        yield (
            any_course,
            QuizPerformanceSubmitted(
                event_id=_ID,
                timestamp=at_ms,
                student_id=_NOBODY,
                source=_NOBODY,
                quiz_id=_NOBODY,
                total_questions=questions,
                correct_answers=correct,
                time_spent=0.0,
            ),
        )
    if told.exercises is not None:
        course_id, report = _report(courses)
        yield (
            course_id,
            ExerciseCompletionSubmitted(
                event_id=_ID,
                # The latest report counts, and this one is meant to.
                timestamp=max(at_ms, report.timestamp + 1),
                student_id=_NOBODY,
                source=_NOBODY,
                exercise_id=_NOBODY,
                total_exercises=report.total,
                completed_exercises=min(report.total, report.completed + told.exercises),
                difficulty=_DIFFICULTIES[report.multiplier],
                time_taken=0.0,
            ),
        )
    if told.quality is not None:
        yield (
            any_course,
            QualityAssessmentCompleted(
                event_id=_ID,
                timestamp=at_ms,
                student_id=_NOBODY,
                source=_NOBODY,
                submission_id=_NOBODY,
                code_quality_score=told.quality,
                correctness_score=told.quality,
                efficiency_score=told.quality,
            ),
        )
    if told.study_days is not None:
        yield (
            any_course,
            ConsistencyActivityRecorded(
                event_id=_ID,
                timestamp=at_ms,
                student_id=_NOBODY,
                source=_NOBODY,
                # The day of the report itself is no study day; those that it names are.
                activity=False,
                activity_dates=tuple(date_of(day + ahead) for ahead in range(1, told.study_days + 1)),
            ),
        )


def _report(courses: Mapping[str, Evidence]) -> tuple[str, Completion]:
    """The one course with exercises, and what was reported of it last."""
    found = {one: evidence.completion for one, evidence in sorted(courses.items()) if evidence.completion}
    if len(found) == 1:
        return next(iter(found.items()))
    rule = (
        f"must name one of the courses with exercises: {', '.join(map(repr, list(found)[:10]))}"
        if found
        else "has no exercises reported yet, so nobody knows of how many some more would be"
    )
    raise InvalidInput.of(Problem("course_id", next(iter(courses)) if len(courses) == 1 else "absent", rule))
