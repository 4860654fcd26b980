"""Answers to questions about students: the `data` of the API's envelope, and what `--json` prints."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Final, Literal

from msgspec import Struct

from mastery_engine.domain.cohort import Standing
from mastery_engine.domain.forecast import Forecast, Trajectory, Trend
from mastery_engine.domain.history import Aggregation, Bucket
from mastery_engine.domain.learning_path import LearningPath
from mastery_engine.domain.recommend import Recommendation
from mastery_engine.domain.scores import COMPONENTS, SCORE_DECIMALS, Component, Components, Level, Result

Metric = Literal["score", "completion", "quiz", "quality", "consistency"]
METRICS: Final[tuple[Metric, ...]] = ("score", *COMPONENTS)


class ComponentView(Struct, frozen=True, kw_only=True):
    """A component's value in [0, 1] at 6 decimals; 0 and not observed where there is no evidence."""

    value: float
    observed: bool


class ResultView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A result as people see it; `components` are left out when they were not asked for."""

    score: float
    level: Level
    formula: str
    components: dict[Component, ComponentView] | None = None


class Profile(Struct, frozen=True, kw_only=True):
    """A student's mastery in one scope.

    Attributes:
        student_id: Whose.
        course_id: The course, None for all together.
        as_of: Day at whose end it holds.
        current: Result of that day.
        courses: Result of each course, in the overall scope.
        events: How many events it rests on, up to that day.
        historical_average: Mean of the daily scores of the 30 days to `as_of`; None if none had an event.
        trend: Over 7 days; None where the history is too short to tell.
        path: What to do next, in order.
    """

    student_id: str
    course_id: str | None
    as_of: date
    current: ResultView
    courses: dict[str, ResultView]
    events: int
    historical_average: float | None
    trend: Trend | None
    path: LearningPath


class LiveResult(Struct, frozen=True, kw_only=True):
    """A student's result while it is followed: what a query tells as `current`, with what it rests on.

    Attributes:
        student_id: Whose.
        course_id: The course, None for all together.
        as_of: Day at whose end it holds: today in the school's time zone.
        events: How many events it rests on.
        current: The result.
    """

    student_id: str
    course_id: str | None
    as_of: date
    events: int
    current: ResultView


class Calculation(Struct, frozen=True, kw_only=True):
    """A what-if calculation, stored nowhere; `current` where a student was named."""

    student_id: str | None
    result: ResultView
    current: ResultView | None
    recommendations: list[Recommendation]


class DayResult(Struct, frozen=True, kw_only=True):
    """The result at the end of a day with an event."""

    day: date
    result: ResultView


class History(Struct, frozen=True, kw_only=True):
    """A student's history in one scope; only days with an event are told.

    Attributes:
        student_id: Whose.
        course_id: The course, None for all together.
        start: First day asked for.
        end: Last day, included.
        aggregation: What the buckets are.
        formula: `name@version` under which all of it was computed.
        buckets: Days, weeks or months with an event, oldest first.
        days: Each day with an event, oldest first.
    """

    student_id: str
    course_id: str | None
    start: date
    end: date
    aggregation: Aggregation
    formula: str
    buckets: list[Bucket]
    days: list[DayResult]


class ForecastAnswer(Struct, frozen=True, kw_only=True):
    """A student's forecast in one scope."""

    student_id: str
    course_id: str | None
    as_of: date
    current: ResultView
    forecast: Forecast


class TrajectoryAnswer(Struct, frozen=True, kw_only=True):
    """Where a student's score has been and will be, in one scope."""

    student_id: str
    course_id: str | None
    as_of: date
    current: ResultView
    trajectory: Trajectory


class RecommendationsAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to do next.

    Attributes:
        student_id: Whose.
        course_id: The course, None for all together.
        as_of: Day at whose end it holds.
        current: Result of that day.
        recommendations: Best first.
        reworded: Areas whose reason a language model has said in other words; left out where there are none.
    """

    student_id: str
    course_id: str | None
    as_of: date
    current: ResultView
    recommendations: list[Recommendation]
    reworded: tuple[Component, ...] = ()


class InterventionView(Struct, frozen=True, kw_only=True):
    """What would be after an intervention.

    Attributes:
        on: Day at whose end it would hold.
        change: Of the score, at 6 decimals.
        result: What would be.
    """

    on: date
    change: float
    result: ResultView


class InterventionsAnswer(Struct, frozen=True, kw_only=True):
    """What each of some interventions would change.

    Attributes:
        student_id: Whose.
        course_id: The course, None for all together.
        as_of: Day of the current result, on which they would happen.
        current: The result without them.
        interventions: In the order asked for.
    """

    student_id: str
    course_id: str | None
    as_of: date
    current: ResultView
    interventions: list[InterventionView]


class MemberStanding(Struct, frozen=True, kw_only=True):
    """A member of a class, as its teacher sees it; without evidence, the last three are None."""

    student_id: str
    value: float | None
    level: Level | None
    rank: int | None


class Comparison(Struct, frozen=True, kw_only=True):
    """A student in a class, or a whole class.

    Attributes:
        cohort_id: The class.
        name: Its name.
        course_id: The course, None for all together.
        as_of: Day at whose end it holds.
        student_id: Who is placed in it, None for the whole class.
        standings: By metric.
        members: Everybody, for those who may see them all; None otherwise.
    """

    cohort_id: str
    name: str
    course_id: str | None
    as_of: date
    student_id: str | None
    standings: dict[Metric, Standing]
    members: list[MemberStanding] | None


class BatchItem(Struct, frozen=True, kw_only=True):
    """One student of a batch: a result, or an error's code and message."""

    student_id: str
    current: ResultView | None
    error: str | None
    message: str | None


class BatchAnswer(Struct, frozen=True, kw_only=True):
    """Many students at once.

    Attributes:
        as_of: Day at whose end the results hold.
        course_id: The course, None for all together.
        found: How many have a result.
        items: One for each student, in the order asked for.
    """

    as_of: date
    course_id: str | None
    found: int
    items: list[BatchItem]


class RestrictionView(Struct, frozen=True, kw_only=True):
    """How the restriction of a student stands.

    Attributes:
        student_id: Whose.
        restricted: Whether it is in force.
        since: When it was set, ISO 8601 in UTC; None if it is not in force.
        request_id: Id of its record among the privacy requests, None if there was never one.
    """

    student_id: str
    restricted: bool
    since: str | None
    request_id: str | None


def result_view(result: Result, *, components: bool = True) -> ResultView:
    """A result as people see it."""
    shown = component_views(result.components) if components else None
    return ResultView(score=result.score, level=result.level, formula=result.formula, components=shown)


def component_views(components: Components) -> dict[Component, ComponentView]:
    """Components as people see them, by name."""
    completion, quiz, quality, consistency = components
    return {
        "completion": _component_view(completion),
        "quiz": _component_view(quiz),
        "quality": _component_view(quality),
        "consistency": _component_view(consistency),
    }


@lru_cache(maxsize=8_192)
def _component_view(value: float | None) -> ComponentView:
    # A whole number given as such is told as a fraction too: 1 and 1.0 share their place in the cache.
    shown = 0.0 if value is None else round(float(value), SCORE_DECIMALS)
    return ComponentView(value=shown, observed=value is not None)
