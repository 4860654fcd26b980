"""What would happen if: interventions beside each other, before anybody tries one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import final

from mastery_engine.contracts.answers import InterventionsAnswer, InterventionView, result_view
from mastery_engine.domain.calendar import Calendar, date_of
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.interventions import MOST_INTERVENTIONS, Intervention, result_after
from mastery_engine.domain.scores import SCORE_DECIMALS, Result
from mastery_engine.engine.access import Caller
from mastery_engine.engine.reading import Reader
from mastery_engine.ports import Clock


@final
class WhatIf:
    """Compares what could be done."""

    def __init__(self, reader: Reader, clock: Clock) -> None:
        """Put the parts together."""
        self._reader = reader
        self._clock = clock

    async def compare(
        self,
        caller: Caller,
        student_id: str,
        interventions: Sequence[Intervention],
        *,
        course_id: str | None = None,
        as_of: date | None = None,
    ) -> InterventionsAnswer:
        """What each of some interventions would change; stored nowhere.

        Args:
            caller: Who asks.
            student_id: Whose.
            interventions: 1 to 5 of them.
            course_id: A course; None means all together.
            as_of: Day on which they would happen; None means today in the tenant's time zone.

        Raises:
            NotFound: No such student, no event of the scope, or not the caller's to see.
            NotAllowed: The caller's role may not.
            InvalidInput: Too many interventions or none; or see `result_after`.
        """
        if not 1 <= len(interventions) <= MOST_INTERVENTIONS:
            rule = f"must be 1 to {MOST_INTERVENTIONS}"
            raise InvalidInput.of(Problem("interventions", f"{len(interventions)} of them", rule))
        reading = await self._reader.one(caller, "forecast.read", student_id, as_of)
        now, state, day = reading.result(course_id), reading.state, reading.day
        scope = state.course_ids(day) if course_id is None else [course_id]
        courses = {one: state.evidence(day, one)[0] for one in scope}
        at_ms = min(self._clock.now_ms(), Calendar(reading.tenant.time_zone).end_of(day))
        after = list[Result]()
        for number, one in enumerate(interventions):
            try:
                after.append(result_after(courses, one, day, at_ms, reading.formula))
            except InvalidInput as error:
                raise InvalidInput.of(*(_placed(number, problem) for problem in error.problems)) from None
        return InterventionsAnswer(
            student_id=student_id,
            course_id=course_id,
            as_of=reading.as_of,
            current=result_view(now),
            interventions=[_view(now, one) for one in after],
        )


def _placed(number: int, problem: Problem) -> Problem:
    """A broken rule of one intervention as one of the whole question; the course is that of all."""
    if problem.field == "course_id":
        return problem
    whole = f"interventions[{number}]"
    return replace(problem, field=f"{whole}.{problem.field}" if problem.field else whole)


def _view(now: Result, after: Result) -> InterventionView:
    return InterventionView(
        on=date_of(after.day),
        change=round(after.score - now.score, SCORE_DECIMALS),
        result=result_view(after),
    )
