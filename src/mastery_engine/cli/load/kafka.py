"""A load sent to Kafka; an update can be seen once it is among the results."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final, final

from mastery_engine.bootstrap import Engine
from mastery_engine.cli.load.pace import Due
from mastery_engine.cli.load.watch import Watch
from mastery_engine.contracts import keys
from mastery_engine.contracts.outputs import OUTPUT_TYPES, MasteryUpdated
from mastery_engine.domain.errors import InvalidInput
from mastery_engine.domain.events import LearningEvent
from mastery_engine.ports import LogFollower

MOST: Final = 5_000
_POLLED: Final = 10_000
_POLL_SECONDS: Final = 0.1
_UPDATED: Final = OUTPUT_TYPES[MasteryUpdated]


@final
class KafkaTarget:
    """Judges events as any door does, appends them, and follows the results."""

    most = MOST

    def __init__(self, engine: Engine, follower: LogFollower, watch: Watch) -> None:
        """Put the parts together; see `open_kafka`."""
        self._engine = engine
        self._follower = follower
        self._watch = watch

    async def send(self, batch: Sequence[Due]) -> None:
        """Return once Kafka has all of them.

        Raises:
            DependencyDown: It does not answer.
        """
        watch = self._watch
        names = [_update_of(one.event) for one in batch]
        for name, one in zip(names, batch, strict=True):
            watch.expect(name, one.at)
        receipts = await self._engine.ingest.take_events([one.event for one in batch])
        for name, receipt in zip(names, receipts, strict=True):
            if receipt.error is None:
                watch.sent += 1
            else:
                watch.refuse(name, receipt.error.message)

    async def look(self) -> None:
        """Note the updates that have come since the last call, and wait a moment for the first one."""
        records = await self._follower.poll(_POLLED, _POLL_SECONDS)
        now = self._engine.adapters.clock.monotonic()
        self._watch.see((dict(record.headers).get("event_id", b"").decode() for record in records), now)


@asynccontextmanager
async def open_kafka(engine: Engine, watch: Watch) -> AsyncGenerator[KafkaTarget]:
    """A target whose follower reads from now on.

    Raises:
        InvalidInput: The log of the settings is not Kafka.
        ConfigurationError: A topic is not as it must be.
        DependencyDown: Kafka does not answer.
    """
    apart = engine.adapters.apart
    if apart is None:
        raise InvalidInput(
            "--to kafka needs Kafka: set MASTERY_LOG_URL to kafka://HOST:PORT and MASTERY_REGISTRY_URL"
        )
    await apart.topics.check()
    follower = await apart.follow_results()
    try:
        yield KafkaTarget(engine, follower, watch)
    finally:
        await asyncio.shield(follower.close())


def _update_of(event: LearningEvent) -> str:
    """Id of the update that an event causes."""
    return keys.derived_id(keys.learner(event.tenant_id, event.student_id), event.event_id, _UPDATED)
