"""`mastery privacy retention`: the same as `mastery archive retention`, where a data protection officer looks for it."""

from __future__ import annotations

from typing import Annotated

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples


@examples("mastery privacy retention", "mastery privacy retention --tenant school-7 --apply")
def retention(
    tenant: Annotated[str | None, typer.Option("--tenant", "-t", help="One school. Default: all.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Drop them; on record in the audit trail.")] = False,
    json: options.Json = False,
) -> None:
    """Show what has outlived its school's retention (days of the archive, dead letters, keys); with --apply, drop it.

    The worker (on Kafka the archiver) does so by itself, once an hour or as MASTERY_RETENTION_EVERY_SECONDS says.
    """
    from mastery_engine.cli.commands.archive import retention as of_the_archive

    of_the_archive(tenant, apply, json)
