"""Asking for all that the page of one student needs."""

from __future__ import annotations

from datetime import date

from rich.console import Group

from mastery_engine.cli.session import Session
from mastery_engine.cli.views.profile import profile_page
from mastery_engine.domain.errors import NotEnoughDays
from mastery_engine.domain.forecast import Forecast


async def student_page(
    session: Session, student: str, course: str | None, as_of: date | None, formula: str | None
) -> Group:
    """A student in full.

    Raises:
        NotFound: No such student, or no event up to that day.
    """
    engine, caller = session
    profile = await engine.queries.profile(caller, student, course_id=course, as_of=as_of, formula=formula)
    history = await engine.analytics.history(
        caller, student, end=profile.as_of, course_id=course, formula=formula
    )
    foreseen: Forecast | NotEnoughDays
    try:
        answer = await engine.predictions.forecast(
            caller, student, course_id=course, as_of=profile.as_of, formula=formula
        )
        foreseen = answer.forecast
    except NotEnoughDays as error:
        foreseen = error
    in_force = engine.formulas.get(profile.current.formula)
    return profile_page(profile, in_force, caller.tenant_id, history, foreseen)
