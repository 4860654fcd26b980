"""Short ways to write the events of a test; times in milliseconds or as ISO text in UTC."""

from __future__ import annotations

from datetime import date, datetime
from itertools import count
from typing import Literal

from mastery_engine.domain.events import (
    ConsistencyActivityRecorded,
    ExerciseCompletionSubmitted,
    MasteryCalculationRequested,
    QualityAssessmentCompleted,
    QuizPerformanceSubmitted,
)

_numbers = count(1)


def event_id(number: int | None = None) -> str:
    """A UUID, the next one without a number."""
    return f"00000000-0000-4000-8000-{next(_numbers) if number is None else number:012x}"


def at(moment: str) -> int:
    """Milliseconds of `2024-03-01T12:00:00` in UTC; a fraction of a second may follow."""
    return round(datetime.fromisoformat(f"{moment}+00:00").timestamp() * 1000)


def completion(
    completed: int,
    total: int = 10,
    when: str = "2024-03-01T12:00:00",
    *,
    difficulty: Literal["beginner", "intermediate", "advanced"] = "intermediate",
    number: int | None = None,
    course: str | None = "A",
    activity: bool = True,
) -> ExerciseCompletionSubmitted:
    return ExerciseCompletionSubmitted(
        event_id=event_id(number),
        timestamp=at(when),
        student_id="s",
        source="t",
        course_id=course,
        activity=activity,
        exercise_id="e",
        total_exercises=total,
        completed_exercises=completed,
        difficulty=difficulty,
        time_taken=1.0,
    )


def quiz(
    correct: int,
    total: int = 10,
    when: str = "2024-03-01T12:00:00",
    *,
    confidence: float | None = None,
    course: str | None = "A",
    activity: bool = True,
) -> QuizPerformanceSubmitted:
    return QuizPerformanceSubmitted(
        event_id=event_id(),
        timestamp=at(when),
        student_id="s",
        source="t",
        course_id=course,
        activity=activity,
        quiz_id="q",
        total_questions=total,
        correct_answers=correct,
        time_spent=1.0,
        confidence_score=confidence,
    )


def quality(
    code: float,
    correctness: float,
    efficiency: float,
    peer: float | None = None,
    when: str = "2024-03-01T12:00:00",
    *,
    course: str | None = "A",
    activity: bool = True,
) -> QualityAssessmentCompleted:
    return QualityAssessmentCompleted(
        event_id=event_id(),
        timestamp=at(when),
        student_id="s",
        source="t",
        course_id=course,
        activity=activity,
        submission_id="e",
        code_quality_score=code,
        correctness_score=correctness,
        efficiency_score=efficiency,
        peer_review_score=peer,
    )


def visit(
    when: str = "2024-03-01T12:00:00",
    *dates: str,
    told: int | None = None,
    streak: int | None = None,
    course: str | None = "A",
    activity: bool = True,
) -> ConsistencyActivityRecorded:
    return ConsistencyActivityRecorded(
        event_id=event_id(),
        timestamp=at(when),
        student_id="s",
        source="t",
        course_id=course,
        activity=activity,
        activity_dates=tuple(map(date.fromisoformat, dates)),
        current_streak=streak,
        max_streak=told,
    )


def question(when: str = "2024-03-01T12:00:00") -> MasteryCalculationRequested:
    return MasteryCalculationRequested(event_id=event_id(), timestamp=at(when), student_id="s", source="t")
