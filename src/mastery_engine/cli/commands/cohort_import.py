"""`mastery cohort import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples

if TYPE_CHECKING:
    from mastery_engine.cli.session import Session
    from mastery_engine.contracts.roster_report import RosterReport


@examples(
    "mastery cohort import classes.csv --dry-run",
    "mastery cohort import classes.csv --mode merge",
    "mastery cohort import oneroster.zip --student-id username",
)
def import_cohorts(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE", help="CSV file; or a OneRoster export, a folder or a zip.", show_default=False
        ),
    ],
    mode: Annotated[
        Literal["replace", "merge"],
        typer.Option("--mode", help="replace: who is not in it leaves. merge: stays."),
    ] = "replace",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
    ] = False,
    student_id: Annotated[
        Literal["sourcedId", "username", "identifier"],
        typer.Option("--student-id", help="OneRoster: the column of a student's id."),
    ] = "sourcedId",
    teacher_id: Annotated[
        Literal["sourcedId", "username", "identifier"],
        typer.Option("--teacher-id", help="OneRoster: the column of a teacher's id."),
    ] = "sourcedId",
    class_id: Annotated[
        Literal["sourcedId", "classCode"],
        typer.Option("--class-id", help="OneRoster: the column of a class's id."),
    ] = "sourcedId",
    tenant: options.Tenant = None,
    json: options.Json = False,
) -> None:
    """Take the classes of a school from a CSV file, or from a OneRoster 1.2 export.

    The source is checked whole before anything changes. Classes that it does not name stay
    as they are. Who leaves a class has left it as of yesterday, and stays on its roster as
    somebody who was there.
    """
    from mastery_engine.cli.output import print_json, show
    from mastery_engine.cli.roster_source import read_source
    from mastery_engine.cli.session import run
    from mastery_engine.cli.views.rosters import rows

    kind, enrolments = read_source(source, student_id, teacher_id, class_id)

    async def job(session: Session) -> RosterReport:
        engine, caller = session
        await engine.tenants.get(caller.tenant_id)
        return await engine.roster_import.take(caller, enrolments, mode=mode, dry_run=dry_run, source=kind)

    report = run(job, tenant)
    if json:
        print_json(report)
    else:
        show(*rows(report))
