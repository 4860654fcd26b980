"""`mastery simulate`."""

from __future__ import annotations

import shlex
from datetime import date
from typing import Annotated

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples


@examples(
    "mastery simulate --students 200 --seed 7",
    "mastery simulate -n 1000 --start 2026-01-12 --to events.jsonl",
)
def simulate(
    students: Annotated[int, typer.Option("--students", "-n", help="How many students.")] = 24,
    seed: Annotated[
        int, typer.Option("--seed", help="All chance follows from it: the same seed gives the same events.")
    ] = 1,
    days: Annotated[int, typer.Option("--days", help="Length of the term, 1 to 366.")] = 182,
    start: Annotated[
        date | None,
        typer.Option(
            "--start",
            parser=options.day,
            metavar="DAY",
            help="First day. Default: so that the term ends yesterday.",
        ),
    ] = None,
    tenant: Annotated[
        str, typer.Option("--tenant", "-t", help="The school; made without retention if it is not there.")
    ] = "simulated",
    late: Annotated[float, typer.Option("--late", help="Share of events that come days late.")] = 0.02,
    repeated: Annotated[
        float, typer.Option("--repeated", help="Share of events that are sent twice.")
    ] = 0.02,
    to: Annotated[
        str | None,
        typer.Option("--to", help="Write the events to this file (- for standard output), and nothing else."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Simulate a school and take its events in.

    Its students are steady, fading, cramming, returning, gifted or absent, and form the class `class-1`.
    Returns when everything is folded. May be interrupted and started again: nothing is counted twice.
    """
    from mastery_engine.cli import simulation
    from mastery_engine.cli.output import note, print_json, say

    plan = simulation.plan(
        students=students, seed=seed, days=days, start=start, tenant_id=tenant, late=late, repeated=repeated
    )
    if to is not None:
        written = simulation.write(plan, to)
        note(f"{written:,} events written to {to}")
        if to != "-":
            note(
                f"take them in with:\n  mastery tenant create {tenant} --retention none\n"
                f"  mastery ingest {shlex.quote(to)}"
            )
        return
    report = simulation.take_in(plan)
    if json:
        print_json(report)
    else:
        say(f"{report.sentence()}\ntry: mastery compare {simulation.CLASS_ID} --tenant {tenant}")
    raise typer.Exit(report.code)
