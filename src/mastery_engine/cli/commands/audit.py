"""`mastery audit`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples

if TYPE_CHECKING:
    from mastery_engine.bootstrap import Engine
    from mastery_engine.cli.session import Session
    from mastery_engine.engine.audit import ChainReport
    from mastery_engine.engine.audit_notes import AuditHead
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
    """Verify that no record of the audit trail was changed, put in, taken out or cut off.

    Each record's hash covers the one before; the end of each chain has a seal, and each day a signed head, by a key that is not
    in the database. The index by which records are found is compared with them. Exit code 1 if anything does not hold. Only who
    has the key, or makes everything anew from the first record on, leaves no trace in it: keep the printed hashes, or what
    `mastery audit heads` prints, elsewhere, and give them with --seen the next time.
    """
    from mastery_engine.cli import output
    from mastery_engine.cli.exits import DONE, FAILED
    from mastery_engine.cli.session import run

    async def job(session: Session) -> list[ChainReport]:
        if tenant is not None:
            await session.engine.tenants.get(tenant)
        reports = await _check(session.engine, tenant, hashes)
        # Looked at before it is added to, so that the end shows as it was left.
        await _record(session.engine, [report for report in reports if report.tenant_id and report.records])
        return reports

    hashes = [one.strip().lower() for one in seen or ()]
    reports = run(job, tenant)
    lost = [one for one in hashes if not any(one in report.seen for report in reports)]
    if json:
        output.print_json(reports)
    else:
        from mastery_engine.cli.views.audit import chain_sentence, lost_sentence

        told = [chain_sentence(one) for one in reports if one.records or not one.holds]
        output.say("\n".join([*told, *map(lost_sentence, lost)]) or "no audit record yet")
    holds = not lost and all(report.holds for report in reports)
    raise typer.Exit(DONE if holds else FAILED)


async def _check(engine: Engine, tenant: str | None, hashes: list[str]) -> list[ChainReport]:
    from mastery_engine.cli.progress import Meter

    trail = engine.adapters.audit
    chosen = await trail.tenants() if tenant is None else [tenant]
    ends = [await trail.end(one) for one in chosen]
    total = sum(max(end.sequence, 0) for end in ends if end is not None)
    with Meter("verify", total, "records") as meter:
        return await engine.audit.check(
            None if tenant is None else [tenant],
            hashes,
            lambda records: meter.advance(records, records),
        )


async def _record(engine: Engine, reports: list[ChainReport]) -> None:
    """Leave a record of the look in each chain; where one is so broken that it takes none, say so and go on."""
    from mastery_engine.cli import output
    from mastery_engine.cli.session import operator
    from mastery_engine.domain.errors import MasteryError

    for report in reports:
        try:
            await engine.access.record(operator(report.tenant_id), "audit.verify", [], allowed=True)
        except MasteryError as error:
            if report.holds:
                raise
            output.note(f"school {report.tenant_id}: this look is not on record: {error}")


@examples("mastery audit heads", "mastery audit heads --tenant oulad --json")
def heads(
    tenant: Annotated[str | None, typer.Option("--tenant", "-t", help="One school. Default: all.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the signed heads of the audit trail, to be kept where nobody who can write the database can.

    A head says which record a school's chain ended with at the end of a day. The newest hash of each school, given to
    `mastery audit verify --seen`, shows later that the trail up to there is still the same.
    """
    from mastery_engine.cli import output
    from mastery_engine.cli.exits import DONE, FAILED
    from mastery_engine.cli.session import run

    async def job(session: Session) -> tuple[list[AuditHead], ChainReport]:
        from mastery_engine.engine.audit_verify import read_register

        engine = session.engine
        if tenant is not None:
            await engine.tenants.get(tenant)
        register = await read_register(engine.adapters.audit, engine.audit.seals)
        notes = [one for one in register.notes if tenant is None or one.tenant_id == tenant]
        return notes, register.report

    found, report = run(job, tenant)
    if json:
        output.print_json(found)
    else:
        from mastery_engine.cli.views.audit import heads_view

        output.show(heads_view(found))
    if not report.holds:
        from mastery_engine.cli.views.audit import chain_sentence

        output.note(chain_sentence(report))
    raise typer.Exit(DONE if report.holds else FAILED)


@examples(
    "mastery audit list --tenant oulad",
    "mastery audit list --student 11391 --tenant oulad --json",
    "mastery audit list --refused --from 2026-03-01 --to 2026-03-08",
)
def list_records(
    student: Annotated[
        str | None, typer.Option("--student", "-s", help="Only records about this student.")
    ] = None,
    actor: Annotated[
        str | None, typer.Option("--actor", help="Only what somebody did: a subject, or os:USER.")
    ] = None,
    action: Annotated[str | None, typer.Option("--action", help="Only this, like mastery.read.")] = None,
    refused: Annotated[
        bool | None, typer.Option("--refused/--allowed", help="Only what was refused, or allowed.")
    ] = None,
    request: Annotated[
        str | None, typer.Option("--request", help="Only of the request with this id.")
    ] = None,
    first: Annotated[
        date | None,
        typer.Option(
            "--from", parser=options.day, metavar="DAY", help="From the beginning of that day, UTC."
        ),
    ] = None,
    last: Annotated[
        date | None,
        typer.Option("--to", parser=options.day, metavar="DAY", help="To the end of that day, UTC."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000, help="How many at most.")] = 20,
    tenant: options.Tenant = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON: the `items` of the API.")] = False,
) -> None:
    """List the last records of a school's audit trail, oldest first: who did what, when, to whom.

    Students stand there as keyed hashes; --student finds the records about one. This look is recorded too.
    """
    from mastery_engine.cli import output
    from mastery_engine.cli.session import run

    async def job(session: Session) -> list[AuditRecord]:
        from mastery_engine.domain.calendar import DAY_MS, day_of
        from mastery_engine.engine.audit_search import Wanted

        wanted = Wanted(
            student_id=student,
            actor=actor,
            action=action,
            allowed=None if refused is None else not refused,
            request_id=request,
            from_ms=None if first is None else day_of(first) * DAY_MS,
            before_ms=None if last is None else (day_of(last) + 1) * DAY_MS,
        )
        found = await session.engine.audit.search(session.caller, wanted, limit=limit)
        return found[::-1]

    found = run(job, tenant)
    if json:
        from mastery_engine.engine.audit_search import item_of

        output.print_json([item_of(record) for record in found])
    else:
        from mastery_engine.cli.views.audit import records_view

        output.show(records_view(found))
