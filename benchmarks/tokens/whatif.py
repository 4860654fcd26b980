"""What would happen if: by the engine's fold, and as short as it can be written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from benchmarks.tokens.student import Student
from benchmarks.tokens.working import Part, Sheet, Term
from mastery_engine.domain.calendar import DAY_MS, date_of
from mastery_engine.domain.events import (
    ConsistencyActivityRecorded,
    ExerciseCompletionSubmitted,
    LearningEvent,
    QualityAssessmentCompleted,
    QuizPerformanceSubmitted,
)
from mastery_engine.domain.evidence import DecayedMean
from mastery_engine.domain.scores import Component

Kind = Literal["quiz", "exercises", "quality", "study_day"]
QUESTIONS: Final = 10
_NOON_MS: Final = DAY_MS // 2
_ID: Final = "ffffffff-ffff-4fff-bfff-ffffffffffff"
"""The highest one: of two reports at the same moment it counts."""


@dataclass(frozen=True)
class Change:
    """Something that a student might do.

    Attributes:
        kind: As the tool names it.
        value: Score of a quiz or a submission, or how many exercises.
    """

    kind: Kind
    value: float = 0.0


def event_of(change: Change, student: Student) -> LearningEvent:
    """The event that would come: at noon of the newest event's day, or as a day of study the day after.

    Args:
        change: What the student might do.
        student: Who.
    """
    newest = student.events[-1]
    day = student.day + 1 if change.kind == "study_day" else student.day
    told: dict[str, Any] = {
        "event_id": _ID,
        "timestamp": max(day * DAY_MS + _NOON_MS, newest.timestamp),
        "student_id": newest.student_id,
        "source": "what-if",
        "course_id": newest.course_id,
    }
    match change.kind:
        case "quiz":
            right = round(change.value * QUESTIONS)
            return QuizPerformanceSubmitted(
                **told, quiz_id="q", total_questions=QUESTIONS, correct_answers=right, time_spent=0.0
            )
        case "quality":
            names = ("code_quality_score", "correctness_score", "efficiency_score")
            return QualityAssessmentCompleted(**told, submission_id="s", **dict.fromkeys(names, change.value))
        case "exercises":
            report = student.state.courses[newest.course_id or ""].now.completion
            done, total = (report.completed, report.total) if report else (0, int(change.value))
            told |= {"exercise_id": "e", "total_exercises": total, "time_taken": 0.0}
            done = min(total, done + int(change.value))
            return ExerciseCompletionSubmitted(**told, completed_exercises=done, difficulty="intermediate")
        case "study_day":
            return ConsistencyActivityRecorded(**told, activity_dates=(date_of(day),))


def after(change: Change, student: Student) -> float:
    """The score after it, by the engine.

    Args:
        change: What the student might do.
        student: Who.
    """
    then = student.with_event(event_of(change, student))
    return then.result(then.day).score


def apply(change: Change, student: Student, sheet: Sheet) -> dict[Component, Part]:
    """The parts that are another after it, as written.

    Args:
        change: What the student might do.
        student: Who.
        sheet: Writes.
    """
    event = event_of(change, student)
    then = student.with_event(event)
    now, whole = sheet.parts(student.day), student.merged(student.day)
    told = Sheet(then, sheet.digits).parts(then.day)
    if isinstance(event, QuizPerformanceSubmitted):
        added = Term(float(event.correct_answers), float(QUESTIONS), event.timestamp)
        told["quiz"] = _moved(now["quiz"], whole.quiz, added, sheet)
    elif isinstance(event, QualityAssessmentCompleted):
        added = Term(change.value, 1.0, event.timestamp)
        told["quality"] = _moved(now["quality"], whole.quality, added, sheet)
    return {name: part for name, part in told.items() if part != now[name]}


def _moved(now: Part, held: DecayedMean | None, added: Term, sheet: Sheet) -> Part:
    """A mean after one more value, from the mean and the weight that are known: shorter than all of it again."""
    if held is None:
        return sheet.equals(f"{sheet.number(added.part)}/{added.whole:g}", added.part / added.whole)
    age = sheet.weight(added.at - held.reference)
    weight = sheet.equals(f"{sheet.number(held.weight)}*{age.text}", held.weight * age.value)
    above = f"({sheet.number(now.value)}*{sheet.number(weight.value)}+{sheet.number(added.part)})"
    below = f"({sheet.number(weight.value)}+{added.whole:g})"
    value = (now.value * weight.value + added.part) / (weight.value + added.whole)
    moved = sheet.equals(f"{above}/{below}", value)
    return Part(f"{weight.text}, {moved.text}", moved.value)
