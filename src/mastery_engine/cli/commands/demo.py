"""`mastery demo`."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples


@examples("mastery demo", "mastery demo --students 12 --seed 3")
def demo(
    students: Annotated[
        int, typer.Option("--students", "-n", min=5, max=1_000, help="How many students.")
    ] = 28,
    seed: Annotated[int, typer.Option("--seed", help="All chance follows from it.")] = 7,
    today: Annotated[
        date | None,
        typer.Option("--today", parser=options.day, metavar="DAY", help="As if today were that day."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """See it work: a simulated class, a crash, and the proof.

    A class goes through the real pipeline, with events that come late, twice or broken. A worker is killed
    in the middle of a step and another one goes on; then everything is counted, rebuilt from the archive and
    compared. It needs no services. Its data stays in the folder `demo` under MASTERY_HOME, to be tried out.
    """
    from mastery_engine.cli import output
    from mastery_engine.cli.demo.performance import perform, print_nothing

    if json:
        output.print_json(perform(students, seed, today, print_nothing))
    else:
        console = output.make_console()
        perform(students, seed, today, console.print)
