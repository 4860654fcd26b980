"""How far the log is done with: which of its records are still to come, and which will never come again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mastery_engine.engine.held import Held
from mastery_engine.ports import ArchivedEvent, EventLog, LogConsumer


class Committed(NamedTuple):
    """Offsets committed by those who fold.

    Attributes:
        topic_id: Id of the topic as it is now.
        offsets: The next offset to read by partition; a partition without one is read from its start.
        held: What of the log the archive held then; None where whoever folds archives too, before a fold is done with.
    """

    topic_id: str
    offsets: Mapping[int, int]
    held: Held | None = None

    def is_to_come(self, one: ArchivedEvent) -> bool:
        """Whether the event's record is read again; one of a deleted topic is not."""
        return one.topic_id == self.topic_id and one.offset >= self.offsets.get(one.partition, 0)


async def committed_of(log: EventLog, group: str) -> Committed:
    """Offsets that a consumer group has committed now."""
    topic_id = await log.topic_id()
    consumer = log.consumer(group)
    try:
        return Committed(topic_id, await consumer.committed())
    finally:
        await consumer.close()


async def committed_beside(log: EventLog, group: str, archivers: str) -> Committed:
    """The same where another group archives, behind those who fold."""
    archived = await committed_of(log, archivers)
    held = Held(topic_id=archived.topic_id, ends=dict(archived.offsets))
    return (await committed_of(log, group))._replace(held=held)


async def lag_of(log: EventLog, consumer: LogConsumer) -> int:
    """How many records a consumer's group is not done with."""
    committed = await consumer.committed()
    return sum(max(0, end - committed.get(partition, 0)) for partition, end in (await log.ends()).items())
