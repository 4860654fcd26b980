"""The typed events that agents send, and the rules that one event alone can break.

The types are the single source of the wire contract: JSON Schema and Avro schemas are generated from them.
Rules that need a clock or a tenant's settings are in `rules`.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

MAX_COUNT: Final = 1_000_000
MAX_STREAK: Final = 3_660
MAX_ACTIVITY_DATES: Final = 366
DIFFICULTY_MULTIPLIER: Final = {"beginner": 0.8, "intermediate": 1.0, "advanced": 1.2}

EventId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z",
        description="UUID in canonical lower case",
    ),
]
TenantId = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,49}\Z", description="School")]
StudentId = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_-]{1,50}\Z", description="Student, unique in the tenant")
]
ItemId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,100}\Z", description="Course, topic or item")]
Milliseconds = Annotated[int, Meta(ge=0, le=253_402_300_799_999, description="Unix time in milliseconds")]
Count = Annotated[int, Meta(ge=0, le=MAX_COUNT)]
Total = Annotated[int, Meta(ge=1, le=MAX_COUNT)]
Seconds = Annotated[float, Meta(ge=0.0, le=1e9, description="Duration in seconds")]
Streak = Annotated[int, Meta(ge=0, le=MAX_STREAK, description="Days in a row")]
UnitScore = Annotated[float, Meta(ge=0.0, le=1.0)]
Label = Annotated[str, Meta(min_length=1, max_length=100)]
MetadataKey = Annotated[str, Meta(max_length=50)]
MetadataValue = Annotated[str, Meta(max_length=500)]
Metadata = Annotated[dict[MetadataKey, MetadataValue], Meta(max_length=20)]
ActivityDates = Annotated[tuple[date, ...], Meta(max_length=MAX_ACTIVITY_DATES)]
Difficulty = Literal["beginner", "intermediate", "advanced"]


class Event(Struct, kw_only=True, frozen=True, tag_field="event_type", omit_defaults=True):
    """Fields that every event has.

    Attributes:
        event_id: UUID in lower case; each event counts once by it.
        timestamp: When the student did it, Unix milliseconds.
        activity: False for a report by the platform that is no act of the student.
        corrects: Reserved for corrections by an administrator.
    """

    event_id: EventId
    timestamp: Milliseconds
    tenant_id: TenantId = "default"
    student_id: StudentId
    source: Label
    course_id: ItemId | None = None
    topic_id: ItemId | None = None
    activity: bool = True
    corrects: EventId | None = None
    metadata: Metadata | None = None


class ExerciseCompletionSubmitted(Event, kw_only=True, frozen=True, tag="exercise.completion.submitted"):
    """How many exercises of a course are done, as the platform reports it; the latest report counts."""

    exercise_id: ItemId
    total_exercises: Total
    completed_exercises: Count
    difficulty: Difficulty
    time_taken: Seconds


class QuizPerformanceSubmitted(Event, kw_only=True, frozen=True, tag="quiz.performance.submitted"):
    """One quiz with its result; `confidence_score` is the student's own guess of the accuracy."""

    quiz_id: ItemId
    total_questions: Total
    correct_answers: Count
    time_spent: Seconds
    confidence_score: UnitScore | None = None


class QualityAssessmentCompleted(Event, kw_only=True, frozen=True, tag="quality.assessment.completed"):
    """A reviewer's assessment of one submission."""

    submission_id: ItemId
    code_quality_score: UnitScore
    correctness_score: UnitScore
    efficiency_score: UnitScore
    peer_review_score: UnitScore | None = None


class ConsistencyActivityRecorded(Event, kw_only=True, frozen=True, tag="consistency.activity.recorded"):
    """Days on which the student was active; `current_streak` is information, `max_streak` counts."""

    activity_dates: ActivityDates
    current_streak: Streak | None = None
    max_streak: Streak | None = None


class WhatIfComponents(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Component values of a what-if calculation; a missing one is not observed."""

    completion: UnitScore | None = None
    quiz: UnitScore | None = None
    quality: UnitScore | None = None
    consistency: UnitScore | None = None


class MasteryCalculationRequested(Event, kw_only=True, frozen=True, tag="mastery.calculation.requested"):
    """A question over the log: answered by `mastery.calculated`, no evidence of anything."""

    components: WhatIfComponents | None = None
    correlation_id: Label | None = None


LearningEvent = (
    ExerciseCompletionSubmitted
    | QuizPerformanceSubmitted
    | QualityAssessmentCompleted
    | ConsistencyActivityRecorded
    | MasteryCalculationRequested
)
EVENT_CLASSES: Final[tuple[type[Event], ...]] = (
    ExerciseCompletionSubmitted,
    QuizPerformanceSubmitted,
    QualityAssessmentCompleted,
    ConsistencyActivityRecorded,
    MasteryCalculationRequested,
)


def event_type(event: Event) -> str:
    """Name of the event's type on the wire, e.g. `quiz.performance.submitted`."""
    return str(event.__struct_config__.tag)
