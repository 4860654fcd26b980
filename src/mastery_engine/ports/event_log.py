"""Topics: append-only logs in partitions, their consumers, and where outputs go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from msgspec import Struct

from mastery_engine.contracts.outputs import OUTPUT_TYPES, Output, encode_output
from mastery_engine.contracts.tracing import EVENT_ID, EVENT_TYPE


class NewRecord(NamedTuple):
    """A record to append; records of one key go to one partition and keep their order."""

    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class Record(Struct, frozen=True, order=True, gc=False):
    """A record as read back.

    Attributes:
        appended_ms: When it entered the log; every reader judges the record as of this moment.
    """

    partition: int
    offset: int
    appended_ms: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


class Position(NamedTuple):
    """Where a record lies."""

    partition: int
    offset: int


class Share(NamedTuple):
    """Which partitions a consumer reads, of several that read side by side: those whose number leaves `number` over.

    Attributes:
        number: From 0 to `of` - 1.
        of: How many consumers there are.
    """

    number: int = 0
    of: int = 1


WHOLE: Final = Share()


class EventLog(Protocol):
    """A topic: an append-only log in partitions.

    Attributes:
        topic: Its name.
    """

    topic: str

    async def topic_id(self) -> str:
        """The topic's own id: another one after the topic was deleted and made again."""
        ...

    async def append(self, records: Sequence[NewRecord]) -> list[Position]:
        """Append all, durably, and tell where; nothing is appended if it raises before the write."""
        ...

    async def ends(self) -> dict[int, int]:
        """For each partition the offset that its next record will get."""
        ...

    async def read(self, partition: int, offset: int, limit: int) -> list[Record]:
        """Records of a partition from an offset on, oldest first, at most `limit`; trimmed ones are passed over."""
        ...

    def consumer(self, group: str, share: Share = WHOLE) -> LogConsumer:
        """A consumer that goes on where its group committed, of all partitions or of a share of them."""
        ...

    async def trim(self, before_ms: int) -> int:
        """Drop records that entered before that moment; offsets go on counting. Returns how many."""
        ...

    async def ping(self) -> None:
        """Return if the log answers."""
        ...

    async def close(self) -> None:
        """Let go of everything; idempotent."""
        ...


class LogConsumer(Protocol):
    """Reads the partitions given to it, in offset order, from the committed offsets on.

    Attributes:
        topic_id: Id of the topic that the records of the last poll come from; empty before the first.
    """

    topic_id: str

    async def poll(self, limit: int, wait_seconds: float = 0.0) -> list[Record]:
        """The next records, at most `limit`, in offset order within each partition; empty if none came in time."""
        ...

    async def commit(self, offsets: Mapping[int, int]) -> None:
        """Durably note the next offset to read by partition, with the topic id; another topic's note is ignored."""
        ...

    async def committed(self) -> dict[int, int]:
        """Committed offsets of this topic id by partition; a partition without one is read from its start."""
        ...

    async def rewind(self) -> None:
        """Read on from the committed offsets: what was polled and not committed comes again."""
        ...

    async def close(self) -> None:
        """Leave the group; idempotent."""
        ...


class LogFollower(Protocol):
    """Reads what comes into a topic from now on, and keeps no note of it."""

    async def poll(self, limit: int, wait_seconds: float) -> list[Record]:
        """The next records, at most `limit`; empty if none came in time."""
        ...

    async def close(self) -> None:
        """Let go; idempotent."""
        ...


class OutputMessage(Struct, frozen=True, gc=False):
    """One event for other services.

    Attributes:
        key: The learner's partition key.
        output: The event.
        context: Headers with trace context and correlation id of the causing event.
    """

    key: bytes
    output: Output
    context: tuple[tuple[str, bytes], ...] = ()

    @property
    def message_id(self) -> str:
        """UUID derived from the student and the causing event, the same whenever it is sent again."""
        return self.output.event_id

    @property
    def message_type(self) -> str:
        """E.g. `mastery.updated`."""
        return OUTPUT_TYPES[type(self.output)]

    @property
    def value(self) -> bytes:
        """The event as JSON."""
        return encode_output(self.output)

    @property
    def headers(self) -> tuple[tuple[str, bytes], ...]:
        """What every log puts beside it."""
        return (
            (EVENT_ID, self.message_id.encode()),
            (EVENT_TYPE, self.message_type.encode()),
            *self.context,
        )


class Results(Protocol):
    """Where outputs go (`mastery.results`)."""

    async def publish(self, messages: Sequence[OutputMessage]) -> None:
        """Send all and wait until they are acknowledged; repeats are allowed."""
        ...
