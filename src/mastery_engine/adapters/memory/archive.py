"""Archive in a dictionary."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from itertools import groupby

from mastery_engine.adapters.memory.erasures import MemoryErasureLedger
from mastery_engine.adapters.shared.unerased import StudentHashes
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.ports import ArchivedDay, ArchivedEvent


def _place(event: ArchivedEvent) -> tuple[str, int, int, int]:
    return (event.student_id, event.day, event.partition, event.offset)


def _turn(event: ArchivedEvent) -> tuple[int, int, int, str]:
    return (event.day, event.partition, event.offset, event.topic_id)


def _day(event: ArchivedEvent) -> int:
    return event.day


class MemoryArchive:
    """Every valid event of a student once."""

    def __init__(
        self, ledger: MemoryErasureLedger | None = None, pseudonyms: Pseudonyms | None = None
    ) -> None:
        """Start empty.

        Args:
            ledger: Of the erasures.
            pseudonyms: By which it knows students; without both it is not asked.
        """
        self._ledger = ledger
        self._pseudonyms = pseudonyms
        self._events: dict[tuple[str, str, str], ArchivedEvent] = {}

    async def add(self, events: Sequence[ArchivedEvent]) -> int:
        before = len(self._events)
        if self._ledger is not None and self._pseudonyms is not None:
            students = StudentHashes(self._pseudonyms, events)
            events = students.unerased(events, self._ledger.latest_of_all(students.hashes))
        for event in events:
            self._events.setdefault((event.tenant_id, event.student_id, event.event_id), event)
        return len(self._events) - before

    async def of_student(self, tenant_id: str, student_id: str) -> list[ArchivedEvent]:
        return [event for event in self._of_tenant(tenant_id) if event.student_id == student_id]

    async def page_of_student(
        self, tenant_id: str, student_id: str, after: ArchivedEvent | None, limit: int
    ) -> list[ArchivedEvent]:
        found = sorted(await self.of_student(tenant_id, student_id), key=_turn)
        return [event for event in found if after is None or _turn(event) > _turn(after)][:limit]

    async def of_students(self, tenant_id: str, student_ids: Sequence[str]) -> dict[str, list[ArchivedEvent]]:
        wanted = set(student_ids)
        found: dict[str, list[ArchivedEvent]] = {}
        for event in self._of_tenant(tenant_id):
            if event.student_id in wanted:
                found.setdefault(event.student_id, []).append(event)
        return found

    async def students(self, tenant_id: str, span: tuple[int, int] | None = None) -> list[str]:
        return sorted(
            {
                event.student_id
                for event in self._of_tenant(tenant_id)
                if span is None or span[0] <= event.timestamp <= span[1]
            }
        )

    async def by_student(self, tenant_id: str) -> AsyncIterator[list[ArchivedEvent]]:
        for _, events in groupby(self._of_tenant(tenant_id), key=lambda event: event.student_id):
            yield list(events)

    async def tenants(self) -> list[str]:
        return sorted({event.tenant_id for event in self._events.values()})

    async def droppable(self, tenant_id: str, day: int) -> list[ArchivedDay]:
        old = sorted((event for event in self._of_tenant(tenant_id) if event.day < day), key=_day)
        return [
            ArchivedDay(number, len(values), sum(map(len, values)))
            for number, events in groupby(old, key=_day)
            if (values := [event.value for event in events])
        ]

    async def drop_before(self, tenant_id: str, day: int) -> int:
        old = [key for key, event in self._events.items() if event.tenant_id == tenant_id and event.day < day]
        for key in old:
            del self._events[key]
        return len(old)

    async def remove_student(self, tenant_id: str, student_id: str) -> int:
        gone = [key for key in self._events if key[:2] == (tenant_id, student_id)]
        for key in gone:
            del self._events[key]
        return len(gone)

    async def ping(self) -> None:
        return

    async def close(self) -> None:
        return

    def _of_tenant(self, tenant_id: str) -> list[ArchivedEvent]:
        return sorted((event for event in self._events.values() if event.tenant_id == tenant_id), key=_place)
