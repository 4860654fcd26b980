"""A student over time, and in a class."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final, final

from mastery_engine.contracts.answers import (
    METRICS,
    Comparison,
    DayResult,
    History,
    MemberStanding,
    Metric,
    result_view,
)
from mastery_engine.domain.calendar import date_of, day_of
from mastery_engine.domain.cohort import UNKNOWN_CLASS, Cohort, Standing, compare
from mastery_engine.domain.errors import HistoryNotKept, InvalidInput, NotFound, Problem
from mastery_engine.domain.history import Aggregation, aggregate
from mastery_engine.domain.learner import LearnerState
from mastery_engine.domain.scores import SCORE_DECIMALS, Level, Result
from mastery_engine.engine.access import Caller
from mastery_engine.engine.reading import Reader, Reading
from mastery_engine.ports import Rosters

DEFAULT_HISTORY_DAYS: Final = 90


@final
class Analytics:
    """Histories and comparisons."""

    def __init__(self, reader: Reader, rosters: Rosters) -> None:
        """Put the parts together."""
        self._reader = reader
        self._rosters = rosters

    async def history(
        self,
        caller: Caller,
        student_id: str,
        *,
        start: date | None = None,
        end: date | None = None,
        aggregation: Aggregation = "daily",
        course_id: str | None = None,
        formula: str | None = None,
    ) -> History:
        """A student's results over time; days without an event are gaps.

        Args:
            caller: Who asks.
            student_id: Whose.
            start: First day; None means 90 days to the end.
            end: Last day; None means today.
            aggregation: `daily`, `weekly` or `monthly`.
            course_id: A course; None means all together.
            formula: Name of another formula than the one in force.

        Raises:
            NotFound: No such student, no event up to the end, or not the caller's to see.
            InvalidInput: The start is after the end.
            HistoryNotKept: Start or end is before the kept days.
        """
        reading = await self._reader.one(caller, "history.read", student_id, end, formula)
        last = reading.as_of
        first = start or last - timedelta(days=DEFAULT_HISTORY_DAYS - 1)
        if first > last:
            raise InvalidInput.of(
                Problem("start", first.isoformat(), f"must not be after the end {last.isoformat()}")
            )
        reading.result(course_id)
        if start is not None:
            _check_start(reading.state, start)
        results = reading.state.history(reading.formula, reading.day, course_id, day_of(first))
        return History(
            student_id=student_id,
            course_id=course_id,
            start=first,
            end=last,
            aggregation=aggregation,
            formula=reading.formula.id,
            buckets=aggregate(results, aggregation),
            days=[DayResult(day=date_of(one.day), result=result_view(one)) for one in results],
        )

    async def compare(
        self,
        caller: Caller,
        cohort_id: str,
        *,
        student_id: str | None = None,
        metric: Metric | None = None,
        course_id: str | None = None,
        as_of: date | None = None,
        afresh: bool = False,
    ) -> Comparison:
        """A student among the members of a class, or the whole class for those who may see it.

        Args:
            caller: Who asks; a student is compared with nobody named.
            cohort_id: A class of the caller's tenant.
            student_id: The student to place; None tells all members, to teachers and above.
            metric: One metric; None means score and all components.
            course_id: A course; None means all together.
            as_of: Day at whose end it holds; None means today.
            afresh: Read the members as the store has them now.

        Raises:
            NotFound: No such class, or another teacher's; the student is no member, or not the caller's to see.
            NotAllowed: The caller's role may not.
            HistoryNotKept: The day is before the kept ones of a member.
        """
        tenant, day = await self._reader.day(caller, as_of)
        today = self._reader.today(tenant)
        cohort = await self._rosters.get(caller.tenant_id, cohort_id)
        sees_all = cohort is not None and _sees_all(caller, cohort, today)
        members = [] if cohort is None else _members_for(caller, cohort, min(date_of(day), today), today)
        members = await self._reader.access.open_to(caller, "cohort.compare", members)
        # Of a class of others a teacher learns nothing, neither by a student who is in a class of theirs too.
        granted = sees_all or (student_id is not None and caller.role != "teacher")
        await self._permit(caller, cohort_id, cohort, student_id, members, today, granted=granted)
        if cohort is None or (student_id is not None and student_id not in members):
            raise _no_class(cohort_id, student_id)
        if afresh:
            await self._reader.refresh(caller, members)
        readings = await self._reader.known(tenant, members, day)
        results = _results(readings, course_id, date_of(day))
        wanted: tuple[Metric, ...] = METRICS if metric is None else (metric,)
        standings: dict[Metric, Standing] = {
            one: _standing(one, student_id, results, members, sees_all=sees_all) for one in wanted
        }
        return Comparison(
            cohort_id=cohort_id,
            name=cohort.name,
            course_id=course_id,
            as_of=date_of(day),
            student_id=student_id,
            standings=standings,
            members=_members(members, results, wanted[0]) if student_id is None else None,
        )

    async def _permit(
        self,
        caller: Caller,
        cohort_id: str,
        cohort: Cohort | None,
        student_id: str | None,
        members: list[str],
        on: date,
        *,
        granted: bool,
    ) -> None:
        """Allow it, on record; a class that may not be seen is refused like one that is not there."""
        subjects = members if student_id is None else [student_id]
        # What is no class may be anything, a student's name too, and a record holds nobody's.
        detail = {"cohort_id": UNKNOWN_CLASS if cohort is None else cohort.cohort_id}
        try:
            await self._reader.access.permit(caller, "cohort.compare", subjects, on, detail, granted=granted)
        except NotFound:
            access, mine = self._reader.access, [] if student_id is None else [student_id]
            if mine and not await access.may(caller, "cohort.compare", mine, on):
                raise
            raise _no_class(cohort_id, student_id) from None


def _sees_all(caller: Caller, cohort: Cohort, today: date) -> bool:
    if caller.role == "teacher":
        return cohort.is_taught_by(caller.subject, today)
    return caller.role in {"admin", "operator"}


def _members_for(caller: Caller, cohort: Cohort, on: date, today: date) -> list[str]:
    """Members on a day; for a teacher, those of them who are members today.

    Who has left is no longer the teacher's to see, in a small class not even by the difference to a mean.
    """
    members = cohort.members(on)
    if caller.role != "teacher":
        return members
    now = set(cohort.members(today))
    return [member for member in members if member in now]


def _no_class(cohort_id: str, student_id: str | None = None) -> NotFound:
    return NotFound(
        f"no class {cohort_id[:100]!r}"
        if student_id is None
        else f"no class {cohort_id[:100]!r} with that student"
    )


def _check_start(state: LearnerState, start: date) -> None:
    try:
        state.check_kept(day_of(start))
    except HistoryNotKept as error:
        problems = [Problem("start", one.value, one.rule) for one in error.problems]
        raise HistoryNotKept.of(*problems, reason=error.reason) from None


def _results(readings: dict[str, Reading], course_id: str | None, on: date) -> dict[str, Result]:
    """Results of the members with evidence.

    Raises:
        HistoryNotKept: The day is before the kept ones of a member; which one, or since when, is not told.
    """
    results: dict[str, Result] = {}
    for member, reading in readings.items():
        try:
            results[member] = reading.result(course_id)
        except NotFound:
            continue
        except HistoryNotKept as error:
            rule = "is before the days that are kept of every member"
            raise HistoryNotKept.of(Problem("as_of", on.isoformat(), rule), reason=error.reason) from None
    return results


def _value(result: Result, metric: Metric) -> float | None:
    if metric == "score":
        return result.score
    value: float | None = getattr(result.components, metric)
    return None if value is None else round(value, SCORE_DECIMALS)


def _values(results: dict[str, Result], metric: Metric) -> dict[str, float]:
    found = {member: _value(result, metric) for member, result in results.items()}
    return {member: value for member, value in found.items() if value is not None}


def _standing(
    metric: Metric, student_id: str | None, results: dict[str, Result], members: list[str], *, sees_all: bool
) -> Standing:
    return compare(student_id or "", _values(results, metric), members, sees_all=sees_all)


def _members(members: list[str], results: dict[str, Result], metric: Metric) -> list[MemberStanding]:
    values = _values(results, metric)
    listed: list[MemberStanding] = []
    for member in members:
        result, value = results.get(member), values.get(member)
        level: Level | None = None if result is None else result.level
        rank = None if value is None else 1 + sum(other > value for other in values.values())
        listed.append(MemberStanding(student_id=member, value=value, level=level, rank=rank))
    return sorted(listed, key=lambda one: (one.rank is None, one.rank or 0, one.student_id))
