"""`mastery history`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples

if TYPE_CHECKING:
    from mastery_engine.cli.session import Session
    from mastery_engine.contracts.answers import History


@examples(
    "mastery history 11391 --tenant oulad --as-of 2014-06-30 --by weekly",
    "mastery history 11391 --tenant oulad --start 2014-03-01 --as-of 2014-03-31",
)
def history(
    student: options.Student,
    start: Annotated[
        date | None,
        typer.Option(
            "--start", parser=options.day, metavar="DAY", help="First day. Default: 90 days up to --as-of."
        ),
    ] = None,
    by: Annotated[
        Literal["daily", "weekly", "monthly"], typer.Option("--by", help="Put days together.")
    ] = "daily",
    tenant: options.Tenant = None,
    course: options.Course = None,
    as_of: options.AsOf = None,
    formula: options.FormulaName = None,
    server: options.Server = None,
    json: options.Json = False,
) -> None:
    """Show a student's scores over time.

    Days without an event are gaps.
    """
    from mastery_engine.cli.session import run

    async def job(session: Session) -> History:
        return await session.engine.analytics.history(
            session.caller,
            student,
            start=start,
            end=as_of,
            aggregation=by,
            course_id=course,
            formula=formula,
        )

    answer = run(job, tenant, student=student, server=server, asks=True)
    if json:
        from mastery_engine.cli.output import print_json

        print_json(answer)
    else:
        from mastery_engine.cli.output import show
        from mastery_engine.cli.views.history import history_view

        show(history_view(answer))
