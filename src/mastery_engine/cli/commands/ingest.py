"""`mastery ingest`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mastery_engine.cli.program import examples


@examples(
    "mastery ingest events.jsonl",
    "mastery ingest grades.csv --mapping names.toml --rejects refused.csv",
    "cat events.jsonl | mastery ingest -",
    "mastery ingest events.jsonl --server https://mastery.school.example",
)
def ingest(
    file: Annotated[str, typer.Argument(help="JSON lines or CSV; - for standard input.", show_default=False)],
    tenant: Annotated[
        str | None,
        typer.Option(
            "--tenant",
            "-t",
            help="The school, whatever the file says. Default: the file's, else MASTERY_TENANT.",
        ),
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="TOML file with other names of columns and values.")
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option("--rejects", help="Write refused lines here, to be mended and sent again.")
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(
            "--server",
            envvar="MASTERY_SERVER",
            help="Send to this service, with the token in MASTERY_TOKEN. Default: the log here.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Take events of a file in, and fold them.

    Good lines count whatever the others are; refused ones are told with line, field, value and rule.
    Returns when everything is folded; with --server, when the service has it.
    May be interrupted and started again: nothing is counted twice.
    """
    from mastery_engine.cli.output import print_json, say

    if server is not None:
        from mastery_engine.cli.remote_intake import send_file
        from mastery_engine.cli.session import refuse_both

        refuse_both(tenant, server)
        report = send_file(file, server, mapping_file=mapping, rejects=rejects, quiet=json)
    else:
        from mastery_engine.cli.file_intake import ingest_file

        report = ingest_file(file, tenant=tenant, mapping_file=mapping, rejects=rejects, quiet=json)
    if json:
        print_json(report)
    else:
        say(report.sentence())
    raise typer.Exit(report.code)
