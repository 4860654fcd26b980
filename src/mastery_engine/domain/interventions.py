"""What would happen if: a result after acts that have not happened, folded as real events are.

The evidence that the acts would leave is merged into a copy of the student's, so a later real event of the same content gives
the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
Questions = Annotated[int, Meta(ge=1, le=1_000)]
_NOBODY: Final = "nobody"
_DIFFICULTIES: Final[dict[float, Difficulty]] = {
    DIFFICULTY_MULTIPLIER["beginner"]: "beginner",
    DIFFICULTY_MULTIPLIER["intermediate"]: "intermediate",
    DIFFICULTY_MULTIPLIER["advanced"]: "advanced",
}
_ID: Final = "00000000-0000-0000-0000-000000000000"


class QuizTaken(Struct, frozen=True, kw_only=True, tag_field="kind", tag="quiz", forbid_unknown_fields=True):
    """One more quiz today."""

    correct: Annotated[int, Meta(ge=0, le=1_000)]
    questions: Questions


class ExercisesDone(
    Struct, frozen=True, kw_only=True, tag_field="kind", tag="exercises", forbid_unknown_fields=True
):
    """So many more exercises of a course done today, as hard as those before, at most all that there are."""

    done: Questions


class WorkAssessed(
    Struct, frozen=True, kw_only=True, tag_field="kind", tag="quality", forbid_unknown_fields=True
):
    """One more piece of work assessed today, with this score for each of its qualities."""

    score: UnitScore


class DaysStudied(
    Struct, frozen=True, kw_only=True, tag_field="kind", tag="study_days", forbid_unknown_fields=True
):
    """Some study on each of the next days, from tomorrow; the result is that of the last of them."""

    days: Annotated[int, Meta(ge=1, le=MOST_DAYS)]


Intervention = QuizTaken | ExercisesDone | WorkAssessed | DaysStudied


def result_after(
    courses: Mapping[str, Evidence], acts: Sequence[Intervention], day: int, at_ms: int, formula: Formula
) -> Result:
    """The result when the acts have happened.

    Args:
        courses: Evidence of each course of the scope at the end of `day`, by id; left as it is.
        acts: What happens, all of it.
        day: Number of the day on which it happens.
        at_ms: Unix milliseconds at which it happens.
        formula: Under which the result is.

    Returns:
        The result at the end of `day`, or of the last day studied.

    Raises:
        InvalidInput: Exercises of a course of which none were reported yet, or of no course of several.
    """
    copies = {course_id: evidence.copy() for course_id, evidence in courses.items()}
    end = day
    for act in acts:
        course_id = _course_with_exercises(copies) if isinstance(act, ExercisesDone) else min(copies)
        evidence = copies[course_id]
        evidence.merge(evidence_of(_event(act, evidence.completion, day, at_ms), day))
        if isinstance(act, DaysStudied):
            end = max(end, day + act.days)
    return evaluate(list(copies.values()), end, formula)


def _course_with_exercises(courses: Mapping[str, Evidence]) -> str:
    found = [course_id for course_id, evidence in sorted(courses.items()) if evidence.completion is not None]
    if len(found) == 1:
        return found[0]
    rule = (
        f"must name one of the courses with exercises: {', '.join(found[:10])}"
        if found
        else "has no exercises reported yet, so nobody knows of how many some more would be"
    )
    raise InvalidInput.of(Problem("course_id", "absent" if len(courses) > 1 else next(iter(courses)), rule))


def _event(act: Intervention, report: Completion | None, day: int, at_ms: int) -> Event:
    match act:
        case QuizTaken():
            if act.correct > act.questions:
                raise InvalidInput.of(
                    Problem("correct", str(act.correct), f"must not be more than questions = {act.questions}")
                )
            return QuizPerformanceSubmitted(
                event_id=_ID,
                timestamp=at_ms,
                student_id=_NOBODY,
                source=_NOBODY,
                quiz_id=_NOBODY,
                total_questions=act.questions,
                correct_answers=act.correct,
                time_spent=0.0,
            )
        case WorkAssessed():
            return QualityAssessmentCompleted(
                event_id=_ID,
                timestamp=at_ms,
                student_id=_NOBODY,
                source=_NOBODY,
                submission_id=_NOBODY,
                code_quality_score=act.score,
                correctness_score=act.score,
                efficiency_score=act.score,
            )
        case DaysStudied():
            return ConsistencyActivityRecorded(
                event_id=_ID,
                timestamp=at_ms,
                student_id=_NOBODY,
                source=_NOBODY,
                # The day of the report itself is no study day; those that it names are.
                activity=False,
                activity_dates=tuple(date_of(day + ahead) for ahead in range(1, act.days + 1)),
            )
        case ExercisesDone():
            assert report is not None, "a course with exercises was chosen"  # noqa: S101
            return ExerciseCompletionSubmitted(
                event_id=_ID,
                # The latest report counts, and this one is meant to.
                timestamp=max(at_ms, report.timestamp + 1),
                student_id=_NOBODY,
                source=_NOBODY,
                exercise_id=_NOBODY,
                total_exercises=report.total,
                completed_exercises=min(report.total, report.completed + act.done),
                difficulty=_DIFFICULTIES[report.multiplier],
                time_taken=0.0,
            )
