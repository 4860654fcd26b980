"""`mastery forecast`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples

if TYPE_CHECKING:
    from mastery_engine.cli.session import Session
    from mastery_engine.contracts.answers import ForecastAnswer


@examples(
    "mastery forecast 11391 --tenant oulad --as-of 2014-06-30",
    "mastery forecast 11391 -t oulad --as-of 2014-06-30 --model linear --json",
)
def forecast(
    student: options.Student,
    days: Annotated[int, typer.Option("--days", help="Days ahead, 1 to 30.")] = 7,
    model: Annotated[
        str | None, typer.Option("--model", help="Forecast model; a wrong name lists them.")
    ] = None,
    tenant: options.Tenant = None,
    course: options.Course = None,
    as_of: options.AsOf = None,
    server: options.Server = None,
    json: options.Json = False,
) -> None:
    """Foresee a student's score, with the range that it will lie in."""
    from mastery_engine.cli.session import run

    async def job(session: Session) -> ForecastAnswer:
        from mastery_engine.domain.forecast import DEFAULT_MODEL

        return await session.engine.predictions.forecast(
            session.caller, student, days=days, course_id=course, as_of=as_of, model=model or DEFAULT_MODEL
        )

    answer = run(job, tenant, student=student, server=server, asks=True)
    if json:
        from mastery_engine.cli.output import print_json

        print_json(answer)
        return
    from rich.text import Text

    from mastery_engine.cli import words
    from mastery_engine.cli.output import show
    from mastery_engine.cli.views.forecast import forecast_view

    scope, day = words.scope(answer.course_id), words.long_date(answer.as_of)
    title = f"Student {answer.student_id} · {scope} · seen from {day}"
    trend = answer.forecast.trend
    moved = Text(f"{words.TREND_ARROW[trend]} {trend} over the last 7 days", style=words.TREND_STYLE[trend])
    show(Text(title), Text(), forecast_view(answer.forecast), moved)
