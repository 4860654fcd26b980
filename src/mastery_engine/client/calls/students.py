"""What is asked about students."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec
from msgspec import Struct

from mastery_engine.client.call import API, POSITION, Call, asking, enveloped, path
from mastery_engine.contracts.answers import (
    BatchAnswer,
    Calculation,
    Comparison,
    ForecastAnswer,
    History,
    InterventionsAnswer,
    Metric,
    Profile,
    RecommendationsAnswer,
    TrajectoryAnswer,
)
from mastery_engine.contracts.job import Priority as JobPriority
from mastery_engine.contracts.job_view import JobView
from mastery_engine.contracts.stream_ticket import StreamTicket
from mastery_engine.domain.history import Aggregation
from mastery_engine.domain.interventions import Intervention
from mastery_engine.domain.learning_path import LearningPath, Plan
from mastery_engine.domain.recommend import Priority
from mastery_engine.domain.scores import Components


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
    return asking("/mastery/query", asked, Profile, position)


def mastery(
    student_id: str,
    *,
    course_id: str | None = None,
    date: date | None = None,
    etag: str | None = None,
    position: str | None = None,
) -> Call[Profile | None]:
    """The same as `profile` if it is news.

    Args:
        student_id: Whose.
        course_id: A course; None means all together.
        date: Day at whose end it holds; None means today.
        etag: `Reply.etag` of an answer that is there; if it still holds, the answer is None.
        position: As for `profile`.
    """
    given = {"If-None-Match": etag, POSITION: position}
    whole = enveloped(Profile)
    return Call(
        "GET",
        path("/students/{}/mastery", student_id),
        lambda body: whole(body) if body else None,
        query={"course_id": course_id, "date": None if date is None else date.isoformat()},
        headers={name: value for name, value in given.items() if value is not None},
    )


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
    return asking("/mastery/calculate", {"components": values, "student_id": student_id}, Calculation)


def forecast(
    student_id: str,
    *,
    course_id: str | None = None,
    date: date | None = None,
    position: str | None = None,
) -> Call[ForecastAnswer]:
    """Where a student will stand in a week; see `trajectory` for other days."""
    asked = {"student_id": student_id, "course_id": course_id, "date": date}
    return asking("/predictions/next-week", asked, ForecastAnswer, position)


def trajectory(
    student_id: str,
    *,
    days: int = 30,
    ahead: int = 7,
    course_id: str | None = None,
    date: date | None = None,
    position: str | None = None,
) -> Call[TrajectoryAnswer]:
    """So many days back (7 to 90), and so many ahead (1 to 30), as points of one line."""
    asked = {"student_id": student_id, "days": days, "ahead": ahead, "course_id": course_id, "date": date}
    return asking("/predictions/trajectory", asked, TrajectoryAnswer, position)


def what_if(
    student_id: str,
    interventions: Sequence[Intervention],
    *,
    course_id: str | None = None,
    date: date | None = None,
    position: str | None = None,
) -> Call[InterventionsAnswer]:
    """What would be after each of some interventions (1 to 5), none of which happens."""
    asked = {"student_id": student_id, "interventions": interventions, "course_id": course_id, "date": date}
    return asking("/predictions/what-if", asked, InterventionsAnswer, position)


def recommendations(
    student_id: str,
    *,
    limit: int = 10,
    priority: Priority | None = None,
    course_id: str | None = None,
    date: date | None = None,
    position: str | None = None,
) -> Call[RecommendationsAnswer]:
    """What a student should do next, at most so many (1 to 10), of one priority or any."""
    asked = {
        "student_id": student_id,
        "limit": limit,
        "priority": priority,
        "course_id": course_id,
        "date": date,
    }
    return asking("/recommendations/adaptive", asked, RecommendationsAnswer, position)


def learning_path(
    student_id: str,
    plan: Plan | None = None,
    *,
    course_id: str | None = None,
    date: date | None = None,
    position: str | None = None,
) -> Call[LearningPath]:
    """The steps towards a goal, laid out over days; without a plan, towards more mastery in 30 minutes a day."""
    chosen = plan or Plan()
    asked = {
        "student_id": student_id,
        "goal": chosen.goal,
        "daily_minutes": chosen.daily_minutes,
        "topic_id": chosen.topic_id,
        "assessment_date": chosen.assessment_date,
        "course_id": course_id,
        "date": date,
    }
    return asking("/recommendations/learning-path", asked, LearningPath, position)


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
    return asking("/analytics/mastery-history", asked, History)


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
    return asking("/analytics/compare", asked, Comparison)


def batch(
    student_ids: Sequence[str],
    *,
    course_id: str | None = None,
    date: date | None = None,
    priority: JobPriority = "normal",
) -> Call[BatchAnswer | JobView]:
    """How up to 1,000 students stand: the answer for up to 100, for more a job whose results `read_batch` gives."""
    asked = {"student_ids": student_ids, "course_id": course_id, "date": date, "priority": priority}
    answer, job = enveloped(BatchAnswer), enveloped(JobView)
    # Each has fields that the other has not: so what came is told without its status.
    return Call(
        "POST",
        f"{API}/batch/mastery",
        lambda body: job(body) if _is_job(body) else answer(body),
        body=msgspec.json.encode({name: value for name, value in asked.items() if value is not None}),
        repeatable=False,
    )


def stream_ticket(student_id: str) -> Call[StreamTicket]:
    """What opens one stream of a student's results in a browser, within a minute."""
    return Call("POST", path("/students/{}/stream-ticket", student_id), enveloped(StreamTicket))


class _Kind(Struct):
    job_id: str | None = None


_kind: Final = enveloped(_Kind)


def _is_job(body: bytes) -> bool:
    return _kind(body).job_id is not None
