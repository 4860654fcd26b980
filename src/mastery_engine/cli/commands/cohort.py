"""`mastery cohort`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples

if TYPE_CHECKING:
    from mastery_engine.cli.session import Session
    from mastery_engine.domain.cohort import Cohort


@examples(
    "mastery cohort put class-7b --students ids.txt --teacher ms-lovelace",
    "mastery cohort put class-7b --student ada-01 --student ben-01",
)
def put(
    cohort: Annotated[str, typer.Argument(help="Id of the class.", show_default=False)],
    students: Annotated[Path | None, typer.Option("--students", help="File with an id on each line.")] = None,
    student: Annotated[
        list[str] | None, typer.Option("--student", "-s", help="An id; may be given more than once.")
    ] = None,
    teacher: Annotated[
        list[str] | None, typer.Option("--teacher", help="An id; may be given more than once.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="What people call it.")] = "",
    tenant: options.Tenant = None,
    json: options.Json = False,
) -> None:
    """Make a class, or put another roster in the place of its old one.

    Name, teachers and students are those given now; none of before is kept.
    """
    from mastery_engine.cli import rosters
    from mastery_engine.cli.output import print_json, say
    from mastery_engine.cli.session import run
    from mastery_engine.cli.words import counted

    made = rosters.cohort_of(cohort, name, rosters.ids(students, student), teacher or [])

    async def job(session: Session) -> None:
        engine, caller = session
        await engine.tenants.get(caller.tenant_id)
        nonlocal made
        # Who is erased is left out.
        made = (await engine.cohorts.put(caller, made)).cohort

    run(job, tenant)
    if json:
        print_json(made)
    else:
        counts = f"{counted(len(made.students), 'student')}, {counted(len(made.teachers), 'teacher')}"
        say(f"class {cohort}: {counts}")


@examples("mastery cohort list --tenant demo")
def list_cohorts(
    tenant: options.Tenant = None, server: options.Server = None, json: options.Json = False
) -> None:
    """List the classes of a school, with those who teach and learn there today."""
    from mastery_engine.cli import rosters
    from mastery_engine.cli.output import print_json, show
    from mastery_engine.cli.session import run

    found = run(rosters.all_of, tenant, server=server, asks=True)
    if json:
        print_json(found)
    else:
        show(*rosters.table(found))


@examples("mastery cohort show class-7b --tenant demo")
def show_cohort(
    cohort: Annotated[
        str, typer.Argument(help="Id of the class; see: mastery cohort list.", show_default=False)
    ],
    tenant: options.Tenant = None,
    server: options.Server = None,
    json: options.Json = False,
) -> None:
    """Show who is in a class, and since when."""
    from mastery_engine.cli import rosters
    from mastery_engine.cli.output import print_json, show
    from mastery_engine.cli.session import run

    async def job(session: Session) -> Cohort:
        return await session.engine.cohorts.get(session.caller, cohort)

    found = run(job, tenant, server=server, asks=True)
    if json:
        print_json(found)
    else:
        show(*rosters.page(found))
