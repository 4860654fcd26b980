"""`mastery topics`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mastery_engine.cli import options
from mastery_engine.cli.program import examples

if TYPE_CHECKING:
    from mastery_engine.adapters.kafka.topics import TopicState


@examples("mastery topics apply", "mastery topics apply --grow")
def apply(
    grow: Annotated[
        bool, typer.Option("--grow", help="Add partitions to topics that have fewer than the settings want.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Make the topics that are missing.

    What differs from the settings in a topic that is there is shown, and not changed: nothing is destroyed.
    """
    import asyncio

    from mastery_engine.bootstrap.topics import apply_topics
    from mastery_engine.config import load_settings

    _tell(asyncio.run(apply_topics(load_settings(), grow=grow)), json)


@examples("mastery topics check")
def check(json: options.Json = False) -> None:
    """Tell whether the topics are there, and as the settings want them; exit code 1 if not."""
    import asyncio

    from mastery_engine.bootstrap.topics import look_at_topics
    from mastery_engine.cli.exits import FAILED
    from mastery_engine.config import load_settings

    found = asyncio.run(look_at_topics(load_settings()))
    _tell(found, json)
    if any(one.state != "good" for one in found):
        raise typer.Exit(FAILED)


def _tell(found: list[TopicState], json: bool) -> None:
    from rich.table import Table

    from mastery_engine.cli import output

    if json:
        output.print_json(found)
        return
    table = Table("topic", "partitions", "state", box=None, header_style="bold")
    for one in found:
        table.add_row(one.name, str(one.partitions), "; ".join([one.state, *one.differences]))
    output.show(table)
