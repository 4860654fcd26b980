"""The events that are measured with, and the topics of a run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from mastery_engine.bootstrap import Engine
from mastery_engine.cli import simulation
from mastery_engine.domain.events import LearningEvent

STUDENTS: Final = 2_000
DAYS: Final = 85
TENANT: Final = "default"
"""The one tenant that every process knows: a state in memory is told of no other. It keeps 90 days."""
_BATCH: Final = 5_000


def events(count: int) -> Iterator[LearningEvent]:
    """A simulated school's events of the last weeks, 2 % of them days late; the same on the same day."""
    start = datetime.now(UTC).date() - timedelta(days=DAYS)
    plan = simulation.plan(
        students=STUDENTS, seed=1, days=DAYS, start=start, tenant_id=TENANT, late=0.02, repeated=0.0
    )
    return islice(simulation.events(plan), count)


async def fill(engine: Engine, count: int) -> int:
    """Append so many events; returns how many there are."""
    source, sent = events(count), 0
    while batch := list(islice(source, _BATCH)):
        receipts = await engine.ingest.take_events(batch)
        sent += sum(receipt.position is not None for receipt in receipts)
    return sent
