"""`mastery archive`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples

if TYPE_CHECKING:
    from mastery_engine.cli.session import Session
    from mastery_engine.engine.retention import OldDays


@examples(
    "mastery archive retention",
    "mastery archive retention --tenant school-7 --apply",
)
def retention(
    tenant: Annotated[str | None, typer.Option("--tenant", "-t", help="One school. Default: all.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Drop them; on record in the audit trail.")] = False,
    json: options.Json = False,
) -> None:
    """Show what has outlived its school's retention (days of the archive, dead letters, keys); with --apply, drop it.

    The worker (on Kafka the archiver) does so by itself, once an hour or as MASTERY_RETENTION_EVERY_SECONDS says. A school
    with the retention none loses no day and no letter; keys of which the time is over leave for all schools at once.
    """
    from mastery_engine.bootstrap.retention import retention_of
    from mastery_engine.cli import output
    from mastery_engine.cli.session import run
    from mastery_engine.cli.views.retention import retention_view

    async def job(session: Session) -> list[OldDays]:
        desk = retention_of(session.engine)
        return await (desk.drop if apply else desk.look)(session.caller, tenant)

    found = run(job, tenant)
    if json:
        output.print_json(found)
    else:
        output.show(*retention_view(found))
