"""`mastery doctor`."""

from __future__ import annotations

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples


@examples("mastery doctor", "mastery doctor --json")
def doctor(json: options.Json = False) -> None:
    """Tell what is in force, and whether it works."""
    from mastery_engine.cli import diagnosis, output
    from mastery_engine.cli.exits import DONE, FAILED

    found = diagnosis.diagnose()
    if json:
        output.print_json(found)
    else:
        from mastery_engine.cli.views.diagnosis import diagnosis_view

        output.show(diagnosis_view(found))
    raise typer.Exit(DONE if found.well else FAILED)
