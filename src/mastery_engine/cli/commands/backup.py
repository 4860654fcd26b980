"""`mastery backup`."""

from __future__ import annotations

from typing import Annotated

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples

_PLACE = "A folder, or s3://, gs:// or az:// with bucket and path."
Destination = Annotated[str, typer.Argument(metavar="DEST", help=_PLACE, show_default=False)]
Source = Annotated[str, typer.Argument(metavar="SRC", help=_PLACE, show_default=False)]
School = Annotated[str | None, typer.Option("--tenant", "-t", help="One school. Default: all.")]


@examples(
    "mastery backup create /backups/2026-11-26",
    "mastery backup create s3://backups/mastery/2026-11-26",
    "mastery backup create /backups/school-7 --tenant school-7",
)
def create(destination: Destination, tenant: School = None, json: options.Json = False) -> None:
    """Back up the state store, and the files of log and archive where they are files.

    The service and its workers may run meanwhile. On record in the audit trail.
    """
    from mastery_engine.cli import backing_up

    backing_up.create(destination, tenant, as_json=json)


@examples("mastery backup verify /backups/2026-11-26")
def verify(source: Source, json: options.Json = False) -> None:
    """Read a backup whole: check every hash, decode every document and record. Exit code 1 if it is damaged."""
    from mastery_engine.cli import backing_up

    backing_up.verify(source, as_json=json)


@examples(
    "mastery backup restore /backups/2026-11-26 --dry-run",
    "mastery backup restore /backups/2026-11-26",
    "mastery backup restore s3://backups/mastery/2026-11-26 --replace --yes",
)
def restore(
    source: Source,
    tenant: School = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Empty a state store that holds students, then restore.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; tell what would be.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before emptying.")] = False,
    json: options.Json = False,
) -> None:
    """Verify a backup, then restore it; end whoever folds first.

    Files that the home lacks are put back, those that are there stay. The log is set back to where the backup
    began, so that what came later is folded again. Students who are erased stay so. On record in the audit trail.
    """
    from mastery_engine.cli import backing_up

    backing_up.restore(source, tenant, empties=replace, dry_run=dry_run, sure=yes, as_json=json)
