"""The learning path: steps in the order of gain per minute, laid out over days of a fixed length."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from math import ceil
from typing import Final, Literal, Protocol

from msgspec import Struct

from mastery_engine.domain.errors import InvalidInput, NotEnoughDays, Problem
from mastery_engine.domain.recommend import Action, Recommendation, recommend, stretch_goals
from mastery_engine.domain.scores import SCORE_DECIMALS, Component, Formula, Result

Goal = Literal["improve_mastery", "master_topic", "prepare_assessment"]
GOALS: Final[tuple[Goal, ...]] = ("improve_mastery", "master_topic", "prepare_assessment")
DAILY_MINUTES: Final = 30
FEWEST_DAILY_MINUTES: Final = 5
MOST_DAILY_MINUTES: Final = 480
LONGEST_PATH_DAYS: Final = 365


class Outlook(Protocol):
    """What a path needs of a forecast."""

    @property
    def current_score(self) -> float:
        """Score of today."""
        ...

    @property
    def predicted_score(self) -> float:
        """Score foreseen."""
        ...

    @property
    def timeframe_days(self) -> int:
        """Days from the one to the other."""
        ...


class Plan(Struct, frozen=True, kw_only=True):
    """What a path is asked for.

    Attributes:
        goal: `improve_mastery` takes every weak component; `master_topic` and `prepare_assessment` leave out
            consistency, a habit that belongs to no topic; the latter ends on the day before the assessment.
        daily_minutes: Time budget of a day, 5 to 480.
        topic_id: Of `master_topic`, told again in the answer; evidence is kept by course, so it chooses no
            steps.
        assessment_date: Of `prepare_assessment`, after the day of the path.

    Raises:
        InvalidInput: A value breaks its rule.
    """

    goal: Goal = "improve_mastery"
    daily_minutes: int = DAILY_MINUTES
    topic_id: str | None = None
    assessment_date: date | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be planned."""
        problems: list[Problem] = []
        if self.goal not in GOALS:
            problems.append(Problem("goal", str(self.goal)[:100], f"must be one of {', '.join(GOALS)}"))
        if not FEWEST_DAILY_MINUTES <= self.daily_minutes <= MOST_DAILY_MINUTES:
            rule = f"must be from {FEWEST_DAILY_MINUTES} to {MOST_DAILY_MINUTES}"
            problems.append(Problem("daily_minutes", str(self.daily_minutes), rule))
        if self.topic_id is not None and self.goal != "master_topic":
            problems.append(Problem("topic_id", self.topic_id[:100], "goes with the goal master_topic only"))
        if self.assessment_date is not None and self.goal != "prepare_assessment":
            rule = "goes with the goal prepare_assessment only"
            problems.append(Problem("assessment_date", self.assessment_date.isoformat(), rule))
        if problems:
            raise InvalidInput.of(*problems)


class Step(Struct, frozen=True, kw_only=True):
    """One step of a path.

    Attributes:
        area: Component that it raises.
        action: What to do.
        minutes: Minutes in all, over one day or several.
        gain: Score to be won, at 6 decimals; a step that was cut short wins its share.
        starts_on: First day.
        ends_on: Last day, included.
        reason: One sentence for the student.
    """

    area: Component
    action: Action
    minutes: int
    gain: float
    starts_on: date
    ends_on: date
    reason: str


class LearningPath(Struct, frozen=True, kw_only=True):
    """A path.

    Attributes:
        plan: What was asked for.
        as_of: Day of the result, and first day of the path.
        steps: In order, most gain per minute first.
        total_minutes: Of all steps.
        gain: Score to be won by all steps, at 6 decimals.
        priority_areas: Components of the steps, in order.
        left_out: Components for which no time is left before the assessment.
        estimated_completion: Day on which the gain should be reached; None where `completion_note` says why
            not.
        completion_note: How the day was found, or why there is none.
        in_time: Whether that day is before the assessment; None without the one or the other.
    """

    plan: Plan
    as_of: date
    steps: tuple[Step, ...]
    total_minutes: int
    gain: float
    priority_areas: tuple[Component, ...]
    left_out: tuple[Component, ...]
    estimated_completion: date | None
    completion_note: str
    in_time: bool | None


