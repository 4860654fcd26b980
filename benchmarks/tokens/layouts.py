"""Events as a thrifty writer would give them to a model: only what the formula needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mastery_engine.domain.calendar import moment_of
from mastery_engine.domain.events import (
    ConsistencyActivityRecorded,
    ExerciseCompletionSubmitted,
    LearningEvent,
    QualityAssessmentCompleted,
    QuizPerformanceSubmitted,
)
from mastery_engine.domain.evidence import quality_value


def records(events: Sequence[LearningEvent]) -> list[dict[str, Any]]:
    """One object an event, with short names: the layout of the frozen baseline.

    No ids, no source, no tenant; the course only where there are several; dates of activity only where they
    are not the event's own; seconds only where there are any.

    Args:
        events: Of one student.
    """
    several = len({event.course_id for event in events}) > 1
    return [_record(event, with_course=several) for event in events]


def columns(events: Sequence[LearningEvent]) -> dict[str, list[Any]]:
    """The tersest layout that still gives the right number for this data: shown beside, and not judged.

    It leaves out what happens to be the same everywhere: the year, the time of day, the difficulty, the total of a quiz, the
    three equal scores of a quality assessment. A model must be told so, which is not counted either.

    Args:
        events: Of one student in one course.
    """
    found: dict[str, list[Any]] = {"active": [], "quiz": [], "quality": [], "exercises": []}
    for event in events:
        day = f"{moment_of(event.timestamp):%m-%d}"
        if isinstance(event, QuizPerformanceSubmitted):
            found["quiz"].append([day, event.correct_answers])
        elif isinstance(event, QualityAssessmentCompleted):
            found["quality"].append([day, round(quality_value(event), 6)])
        elif isinstance(event, ExerciseCompletionSubmitted):
            found["exercises"].append([day, event.completed_exercises, event.total_exercises])
        elif isinstance(event, ConsistencyActivityRecorded):
            found["active"].append(day)
    return found


def _record(event: LearningEvent, *, with_course: bool) -> dict[str, Any]:
    moment = moment_of(event.timestamp)
    told = f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment.second else f"{moment:%Y-%m-%dT%H:%MZ}"
    found: dict[str, Any] = {"type": "activity", "t": told}
    if with_course:
        found["course"] = event.course_id
    if not event.activity:
        found["activity"] = False
    if isinstance(event, QuizPerformanceSubmitted):
        found |= {"type": "quiz", "correct": event.correct_answers, "total": event.total_questions}
        if event.confidence_score is not None:
            found["confidence"] = event.confidence_score
    elif isinstance(event, QualityAssessmentCompleted):
        scores = [event.code_quality_score, event.correctness_score, event.efficiency_score]
        peers = [] if event.peer_review_score is None else [event.peer_review_score]
        found |= {"type": "quality", "scores": [*scores, *peers]}
    elif isinstance(event, ExerciseCompletionSubmitted):
        found |= {"type": "exercise", "done": event.completed_exercises, "total": event.total_exercises}
        found["difficulty"] = event.difficulty
    elif isinstance(event, ConsistencyActivityRecorded):
        own = moment.date()
        if event.activity_dates != (own,):
            found["dates"] = [one.isoformat() for one in event.activity_dates]
        if event.max_streak is not None:
            found["longest"] = event.max_streak
    return found
