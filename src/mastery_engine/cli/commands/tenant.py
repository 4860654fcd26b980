"""`mastery tenant`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples

if TYPE_CHECKING:
    from mastery_engine.cli.session import Session
    from mastery_engine.contracts.tenant import Tenant


def _days(retention: str) -> int | None:
    if retention == "none":
        return None
    if retention.isascii() and retention.isdigit():
        return int(retention)
    raise typer.BadParameter(f"{retention!r} is neither a number of days nor none", param_hint="--retention")


@examples(
    "mastery tenant create school-7 --time-zone Europe/Berlin",
    "mastery tenant create research --retention none --formula adr-004-observed",
)
def create(
    tenant_id: Annotated[
        str, typer.Argument(metavar="ID", help="1 to 50 of a-z, 0-9, _ and -.", show_default=False)
    ],
    retention: Annotated[
        str, typer.Option("--retention", metavar="DAYS|none", help="How long personal learning data is kept.")
    ] = "90",
    time_zone: Annotated[
        str, typer.Option("--time-zone", help="IANA name; days are cut in it, and it never changes.")
    ] = "UTC",
    formula: Annotated[str, typer.Option("--formula", help="Formula of its students.")] = "adr-004",
    json: options.Json = False,
) -> None:
    """Make a school."""
    from mastery_engine.cli.output import print_json, say
    from mastery_engine.cli.session import run
    from mastery_engine.contracts.tenant import Tenant

    days = _days(retention)

    async def job(session: Session) -> Tenant:
        engine = session.engine
        wanted = Tenant(
            tenant_id=tenant_id,
            retention_days=days,
            time_zone=time_zone,
            formula=formula,
            created_ms=engine.adapters.clock.now_ms(),
        )
        return await engine.tenants.create(wanted)

    made = run(job)
    if json:
        print_json(made)
    else:
        say(f"made the school {tenant_id}; use it with --tenant {tenant_id}, or MASTERY_TENANT={tenant_id}")


@examples("mastery tenant list")
def list_tenants(json: options.Json = False) -> None:
    """List the schools."""
    from mastery_engine.cli import output
    from mastery_engine.cli.session import run
    from mastery_engine.cli.views.tenants import tenants_table

    async def job(session: Session) -> list[Tenant]:
        return await session.engine.tenants.list()

    found = run(job)
    if json:
        output.print_json(found)
    else:
        output.show(tenants_table(found))


@examples("mastery tenant show oulad")
def show(
    tenant_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the school.", show_default=False)],
    json: options.Json = False,
) -> None:
    """Show one school."""
    from mastery_engine.cli import output
    from mastery_engine.cli.session import run
    from mastery_engine.cli.views.tenants import tenants_table

    async def job(session: Session) -> Tenant:
        return await session.engine.tenants.get(tenant_id)

    found = run(job)
    if json:
        output.print_json(found)
    else:
        output.show(tenants_table([found]))
