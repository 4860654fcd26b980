"""The doors for a Dapr sidecar: to whom they are open, and what is behind that of its pub/sub."""

from __future__ import annotations

from typing import Final, Literal

from mastery_engine.bootstrap.engine import Engine
from mastery_engine.config import Settings
from mastery_engine.contracts.topics import TopicNames
from mastery_engine.engine.deliveries import Deliveries

Doors = Literal["token", "machine", "closed"]
WORDS: Final[dict[Doors, str]] = {
    "token": "its doors are open to a sidecar that sends the token",
    "machine": "its doors are open to this machine only; set MASTERY_DAPR_APP_TOKEN for a sidecar elsewhere",
    "closed": "its doors are closed: production opens them with MASTERY_DAPR_APP_TOKEN only",
}


def doors_of(settings: Settings) -> Doors:
    """To whom they are open: who knows the token; without one, in development who calls from this machine."""
    if settings.dapr_app_token is not None:
        return "token"
    return "closed" if settings.env == "production" else "machine"


def deliveries_of(engine: Engine) -> Deliveries:
    """Into the log of an engine, and among its dead letters."""
    adapters = engine.adapters
    topic = TopicNames(engine.settings.kafka_prefix).cloud_events
    return Deliveries(engine.ingest, adapters.dead_letter_sink, topic, adapters.clock)
