"""`mastery import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mastery_engine.cli.program import examples

if TYPE_CHECKING:
    from mastery_engine.cli.intake_report import IntakeReport
    from mastery_engine.cli.session import Session


@examples(
    "mastery import oulad data/oulad --presentation 2014B",
    "mastery import oulad data/oulad -p 2013J --module AAA --tenant research",
)
def oulad(
    folder: Annotated[Path, typer.Argument(help="Folder with the CSV or Parquet files.", show_default=False)],
    presentation: Annotated[
        str, typer.Option("--presentation", "-p", help="Like 2014B.", show_default=False)
    ],
    module: Annotated[
        str | None, typer.Option("--module", "-m", help="One module, like AAA. Default: all.")
    ] = None,
    tenant: Annotated[
        str, typer.Option("--tenant", "-t", help="The school; made without retention if it is not there.")
    ] = "oulad",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Bring in the Open University Learning Analytics Dataset.

    Returns when everything is folded. May be interrupted and started again: nothing is counted twice.
    """
    from mastery_engine.adapters.oulad.importer import OuladEvents
    from mastery_engine.cli.output import print_json, say
    from mastery_engine.cli.session import run
    from mastery_engine.cli.taking import BATCH, MANY, take_all

    # Before anything is opened: Ctrl-C ends the reading at once.
    source = OuladEvents(folder, presentation, module, tenant_id=tenant, batch_size=BATCH, apart=True)

    async def job(session: Session) -> IntakeReport:
        from mastery_engine.cli.progress import Meter
        from mastery_engine.cli.tenants import ensure_tenant

        fresh = await ensure_tenant(session.engine, tenant, retention_days=None)
        with Meter(f"import {presentation}", source.total) as meter:
            batches = ((batch, len(batch)) for batch in source)
            return await take_all(session.engine, batches, meter, fresh=fresh, many=source.total >= MANY)

    report = run(job, tenant)
    if json:
        print_json(report)
    else:
        say(report.sentence())
    raise typer.Exit(report.code)
