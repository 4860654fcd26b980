"""The health port of a command that works in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mastery_engine.bootstrap.watching import Watch
    from mastery_engine.config import Settings

HealthPort = Annotated[
    int | None,
    typer.Option(
        "--health-port",
        min=0,
        max=65_535,
        help="Port for GET /health and /ready; 0 takes a free one. Default: MASTERY_HEALTH_PORT, or none.",
    ),
]


def watch_of(settings: Settings, port: int | None) -> Watch:
    """What watches over the command.

    Args:
        settings: What is in force.
        port: As asked for on the command line.
    """
    from mastery_engine.bootstrap.watching import unwatched
    from mastery_engine.cli.output import note

    chosen = settings.health_port if port is None else port
    if chosen is None:
        return unwatched
    from mastery_engine.api.health import watch_at

    return watch_at(settings.health_host, chosen, note)
