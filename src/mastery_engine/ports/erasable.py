"""What an erasure asks of stores beside what others ask of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from mastery_engine.contracts.traces import Traces
from mastery_engine.ports.event_log import Record


class ErasableLog(Protocol):
    """A topic in files or memory of ours, from which single records can be taken.

    Attributes:
        topic: Its name.
    """

    topic: str

    async def scrub(self, belongs: Callable[[Record], bool], blank: bytes | None) -> int:
        """Take records away; offsets go on counting.

        Args:
            belongs: Tells which.
            blank: The value that is left in their place, without key and headers, so that readers pass over it; None leaves
                no record.

        Returns:
            How many.
        """
        ...


class Retention(NamedTuple):
    """How long a topic that cannot be changed keeps its records.

    Attributes:
        kept_ms: Milliseconds; None keeps them for ever.
    """

    topic: str
    kept_ms: int | None


class Retentions(Protocol):
    """Topics from which nobody can take a single record."""

    async def retentions(self) -> list[Retention]:
        """How long each keeps its records, as the brokers have it now.

        Raises:
            DependencyDown: The brokers do not answer.
        """
        ...


class Leftover(NamedTuple):
    """Something that still mentions a student.

    Attributes:
        tenant_id: The student's.
        student_id: Who is mentioned; never to be told on.
        place: Store and table, key or file, without an id.
        number: How often.
        stays: Whether no sweep takes it away, as what somebody else has said, or what is on record for good.
    """

    tenant_id: str
    student_id: str
    place: str
    number: int
    stays: bool = False


class RawScan(Protocol):
    """Looks at all that a store holds as it lies there, whatever wrote it."""

    async def leftovers(self, traces: Traces) -> list[Leftover]:
        """What mentions the students; what was deleted and lies about is tidied away first.

        Raises:
            DependencyDown: The store does not answer.
        """
        ...
