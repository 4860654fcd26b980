"""Every valid event once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Protocol


class ArchivedEvent(NamedTuple):
    """A valid event as the archive keeps it.

    Attributes:
        day: Number of the event's day (UTC), by which the archive is cut.
        corrected_by: Reserved: event id of the correction that took its place.
    """

    tenant_id: str
    event_id: str
    student_id: str
    day: int
    timestamp: int
    topic_id: str
    partition: int
    offset: int
    appended_ms: int
    value: bytes
    corrected_by: str | None = None


class ArchivedDay(NamedTuple):
    """A tenant's events of one day.

    Attributes:
        day: Its number (UTC).
        events: How many.
        size: Bytes of their values.
    """

    day: int
    events: int
    size: int


class Archive(Protocol):
    """Every valid event of a student once: the first one of an event id.

    That an id stands for one student's event only is the fold's to see: where two students' events with one id came at the
    very same time, both may count, and both are here.
    """

    async def add(self, events: Sequence[ArchivedEvent]) -> int:
        """Insert those whose (tenant, student, event id) is not there yet; returns how many were new.

        What an erasure refuses, as the ledger beside it says in the same transaction, is passed over.
        """
        ...

    async def of_student(self, tenant_id: str, student_id: str) -> list[ArchivedEvent]:
        """All events of a student, by day, then partition and offset."""
        ...

    async def page_of_student(
        self, tenant_id: str, student_id: str, after: ArchivedEvent | None, limit: int
    ) -> list[ArchivedEvent]:
        """The same in pages: up to `limit` events, those after the last one of the page before, None for the first page."""
        ...

    async def of_students(self, tenant_id: str, student_ids: Sequence[str]) -> dict[str, list[ArchivedEvent]]:
        """All events of several students, in no order; those without an event are not in it."""
        ...

    async def students(self, tenant_id: str, span: tuple[int, int] | None = None) -> list[str]:
        """Students of a tenant with an event, sorted; given a span, with one whose timestamp is in it, both ends included."""
        ...

    def by_student(self, tenant_id: str) -> AsyncIterator[list[ArchivedEvent]]:
        """All events of a tenant, grouped by student: a student's events stand together, in one list or several."""
        ...

    async def tenants(self) -> list[str]:
        """Tenants with an event, sorted."""
        ...

    async def droppable(self, tenant_id: str, day: int) -> list[ArchivedDay]:
        """What `drop_before` would drop now, in order."""
        ...

    async def drop_before(self, tenant_id: str, day: int) -> int:
        """Drop whole days older than `day`; returns how many events went.

        A transaction for each part, so that nobody who adds or reads waits for long; interrupted, it goes on the next time.
        """
        ...

    async def remove_student(self, tenant_id: str, student_id: str) -> int:
        """Remove all events of a student; returns how many."""
        ...

    async def ping(self) -> None:
        """Return if the archive answers."""
        ...

    async def close(self) -> None:
        """Let go of everything; idempotent."""
        ...
