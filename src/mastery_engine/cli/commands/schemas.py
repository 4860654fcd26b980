"""`mastery schemas`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples

if TYPE_CHECKING:
    from mastery_engine.bootstrap.schemas import SchemaState


@examples("mastery schemas register")
def register(json: options.Json = False) -> None:
    """Register the schemas of this release; again does nothing.

    Each subject keeps to BACKWARD_TRANSITIVE from then on. No other command registers anything.
    """
    import asyncio

    from mastery_engine.bootstrap.schemas import register_schemas
    from mastery_engine.config import load_settings

    _tell(asyncio.run(register_schemas(load_settings())), json)


@examples("mastery schemas check")
def check(json: options.Json = False) -> None:
    """Tell whether the schemas of this release are registered, or could be; exit code 1 if one is not.

    A subject that somebody has freed from BACKWARD_TRANSITIVE is `unguarded`; registering again mends that.
    """
    import asyncio

    from mastery_engine.bootstrap.schemas import look_at_schemas
    from mastery_engine.cli.exits import FAILED
    from mastery_engine.config import load_settings

    found = asyncio.run(look_at_schemas(load_settings()))
    _tell(found, json)
    if any(one.state != "registered" for one in found):
        raise typer.Exit(FAILED)


def _tell(found: list[SchemaState], json: bool) -> None:
    from rich.table import Table

    from mastery_engine.cli import output

    if json:
        output.print_json(found)
        return
    table = Table("subject", "id", "state", box=None, header_style="bold")
    for one in found:
        table.add_row(one.subject, "" if one.schema_id is None else str(one.schema_id), one.state)
    output.show(table)
