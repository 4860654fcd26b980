"""`mastery tenant export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples

if TYPE_CHECKING:
    from mastery_engine.cli.session import Session


@examples(
    "mastery tenant export school-7 --to school-7.zip",
    "mastery tenant export school-7 --to school-7/ --folder",
)
def export(
    tenant_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the school.", show_default=False)],
    to: Annotated[
        Path,
        typer.Option(
            "--to", metavar="FILE.zip", help="The zip, or the folder, that is made.", show_default=False
        ),
    ],
    folder: Annotated[bool, typer.Option("--folder", help="Make a folder of files, and no zip.")] = False,
    json: options.Json = False,
) -> None:
    """Write everything held on a school into a zip or folder: settings, classes, students, events, dead letters, audit trail.

    Its events.jsonl can be sent to another installation with mastery ingest. Check it with mastery privacy verify-export.
    """
    from mastery_engine.cli.output import print_json, say
    from mastery_engine.cli.session import operator, run

    async def job(session: Session) -> int:
        from mastery_engine.cli.new_file import new_file
        from mastery_engine.cli.new_folder import new_folder

        if folder:
            with new_folder(to) as parts:
                await session.engine.tenant_exports.write(operator(tenant_id), parts)
            return sum(part.bytes for part in parts.done)
        chunks = await session.engine.tenant_exports.zip(operator(tenant_id))
        with new_file(to) as file:
            return sum([file.write(chunk) async for chunk in chunks])

    size = run(job)
    if json:
        print_json({"tenant_id": tenant_id, "file": str(to), "bytes": size})
    else:
        say(f"{to}: {size:,} bytes; check it with: mastery privacy verify-export {to}")
