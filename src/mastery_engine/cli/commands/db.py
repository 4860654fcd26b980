"""`mastery db`."""

from __future__ import annotations

from typing import Annotated

import typer

from mastery_engine.cli.program import examples

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@examples("mastery db upgrade", "mastery db upgrade --service-role mastery_service")
def upgrade(
    service_role: Annotated[
        str | None,
        typer.Option(
            "--service-role",
            metavar="ROLE",
            help="Give this role the rights that a service needs, and no more.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Bring the schema of the PostgreSQL archive to this release's.

    Run it as a user that may make tables, before the new release starts. It may be run again, and by several at once. All or
    nothing is done; there is no way back but a backup.
    """
    from mastery_engine.cli import archive_database, output

    before, now = archive_database.upgrade(service_role)
    if json:
        output.print_json({"before": before, **archive_database.told(now)})
    else:
        done = "it was there already" if before == now.version else f"before: {before or 'none'}"
        output.say(f"{now.message} ({done})")
        if service_role is not None:
            output.say(f"{service_role} has the rights of a service")


@examples("mastery db check", "mastery db check --json")
def check(json: Json = False) -> None:
    """Tell whether the schema of the PostgreSQL archive is this release's.

    Exit code 0 if it is; 1 if it is behind, absent or newer, with what to do; 75 if the database does not answer.
    """
    from mastery_engine.cli import archive_database, output
    from mastery_engine.cli.exits import DONE, FAILED

    found = archive_database.look()
    if json:
        output.print_json(archive_database.told(found))
        raise typer.Exit(DONE if found.state == "current" else FAILED)
    found.check()
    output.say(found.message)
