"""`mastery simulate`."""

from __future__ import annotations

import shlex
from datetime import date
from typing import Annotated

import typer

from mastery_engine.cli import options
from mastery_engine.cli.exits import DONE, FAILED, SOME_REFUSED
from mastery_engine.cli.program import examples
from mastery_engine.cli.where import refuse_a_service


@examples(
    "mastery simulate --students 200 --seed 7",
    "mastery simulate -n 1000 --start 2026-01-12 --to events.jsonl",
    "mastery simulate -n 2000 --to kafka --rate 5000 --events 100000",
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
        typer.Option(
            "--to",
            help="Write the events to this file (- for standard output), and nothing else; or send them to kafka, or to a "
            "service over http, where something else folds them, and tell how long that took.",
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            "--rate",
            help="Events a second, for kafka and http. Default: as fast as they are accepted.",
        ),
    ] = None,
    events: Annotated[
        int | None, typer.Option("--events", min=1, help="How many events to send, for kafka and http.")
    ] = None,
    server: Annotated[
        str, typer.Option("--server", help="The service, for http; MASTERY_TOKEN holds an admin's token.")
    ] = "http://127.0.0.1:8080",
    patience: Annotated[
        float,
        typer.Option("--patience", help="Seconds without a new update after which the others are given up."),
    ] = 30.0,
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
    if to in {simulation.KAFKA, simulation.HTTP}:
        load = simulation.load(plan, simulation.LoadOrder(to, rate, events, patience, server))
        if json:
            print_json(load.data())
        else:
            say(load.sentence())
        raise typer.Exit(FAILED if load.without_update else SOME_REFUSED if load.refused else DONE)
    if rate is not None or events is not None:
        raise typer.BadParameter("--rate and --events are for --to kafka and --to http")
    if to is not None:
        written = simulation.write(plan, to)
        note(f"{written:,} events written to {to}")
        if to != "-":
            note(
                f"take them in with:\n  mastery tenant create {tenant} --retention none\n"
                f"  mastery ingest {shlex.quote(to)}"
            )
        return
    refuse_a_service("simulate")
    report = simulation.take_in(plan)
    if json:
        print_json(report)
    else:
        say(f"{report.sentence()}\ntry: mastery compare {simulation.CLASS_ID} --tenant {tenant}")
    raise typer.Exit(report.code)
