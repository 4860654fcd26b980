"""The calls of the API, a function each; a client sends what it returns.

Arguments are checked by the service, which tells every broken rule; here only what a URL needs is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import uuid4

import msgspec

from mastery_engine.client.call import Call, enveloped
from mastery_engine.contracts.answers import (
    Calculation,
    Comparison,
    ForecastAnswer,
    History,
    Metric,
    Profile,
    RecommendationsAnswer,
)
from mastery_engine.contracts.event_json import encode_event
from mastery_engine.contracts.ingest_answer import IngestAnswer
from mastery_engine.domain.events import LearningEvent
from mastery_engine.domain.history import Aggregation
from mastery_engine.domain.scores import Components

MOST_EVENTS: Final = 1_000
MOST_BYTES: Final = 4 << 20
"""A little less than an ingest takes at once."""
_POSITION: Final = "X-Mastery-Position"


def profile(
    student_id: str,
    *,
    course_id: str | None = None,
    date: date | None = None,
    include_components: bool = True,
    position: str | None = None,
) -> Call[Profile]:
    """How a student stands.

    Args:
        student_id: Whose.
        course_id: A course; None means all together.
        date: Day at whose end it holds; None means today.
        include_components: Whether results tell their components.
        position: `position` of an ingest whose events are to be in it; the service waits for them up to 2 seconds.
    """
    asked = {
        "student_id": student_id,
        "course_id": course_id,
        "date": date,
        "include_components": include_components,
    }
    return _asking("/mastery/query", asked, Profile, position)


def calculation(components: Components, *, student_id: str | None = None) -> Call[Calculation]:
    """What a score would be.

    Args:
        components: Values; None is not observed.
        student_id: Whose current result to put beside it, and whose formula to use.
    """
    values = {
        name: value
        for name in ("completion", "quiz", "quality", "consistency")
        if (value := getattr(components, name)) is not None
    }
    return _asking("/mastery/calculate", {"components": values, "student_id": student_id}, Calculation)


def forecast(
    student_id: str, *, days: int = 7, course_id: str | None = None, date: date | None = None
) -> Call[ForecastAnswer]:
    """Where a student is heading, so many days ahead (1 to 30)."""
    asked = {"student_id": student_id, "timeframe_days": days, "course_id": course_id, "date": date}
    return _asking("/predictions/next-week", asked, ForecastAnswer)


def recommendations(
    student_id: str, *, limit: int = 10, course_id: str | None = None, date: date | None = None
) -> Call[RecommendationsAnswer]:
    """What a student should do next, at most so many (1 to 10)."""
    asked = {"student_id": student_id, "limit": limit, "course_id": course_id, "date": date}
    return _asking("/recommendations/adaptive", asked, RecommendationsAnswer)


def history(
    student_id: str,
    *,
    start: date | None = None,
    end: date | None = None,
    aggregation: Aggregation = "daily",
    course_id: str | None = None,
) -> Call[History]:
    """A student's scores over time."""
    asked = {
        "student_id": student_id,
        "start": start,
        "end": end,
        "aggregation": aggregation,
        "course_id": course_id,
    }
    return _asking("/analytics/mastery-history", asked, History)


def comparison(
    cohort_id: str,
    *,
    student_id: str | None = None,
    metric: Metric | None = None,
    course_id: str | None = None,
    date: date | None = None,
) -> Call[Comparison]:
    """A class, or a student in it."""
    asked = {
        "cohort_id": cohort_id,
        "student_id": student_id,
        "metric": metric,
        "course_id": course_id,
        "date": date,
    }
    return _asking("/analytics/compare", asked, Comparison)


def ingest(
    events: Sequence[LearningEvent | Mapping[str, Any]], *, idempotency_key: str | None = None
) -> Call[IngestAnswer]:
    """Events in, up to 1,000.

    Args:
        events: As types, or as what their JSON would be.
        idempotency_key: Under which the service answers a repeat as it answered the first; None makes one, so that the
            client's own tries are answered alike.
    """
    parts = (
        encode_event(one) if isinstance(one, LearningEvent) else msgspec.json.encode(one) for one in events
    )
    return ingest_bytes(b"[" + b",".join(parts) + b"]", idempotency_key=idempotency_key)


def ingest_bytes(body: bytes, *, idempotency_key: str | None = None) -> Call[IngestAnswer]:
    """The same of JSON: one event, or a list of up to 1,000."""
    return Call(
        "POST",
        "/mastery/ingest",
        enveloped(IngestAnswer),
        body=body,
        headers={"Idempotency-Key": idempotency_key or str(uuid4())},
    )


def ingests(events: Iterable[LearningEvent | Mapping[str, Any]]) -> Iterator[Call[IngestAnswer]]:
    """Any number of events as calls that each take what the service takes at once."""
    parts: list[bytes] = []
    size = 0
    for one in events:
        part = encode_event(one) if isinstance(one, LearningEvent) else msgspec.json.encode(one)
        if parts and (len(parts) == MOST_EVENTS or size + len(part) > MOST_BYTES):
            yield ingest_bytes(b"[" + b",".join(parts) + b"]")
            parts, size = [], 0
        parts.append(part)
        size += len(part) + 1
    if parts:
        yield ingest_bytes(b"[" + b",".join(parts) + b"]")


def _asking(path: str, asked: Mapping[str, Any], kind: Any, position: str | None = None) -> Call[Any]:
    """A question in a body; what is None is left out."""
    body = msgspec.json.encode({name: value for name, value in asked.items() if value is not None})
    headers = {} if position is None else {_POSITION: position}
    return Call("POST", path, enveloped(kind), body=body, headers=headers)