def learning_path(
    result: Result, formula: Formula, plan: Plan, *, today: date, forecast: Outlook | NotEnoughDays
) -> LearningPath:
    """Lay out a path.

    The steps are the recommendations that serve the goal (its stretch goals if none does), by gain per
    minute. Each follows the one before it, so many minutes a day. Before an assessment, a step that does not
    fit is cut short or left out.

    The estimated completion begins with the days that the budget needs: minutes / daily minutes, which wins
    gain / days a day. To this the forecast's own movement is added, (predicted - current) / timeframe: a
    falling score has to be made up for, a rising one helps, up to twice the pace. The day is as far off as
    the gain takes at this pace, rounded up, today being the first day. There is none without a forecast,
    where the score falls faster than the path lifts it, or beyond a year.

    Args:
        result: Mastery in any scope.
        formula: The formula that made it.
        plan: What is asked for.
        today: First day of the path.
        forecast: Of the same scope and day, or why there is none.

    Raises:
        InvalidInput: The assessment is not after today.
    """
    budget: int | None = None
    if plan.assessment_date is not None:
        if plan.assessment_date <= today:
            rule = f"must be after {today.isoformat()}"
            raise InvalidInput.of(Problem("assessment_date", plan.assessment_date.isoformat(), rule))
        budget = (plan.assessment_date - today).days * plan.daily_minutes
    wanted = _wanted(result, formula, plan)
    steps = _laid_out(wanted, plan.daily_minutes, today, budget)
    total = sum(step.minutes for step in steps)
    gain = round(sum(step.gain for step in steps), SCORE_DECIMALS)
    days, note = _days_needed(gain, total, plan.daily_minutes, forecast)
    completion = None if days is None else today + timedelta(days=days - 1)
    in_time = None
    if completion is not None and plan.assessment_date is not None:
        in_time = completion < plan.assessment_date
    return LearningPath(
        plan=plan,
        as_of=today,
        steps=tuple(steps),
        total_minutes=total,
        gain=gain,
        priority_areas=tuple(step.area for step in steps),
        left_out=tuple(step.area for step in wanted[len(steps) :]),
        estimated_completion=completion,
        completion_note=note,
        in_time=in_time,
    )


def steps_of(recommendations: Iterable[Recommendation], daily_minutes: int, today: date) -> list[Step]:
    """The steps alone, as `learning_path` lays them out where there is no assessment to be ready for.

    Args:
        recommendations: What the steps are made of.
        daily_minutes: Time budget of a day.
        today: First day of the path.
    """
    return _laid_out(_by_gain_per_minute(recommendations), daily_minutes, today, None)


def _wanted(result: Result, formula: Formula, plan: Plan) -> list[Recommendation]:
    found = recommend(result, formula)
    if plan.goal != "improve_mastery":
        found = _without_habits(found) or _without_habits(stretch_goals(result, formula))
    return _by_gain_per_minute(found)


def _by_gain_per_minute(found: Iterable[Recommendation]) -> list[Recommendation]:
    return sorted(found, key=lambda step: -step.gain / step.estimated_time)


def _without_habits(found: Iterable[Recommendation]) -> list[Recommendation]:
    return [recommendation for recommendation in found if recommendation.area != "consistency"]


def _laid_out(wanted: list[Recommendation], daily: int, today: date, budget: int | None) -> list[Step]:
    steps: list[Step] = []
    start, first_day = 0, today.toordinal()
    for step in wanted:
        end = start + step.estimated_time
        if budget is not None:
            end = min(end, budget)
            if end == start:
                break
        share = (end - start) / step.estimated_time
        steps.append(
            Step(
                area=step.area,
                action=step.action,
                minutes=end - start,
                gain=round(step.gain * share, SCORE_DECIMALS),
                starts_on=date.fromordinal(first_day + start // daily),
                ends_on=date.fromordinal(first_day + (end - 1) // daily),
                reason=step.reason,
            )
        )
        start = end
    return steps


def completion_days(gain: float, minutes: int, daily_minutes: int, outlook: Outlook) -> int | None:
    """Days that a path takes, from 1; None where it never gets there or takes more than a year.

    Args:
        gain: Score to be won by all steps.
        minutes: Minutes of all steps.
        daily_minutes: Time budget of a day.
        outlook: Where the score is heading anyway; see `learning_path` for the rule.
    """
    if minutes == 0:
        return 1
    planned = minutes / daily_minutes
    if gain == 0.0:
        return ceil(planned)
    pace, drift = gain / planned, _drift(outlook)
    if pace + drift <= 0.0:
        return None
    days = ceil(round(gain / (pace + min(drift, pace)), 9))
    return days if days <= LONGEST_PATH_DAYS else None


def _drift(outlook: Outlook) -> float:
    return (outlook.predicted_score - outlook.current_score) / outlook.timeframe_days


def _days_needed(
    gain: float, minutes: int, daily: int, forecast: Outlook | NotEnoughDays
) -> tuple[int | None, str]:
    """Days from 1, and the sentence that explains them; see `learning_path`."""
    if isinstance(forecast, NotEnoughDays):
        return None, forecast.message
    days = completion_days(gain, minutes, daily, forecast)
    if minutes == 0:
        return days, "There is nothing left to win."
    budget = f"{minutes} minutes at {daily} a day"
    if gain == 0.0:
        return days, f"{budget}."
    pace, drift = gain * daily / minutes, _drift(forecast)
    # Nothing, and not less than nothing: 0.0 added to -0.0 is 0.0.
    moves = f"the forecast moves your score by {round(drift * 100, 2) + 0.0:+.2f} points a day"
    if days is not None:
        return days, f"{budget}, and {moves}."
    if pace + drift <= 0.0:
        return None, f"{budget} win {pace * 100:.2f} points a day, but {moves}; plan more time."
    return None, f"{budget}, and {moves}: more than {LONGEST_PATH_DAYS} days; plan more time."
