"""`mastery replay`."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples


class _Source(StrEnum):
    ARCHIVE = "archive"
    TOPIC = "topic"


@examples(
    "mastery replay --all --tenant oulad",
    "mastery replay 11391 --tenant oulad --dry-run",
    "mastery replay --day 2014-06-30 --tenant oulad",
    "mastery replay --all --tenant oulad --from topic --dry-run",
    "mastery replay --all --tenant oulad --formula adr-004-observed",
)
def replay(
    student: Annotated[str | None, typer.Argument(help="One student.", show_default=False)] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Every student of the school.")] = False,
    day: Annotated[
        date | None,
        typer.Option(
            "--day",
            parser=options.day,
            metavar="DAY",
            help="Every student with an event on that day (UTC), like 2014-06-30.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only compare; exit code 1 if something differs.")
    ] = False,
    source: Annotated[
        _Source,
        typer.Option(
            "--from",
            help="What to rebuild from; the topic is read into a passing file first, so it takes room on the disk.",
        ),
    ] = _Source.ARCHIVE,
    formula: Annotated[
        str | None,
        typer.Option("--formula", help="Change nothing; tell what would change under this formula."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="Most students to print one by one.")] = 20,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=1,
            max=64,
            help="How many processes rebuild. Default: one a core, where it is worth it.",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted replay of all, or of a day.")
    ] = False,
    tenant: options.Tenant = None,
    json: options.Json = False,
) -> None:
    """Rebuild students from the archive or the log, and compare.

    Those whose live state differs are switched to what was rebuilt beside it.
    """
    from mastery_engine.cli import replaying
    from mastery_engine.engine.replay_notes import Wanted

    if (student is not None) + everybody + (day is not None) != 1:
        raise typer.BadParameter("name a student, or give --all, or --day", param_hint="STUDENT")
    for name, given in (("--workers", workers is not None), ("--resume", resume)):
        if given and (student is not None or formula is not None):
            raise typer.BadParameter("goes with --all or --day, and not with --formula", param_hint=name)
    if formula is not None and (day is not None or source is not _Source.ARCHIVE):
        raise typer.BadParameter("goes with a student or --all, and the archive", param_hint="--formula")
    if formula is not None:
        replaying.what_if(student, formula, tenant, limit=limit, as_json=json)
    else:
        wanted = Wanted(switch=not dry_run, day=day, source="topic" if source is _Source.TOPIC else "archive")
        if not replaying.rebuild(
            student, tenant, wanted, limit=limit, as_json=json, workers=workers, resume=resume
        ):
            raise typer.Exit(1)
