"""`mastery privacy export` and `verify-export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples

if TYPE_CHECKING:
    from mastery_engine.cli.session import Session


@examples(
    "mastery privacy export ada-01 --to ada-01.zip",
    "mastery privacy export 11391 --to 11391.zip --tenant oulad",
)
def export(
    student: options.Student,
    to: Annotated[
        Path, typer.Option("--to", metavar="FILE.zip", help="The zip that is made.", show_default=False)
    ],
    tenant: options.Tenant = None,
    json: options.Json = False,
) -> None:
    """Write everything held on a student into a zip (GDPR, Articles 15 and 20).

    JSON with its schema, CSV, and index.html for reading; who has seen the data is in it too. Nobody but you may read the file.
    """
    from mastery_engine.cli.output import print_json, say
    from mastery_engine.cli.session import run
    from mastery_engine.cli.students import check_student

    check_student(student)

    async def job(session: Session) -> int:
        from mastery_engine.cli.new_file import new_file

        engine, caller = session
        chunks = await engine.student_exports.zip(caller, student)
        with new_file(to) as file:
            return sum([file.write(chunk) async for chunk in chunks])

    size = run(job, tenant, student=student)
    if json:
        print_json({"student_id": student, "file": str(to), "bytes": size})
    else:
        say(f"{to}: {size:,} bytes; check it with: mastery privacy verify-export {to}")


@examples("mastery privacy verify-export ada-01.zip")
def verify(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.zip", help="The zip, or the folder.", show_default=False)
    ],
    json: options.Json = False,
) -> None:
    """Check that an export, a zip or a folder, is whole, as made, and of the form that its schema tells; exit code 1 if not."""
    from mastery_engine.cli.exits import DONE, FAILED
    from mastery_engine.cli.output import print_json, say
    from mastery_engine.engine.verify_export import verify_export

    found = verify_export(file)
    if json:
        print_json(found)
    elif found.problems:
        say("\n".join(found.problems))
    else:
        say(f"{file} is sound: {found.parts} files, {found.bytes:,} bytes, made at {found.made_at}")
    raise typer.Exit(FAILED if found.problems else DONE)
