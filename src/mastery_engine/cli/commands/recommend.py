"""`mastery recommend`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples

if TYPE_CHECKING:
    from mastery_engine.cli.session import Session


@examples(
    "mastery recommend 11391 --tenant oulad --as-of 2014-06-30",
    "mastery recommend 11391 -t oulad --as-of 2014-06-30 --path --minutes 45",
)
def recommend(
    student: options.Student,
    limit: Annotated[int, typer.Option("--limit", help="How many at most, 1 to 10.")] = 10,
    path: Annotated[
        bool, typer.Option("--path", help="Lay the steps out over days, with a date of completion.")
    ] = False,
    goal: Annotated[
        Literal["improve_mastery", "master_topic", "prepare_assessment"],
        typer.Option("--goal", help="Goal of the path."),
    ] = "improve_mastery",
    minutes: Annotated[int, typer.Option("--minutes", help="Minutes a day for the path.")] = 30,
    topic: Annotated[str | None, typer.Option("--topic", help="Topic of the goal master_topic.")] = None,
    assessment: Annotated[
        date | None,
        typer.Option(
            "--assessment", parser=options.day, metavar="DAY", help="Day of the goal prepare_assessment."
        ),
    ] = None,
    tenant: options.Tenant = None,
    course: options.Course = None,
    as_of: options.AsOf = None,
    server: options.Server = None,
    json: options.Json = False,
) -> None:
    """Tell what a student should do next, and why."""
    from mastery_engine.cli.output import print_json, show
    from mastery_engine.cli.session import run

    async def laid_out(session: Session) -> None:
        from mastery_engine.domain.learning_path import Plan

        plan = Plan(goal=goal, daily_minutes=minutes, topic_id=topic, assessment_date=assessment)
        answer = await session.engine.advice.path(
            session.caller, student, plan=plan, course_id=course, as_of=as_of
        )
        if json:
            print_json(answer)
        else:
            from mastery_engine.cli.views.advice import path_view

            show(path_view(student, answer))

    async def best_first(session: Session) -> None:
        answer = await session.engine.advice.recommendations(
            session.caller, student, limit=limit, course_id=course, as_of=as_of, reword=True
        )
        if json:
            print_json(answer)
        else:
            from mastery_engine.cli.views.advice import recommendations_view

            show(recommendations_view(answer))

    run(laid_out if path else best_first, tenant, student=student, server=server, asks=True)
