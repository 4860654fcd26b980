"""`mastery audit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples

if TYPE_CHECKING:
    from mastery_engine.cli.session import Session
    from mastery_engine.engine.audit import ChainReport
    from mastery_engine.ports import AuditRecord


@examples(
    "mastery audit verify",
    "mastery audit verify --tenant oulad --json",
    'mastery audit verify --seen "$HASH"',
)
def verify(
    tenant: Annotated[str | None, typer.Option("--tenant", "-t", help="One school. Default: all.")] = None,
    seen: Annotated[
        list[str] | None,
        typer.Option("--seen", metavar="HASH", help="A hash printed before; may be given more than once."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Verify that no record of the audit trail was changed or taken out.

    Each record's hash covers the one before. Exit code 1 if a chain is broken. This look is recorded first,
    so that records cut off the end are missing before it. Only who makes the whole trail anew leaves no
    trace in it: keep the printed hash elsewhere, and give it with --seen the next time.
    """
    from mastery_engine.cli import output
    from mastery_engine.cli.exits import DONE, FAILED
    from mastery_engine.cli.session import operator, run

    async def job(session: Session) -> list[ChainReport]:
        from mastery_engine.engine.audit import check_chain

        engine = session.engine
        if tenant is not None:
            await engine.tenants.get(tenant)
        trail = engine.adapters.audit
        chains = [tenant] if tenant else await trail.tenants()
        for one in chains:
            await engine.access.record(operator(one), "audit.verify", [], allowed=True)
        return [await check_chain(trail, one, hashes) for one in chains]

    hashes = [one.strip().lower() for one in seen or ()]
    reports = run(job, tenant)
    lost = [one for one in hashes if not any(one in report.seen for report in reports)]
    if json:
        output.print_json(reports)
    else:
        from mastery_engine.cli.views.audit import chain_sentence, lost_sentence

        told = [*map(chain_sentence, reports), *map(lost_sentence, lost)]
        output.say("\n".join(told) or "no audit record yet")
    holds = not lost and all(report.broken_at is None for report in reports)
    raise typer.Exit(DONE if holds else FAILED)


@examples("mastery audit list --tenant oulad", "mastery audit list --student 11391 --tenant oulad --json")
def list_records(
    student: Annotated[
        str | None, typer.Option("--student", "-s", help="Only records about this student.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000, help="How many at most.")] = 20,
    tenant: options.Tenant = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the last records of a school's audit trail, oldest first: who did what, when, to whom.

    Students stand there as keyed hashes; --student finds the records about one. This look is recorded too.
    """
    from mastery_engine.cli import output
    from mastery_engine.cli.session import run

    async def job(session: Session) -> list[AuditRecord]:
        from mastery_engine.engine.audit import last_records

        engine, caller = session
        await engine.tenants.get(caller.tenant_id)
        subject = None if student is None else engine.pseudonyms.of(caller.tenant_id, student)
        found = await last_records(engine.adapters.audit, caller.tenant_id, subject=subject, limit=limit)
        about = [] if student is None else [student]
        await engine.access.record(caller, "audit.read", about, allowed=True)
        return found

    found = run(job, tenant)
    if json:
        output.print_json(found)
    else:
        from mastery_engine.cli.views.audit import records_view

        output.show(records_view(found))
