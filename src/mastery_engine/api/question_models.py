"""What is asked about students: where they are heading, what to do next, over time and in a class."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from mastery_engine.api.models import AskedDay, CourseId
from mastery_engine.contracts.answers import Metric
from mastery_engine.domain.events import ItemId, StudentId
from mastery_engine.domain.history import Aggregation
from mastery_engine.domain.interventions import MOST_INTERVENTIONS, Intervention
from mastery_engine.domain.learning_path import DAILY_MINUTES, Goal
from mastery_engine.domain.recommend import Priority


class MasteryParameters(Struct, frozen=True, kw_only=True):
    """Of a student's mastery.

    Attributes:
        student_id: Whose mastery.
        course_id: One course; left out means all together.
        date: Day at whose end the answer holds, 1970 to 2199; left out means today in the tenant's time zone.
    """

    student_id: StudentId
    course_id: CourseId | None = None
    date: AskedDay | None = None


class NextWeekRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks where a student will stand in a week.

    Attributes:
        student_id: Whose mastery.
        course_id: One course; null or left out means all together.
        date: Last day whose evidence counts, 1970 to 2199; left out means today in the tenant's time zone.
    """

    student_id: StudentId
    course_id: CourseId | None = None
    date: AskedDay | None = None


class PredictRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks where a student is heading.

    Attributes:
        student_id: Whose mastery.
        course_id: One course; null or left out means all together.
        date: Last day whose evidence counts, 1970 to 2199; left out means today in the tenant's time zone.
        days: How many days ahead.
    """

    student_id: StudentId
    course_id: CourseId | None = None
    date: AskedDay | None = None
    days: Annotated[int, Meta(ge=1, le=30)] = 7


class TrajectoryRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks for the days behind and the days ahead, as points of one line.

    Attributes:
        student_id: Whose mastery.
        course_id: One course; null or left out means all together.
        date: Last day whose evidence counts, 1970 to 2199; left out means today in the tenant's time zone.
        days: How many days back, that day included.
        ahead: How many days ahead.
    """

    student_id: StudentId
    course_id: CourseId | None = None
    date: AskedDay | None = None
    days: Annotated[int, Meta(ge=7, le=90)] = 30
    ahead: Annotated[int, Meta(ge=1, le=30)] = 7


class WhatIfRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks what would be after each of some interventions, none of which happens.

    Attributes:
        student_id: Whose mastery.
        interventions: What could be done, each by itself; what one of them names happens together.
        course_id: One course; null or left out means all together.
        date: Day on which it would be done, 1970 to 2199; left out means today in the tenant's time zone.
    """

    student_id: StudentId
    interventions: Annotated[tuple[Intervention, ...], Meta(min_length=1, max_length=MOST_INTERVENTIONS)]
    course_id: CourseId | None = None
    date: AskedDay | None = None


class RecommendRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks what a student should do next.

    Attributes:
        student_id: Whose mastery.
        course_id: One course; null or left out means all together.
        date: Day at whose end the answer holds, 1970 to 2199; left out means today in the tenant's time zone.
        limit: How many at most.
        priority: Only those of this priority; null or left out means any.
    """

    student_id: StudentId
    course_id: CourseId | None = None
    date: AskedDay | None = None
    limit: Annotated[int, Meta(ge=1, le=10)] = 10
    priority: Priority | None = None


class PathRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks for the steps towards a goal, laid out over days.

    Attributes:
        student_id: Whose mastery.
        course_id: One course; null or left out means all together.
        date: Day of the result, and first day of the path, 1970 to 2199; left out means today in the tenant's time zone.
        goal: `improve_mastery` takes every weak component; the other two leave out consistency.
        daily_minutes: Time budget of a day.
        topic_id: With `master_topic` only; told again in the answer.
        assessment_date: With `prepare_assessment` only, after the day of the path.
    """

    student_id: StudentId
    course_id: CourseId | None = None
    date: AskedDay | None = None
    goal: Goal = "improve_mastery"
    daily_minutes: Annotated[int, Meta(ge=5, le=480)] = DAILY_MINUTES
    topic_id: ItemId | None = None
    assessment_date: AskedDay | None = None


class HistoryRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks how a student stood over time.

    Attributes:
        student_id: Whose mastery.
        course_id: One course; null or left out means all together.
        start: First day; null or left out means 90 days to the end.
        end: Last day, included; null or left out means today in the tenant's time zone.
        aggregation: What days are put together to.
    """

    student_id: StudentId
    course_id: CourseId | None = None
    start: AskedDay | None = None
    end: AskedDay | None = None
    aggregation: Aggregation = "daily"


class ComparisonRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks how a student stands in a class, or how a class stands.

    Attributes:
        cohort_id: Which class.
        student_id: Who is placed in it; null or left out tells all members, to their teacher and to admins.
        metric: One metric; null or left out means score and all components.
        course_id: One course; null or left out means all together.
        date: Day at whose end the answer holds, 1970 to 2199; left out means today in the tenant's time zone.
    """

    cohort_id: ItemId
    student_id: StudentId | None = None
    metric: Metric | None = None
    course_id: CourseId | None = None
    date: AskedDay | None = None
