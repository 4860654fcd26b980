"""`mastery compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples

if TYPE_CHECKING:
    from mastery_engine.cli.session import Session


@examples(
    "mastery compare class-1 --tenant simulated",
    "mastery compare class-1 -t simulated --student ada-01 --metric quiz --json",
)
def compare(
    cohort: Annotated[
        str, typer.Argument(help="Id of the class; see: mastery cohort list.", show_default=False)
    ],
    student: Annotated[
        str | None, typer.Option("--student", "-s", help="Place one student. Default: the whole class.")
    ] = None,
    metric: Annotated[
        Literal["score", "completion", "quiz", "quality", "consistency"] | None,
        typer.Option(
            "--metric", "-m", help="Compare by one of them only. Default: score and all components."
        ),
    ] = None,
    tenant: options.Tenant = None,
    course: options.Course = None,
    as_of: options.AsOf = None,
    server: options.Server = None,
    json: options.Json = False,
) -> None:
    """Compare a class, or place a student in it."""
    from mastery_engine.cli.session import run

    async def job(session: Session) -> None:
        from mastery_engine.cli.output import print_json, show

        engine, caller = session
        answer = await engine.analytics.compare(
            caller, cohort, student_id=student, metric=metric, course_id=course, as_of=as_of
        )
        if json:
            print_json(answer)
            return
        from mastery_engine.cli.class_lines import class_lines
        from mastery_engine.cli.views.comparison import class_view, student_view

        if student is not None:
            show(student_view(answer))
        else:
            show(class_view(answer, await class_lines(session, answer, course)))

    run(job, tenant, server=server, asks=True)
