"""`mastery tenant`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples

if TYPE_CHECKING:
    from mastery_engine.cli.session import Session
    from mastery_engine.contracts.tenant import Tenant
    from mastery_engine.contracts.tenant_privacy import TenantPrivacy


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
    from mastery_engine.cli.tenants import make_tenant
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
        return await make_tenant(engine, wanted)

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
    """Show one school, and what it says of the processing of its students' data."""
    from mastery_engine.cli import output
    from mastery_engine.cli.session import run
    from mastery_engine.cli.views.tenants import privacy_view, tenants_table

    async def job(session: Session) -> tuple[Tenant, TenantPrivacy]:
        engine = session.engine
        found = await engine.tenants.get(tenant_id)
        return found, await engine.settings_of_tenants.privacy(tenant_id)

    found, privacy = run(job)
    if json:
        import msgspec

        output.print_json({**msgspec.to_builtins(found), "privacy": privacy})
    else:
        output.show(tenants_table([found]), "", privacy_view(privacy))


@examples(
    "mastery tenant set school-7 --legal-basis consent --dpo dpo@school-7.org",
    "mastery tenant set school-7 --purpose 'to plan lessons'",
)
def set_privacy(
    tenant_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the school.", show_default=False)],
    legal_basis: Annotated[
        str | None,
        typer.Option(
            "--legal-basis",
            help="consent, contract, legal_obligation, vital_interests, public_task or legitimate_interests.",
        ),
    ] = None,
    purpose: Annotated[
        list[str] | None,
        typer.Option("--purpose", help="What for; may be given more than once, and takes the place of all."),
    ] = None,
    controller: Annotated[
        str | None, typer.Option("--controller", help="Who answers for the data, and how to reach them.")
    ] = None,
    dpo: Annotated[
        str | None, typer.Option("--dpo", help="How to reach the data protection officer.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Change what a school says of the processing of its students' data; what is not given stays.

    It stands in every export of a student. Retention, time zone and formula are fixed once a school is made.
    """
    from mastery_engine.cli import output
    from mastery_engine.cli.session import operator, run
    from mastery_engine.cli.views.tenants import privacy_view

    said: dict[str, Any] = {"legal_basis": legal_basis, "controller": controller, "dpo": dpo}
    said["purposes"] = tuple(purpose) if purpose else None
    given = {name: value for name, value in said.items() if value is not None}

    async def job(session: Session) -> TenantPrivacy:
        import msgspec

        engine = session.engine
        await engine.tenants.get(tenant_id)
        before = await engine.settings_of_tenants.privacy(tenant_id)
        changed = msgspec.structs.replace(before, **given, changed_ms=engine.adapters.clock.now_ms())
        return await engine.settings_of_tenants.set_privacy(operator(tenant_id), changed)

    changed = run(job)
    if json:
        output.print_json(changed)
    else:
        output.show(privacy_view(changed))
