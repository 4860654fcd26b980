"""Questions about how a student stands: profile, what-if calculation, many at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, final

from mastery_engine.contracts.answers import (
    BatchAnswer,
    BatchItem,
    Calculation,
    Profile,
    ResultView,
    result_view,
)
from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.errors import (
    HistoryNotKept,
    InvalidInput,
    MasteryError,
    NotEnoughDays,
    NotFound,
    Problem,
)
from mastery_engine.domain.forecast import Forecast, Trend, forecast, trend_of
from mastery_engine.domain.history import historical_average
from mastery_engine.domain.learning_path import LearningPath, Plan, learning_path
from mastery_engine.domain.recommend import recommend
from mastery_engine.domain.scores import Components, Result
from mastery_engine.engine.access import Caller, not_found
from mastery_engine.engine.reading import Reader, Reading

HISTORY_DAYS: Final = 90
MOST_IN_A_BATCH: Final = 1_000


@final
class Queries:
    """How a student stands."""

    def __init__(self, reader: Reader) -> None:
        """Use a reader."""
        self._reader = reader

    async def profile(
        self,
        caller: Caller,
        student_id: str,
        *,
        course_id: str | None = None,
        as_of: date | None = None,
        formula: str | None = None,
        include_components: bool = True,
    ) -> Profile:
        """A student's result with its reasons, average, trend and path.

        Args:
            caller: Who asks.
            student_id: Whose.
            course_id: A course; None means all together.
            as_of: Day at whose end it holds; None means today.
            formula: Name of another formula than the one in force.
            include_components: Whether results tell their components.

        Raises:
            NotFound: No such student, no event up to that day, or not the caller's to see; no such formula.
            NotAllowed: The caller's role may not.
            HistoryNotKept: The day is before the kept ones.
        """
        reading = await self._reader.one(caller, "mastery.read", student_id, as_of, formula)
        today = reading.result(course_id)
        days = past(reading, course_id)
        courses = reading.state.course_ids(reading.day) if course_id is None else []
        evidence = reading.state.evidence(reading.day, course_id)
        return Profile(
            student_id=student_id,
            course_id=course_id,
            as_of=reading.as_of,
            current=result_view(today, components=include_components),
            courses={one: result_view(reading.result(one), components=include_components) for one in courses},
            events=sum(one.events for one in evidence),
            historical_average=historical_average(days, reading.day),
            trend=_trend(days, today, reading),
            path=path_of(reading, today, days, Plan()),
        )

    async def calculate(
        self,
        caller: Caller,
        components: Components,
        *,
        student_id: str | None = None,
        formula: str | None = None,
    ) -> Calculation:
        """A what-if calculation, stored nowhere.

        Args:
            caller: Who asks.
            components: Values in [0, 1]; None is not observed.
            student_id: Whose formula to use, and whose current result to put beside it; a service sees no student's result.
            formula: Name of another formula.

        Raises:
            InvalidInput: A component is out of its bounds, or none is given.
            NotFound: As in `profile`; or no such formula.
        """
        _check_components(components)
        current: ResultView | None = None
        if student_id is not None and caller.role != "service":
            reading = await self._reader.one(caller, "mastery.calculate", student_id, None, formula)
            current, chosen, day = result_view(reading.result(None)), reading.formula, reading.day
        else:
            tenant, day = await self._reader.day(caller, None)
            await self._reader.access.permit(caller, "mastery.calculate", [], date_of(day))
            chosen = await self._reader.formula(tenant, student_id, formula)
        score = chosen.score(components)
        result = Result(
            score=score, level=chosen.level(score), components=components, formula=chosen.id, day=day
        )
        return Calculation(
            student_id=student_id,
            result=result_view(result),
            current=current,
            recommendations=recommend(result, chosen),
        )

    async def batch(
        self,
        caller: Caller,
        student_ids: Sequence[str],
        *,
        course_id: str | None = None,
        as_of: date | None = None,
    ) -> BatchAnswer:
        """Up to 1,000 students at once, each with a result or an error of its own.

        Args:
            caller: Who asks.
            student_ids: Whose; who is named twice is answered once, in the place of the first.
            course_id: A course; None means all together.
            as_of: Day at whose end it holds; None means today.

        Raises:
            InvalidInput: Too many students, or none.
            NotAllowed: The caller's role may not.
        """
        wanted = checked_batch(student_ids)
        _, day = await self._reader.day(caller, as_of)
        on = date_of(day)
        readings = await self._reader.many(caller, "batch.read", wanted, on)
        items = [_item(student_id, readings.get(student_id), course_id) for student_id in wanted]
        found = sum(item.current is not None for item in items)
        return BatchAnswer(as_of=on, course_id=course_id, found=found, items=items)


def checked_batch(student_ids: Sequence[str]) -> list[str]:
    """The students of a batch, each once.

    Raises:
        InvalidInput: Too many students, or none.
    """
    wanted = list(dict.fromkeys(student_ids))
    if not 1 <= len(wanted) <= MOST_IN_A_BATCH:
        rule = f"must name 1 to {MOST_IN_A_BATCH} students"
        raise InvalidInput.of(Problem("student_ids", f"{len(wanted)} students", rule))
    return wanted


def not_found_item(student_id: str) -> BatchItem:
    """What a batch answers for a student who does not exist, or is not the caller's to see."""
    return _refused(student_id, not_found())


def past(reading: Reading, course_id: str | None) -> list[Result]:
    """Results of the days with an event in the 90 days to the reading's day."""
    first = reading.day - HISTORY_DAYS + 1
    return reading.state.history(reading.formula, reading.day, course_id, first)


def path_of(reading: Reading, today: Result, days: Sequence[Result], plan: Plan) -> LearningPath:
    """The learning path that follows from the forecast, or from none where there are too few days."""
    foreseen: Forecast | NotEnoughDays
    try:
        foreseen = forecast(days, today, reading.formula)
    except NotEnoughDays as error:
        foreseen = error
    return learning_path(today, reading.formula, plan, today=reading.as_of, forecast=foreseen)


def _trend(days: Sequence[Result], today: Result, reading: Reading) -> Trend | None:
    return trend_of(days, today, reading.formula) if len(days) > 1 else None


def _item(student_id: str, reading: Reading | None, course_id: str | None) -> BatchItem:
    try:
        if reading is None:
            raise not_found()
        current = result_view(reading.result(course_id))
    except (NotFound, HistoryNotKept) as error:
        return _refused(student_id, error)
    return BatchItem(student_id=student_id, current=current, error=None, message=None)


def _refused(student_id: str, error: MasteryError) -> BatchItem:
    return BatchItem(student_id=student_id, current=None, error=error.code, message=error.message)


def _check_components(components: Components) -> None:
    problems = [
        Problem(f"components.{name}", str(value), "must be a number in [0, 1]")
        for name, value in components._asdict().items()
        if value is not None and not 0.0 <= value <= 1.0
    ]
    if all(value is None for value in components):
        problems.append(Problem("components", "none", "at least one component is required"))
    if problems:
        raise InvalidInput.of(*problems)
