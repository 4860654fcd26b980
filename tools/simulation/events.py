"""What producers send in a history: valid events, broken ones, repeats, ids used twice."""

from __future__ import annotations

import random
from typing import Final, Literal, NamedTuple
from uuid import UUID

import msgspec

from mastery_engine.contracts.event_json import encode_event
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.calendar import DAY_MS, Calendar, date_of
from mastery_engine.domain.events import (
    ConsistencyActivityRecorded,
    ExerciseCompletionSubmitted,
    LearningEvent,
    MasteryCalculationRequested,
    QualityAssessmentCompleted,
    QuizPerformanceSubmitted,
    WhatIfComponents,
)

Kind = Literal["event", "question", "broken"]
TENANTS: Final = (
    Tenant(tenant_id="default"),
    Tenant(tenant_id="month", retention_days=30, time_zone="Asia/Kathmandu"),
    Tenant(tenant_id="open", retention_days=None, formula="adr-004-observed"),
)
STUDENTS: Final = (("default", "ann"), ("default", "bob"), ("month", "cy"), ("open", "dee"))


class Sent(NamedTuple):
    """A record as a producer sent it.

    Attributes:
        event: None for a record that breaks a rule.
        raw: Its bytes.
    """

    topic_id: str
    partition: int
    offset: int
    raw: bytes
    event: LearningEvent | None

    @property
    def place(self) -> tuple[str, int, int]:
        return self.topic_id, self.partition, self.offset


def uuid_of(chance: random.Random) -> str:
    """An event id of the history's own."""
    return str(UUID(int=chance.getrandbits(128), version=4))


def draw_event(chance: random.Random, now_ms: int, student: tuple[str, str], event_id: str) -> LearningEvent:
    """A valid event of a student, in order or late."""
    tenant_id, student_id = student
    tenant = next(one for one in TENANTS if one.tenant_id == tenant_id)
    reach = min(tenant.retention_days or 120, 60)
    days_back = chance.choice((0, 0, 1, 2, chance.randrange(reach - 1)))
    timestamp = now_ms - days_back * DAY_MS - chance.randrange(DAY_MS // 2)
    common = {
        "event_id": event_id,
        "timestamp": timestamp,
        "tenant_id": tenant_id,
        "student_id": student_id,
        "source": "simulation",
        "course_id": chance.choice((None, "A", "B")),
        "activity": chance.random() < 0.8,
    }
    which = chance.randrange(4)
    if which == 0:
        total = chance.randrange(1, 10)
        fields = {
            "exercise_id": "e",
            "total_exercises": total,
            "completed_exercises": chance.randrange(total + 1),
            "difficulty": chance.choice(("beginner", "intermediate", "advanced")),
            "time_taken": 1.0,
        }
        return msgspec.convert({**common, **fields}, ExerciseCompletionSubmitted)
    if which == 1:
        total = chance.randrange(1, 10)
        fields = {
            "quiz_id": "q",
            "total_questions": total,
            "correct_answers": chance.randrange(total + 1),
            "time_spent": 1.0,
            "confidence_score": chance.choice((None, chance.random())),
        }
        return msgspec.convert({**common, **fields}, QuizPerformanceSubmitted)
    if which == 2:
        scores = ("code_quality_score", "correctness_score", "efficiency_score")
        fields = {"submission_id": "s", **{name: chance.random() for name in scores}}
        return msgspec.convert({**common, **fields}, QualityAssessmentCompleted)
    day = Calendar(tenant.time_zone).day(timestamp)
    dates = tuple(date_of(day - chance.randrange(20)) for _ in range(chance.randrange(4)))
    told = chance.choice((None, None, chance.randrange(40)))
    return msgspec.convert(
        {**common, "activity_dates": dates, "max_streak": told}, ConsistencyActivityRecorded
    )


def draw_question(
    chance: random.Random, now_ms: int, student: tuple[str, str], event_id: str
) -> MasteryCalculationRequested:
    """A calculation request, with components or about the student as he stands."""
    return MasteryCalculationRequested(
        event_id=event_id,
        timestamp=now_ms,
        tenant_id=student[0],
        student_id=student[1],
        source="simulation",
        components=WhatIfComponents(quiz=0.5) if chance.random() < 0.5 else None,
        correlation_id="c",
    )


def draw_broken(chance: random.Random, now_ms: int, student: tuple[str, str]) -> bytes:
    """A record that cannot count."""
    event = draw_event(chance, now_ms, student, uuid_of(chance))
    which = chance.randrange(4)
    if which == 0:
        return b"\x00\xff not an event"
    if which == 1:
        return encode_event(event)[:-5]
    if which == 2:
        return encode_event(msgspec.structs.replace(event, timestamp=now_ms + DAY_MS))
    return encode_event(msgspec.structs.replace(event, tenant_id="nobody"))
