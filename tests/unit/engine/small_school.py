"""A whole engine in memory, wired as the program wires it, with a clock that stands still."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from mastery_engine.bootstrap import Engine, open_engine
from mastery_engine.config import load_settings
from mastery_engine.contracts import keys
from mastery_engine.contracts.document import TOMBSTONE
from mastery_engine.domain.cohort import Cohort, Membership
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.domain.events import LearningEvent
from mastery_engine.engine.access import Caller
from mastery_engine.engine.policy import Role
from mastery_engine.ports import AuditEntry, Entry, Write
from tests.unit.engine.house import StandingClock, at, quiz


@dataclass(frozen=True)
class School:
    """An engine, and its clock: 2024-03-10, noon."""

    engine: Engine
    clock: StandingClock

    async def learn(self, *events: LearningEvent) -> None:
        """Take events and fold them."""
        receipts = await self.engine.ingest.take_events(events)
        assert [receipt.error for receipt in receipts] == [None] * len(events)
        async with self.engine.folding() as worker:
            await worker.drain()

    async def audit(self, tenant: str = "default") -> list[AuditEntry]:
        """The records from the first one on."""
        return [record.entry for record in await self.engine.adapters.audit.read(tenant)]

    async def erase(self, student: str) -> None:
        """Put a tombstone in place of a document."""
        await self.engine.adapters.store.write_many([Write(keys.document("default", student), TOMBSTONE)])

    def hash(self, student: str, tenant: str = "default") -> str:
        return self.engine.pseudonyms.of(tenant, student)

    async def learn_for_months(self, student: str = "ann") -> None:
        """A quiz of 5/10 on 20 December, of 10/10 on 20 February and on 20 April: kept from 22 January on."""
        days = (("2023-12-20", 5), ("2024-02-20", 10), ("2024-04-20", 10))
        for number, (day, correct) in enumerate(days):
            self.clock.ms = at(f"{day}T12:00:00")
            event_number = number + 1_000 * (1 + len(student)) + sum(map(ord, student))
            await self.learn(quiz(event_number, correct, f"{day}T10:00:00", student=student))


def caller(role: Role = "admin", subject: str = "head", tenant: str = "default") -> Caller:
    return Caller(tenant_id=tenant, subject=subject, role=role, request_id="r-1")


def class_of(
    *students: str, teacher: str = "yun", start: str | None = None, end: str | None = None
) -> Cohort:
    """The class 7a; its teacher teaches it from start to end."""
    first, last = (None if one is None else date.fromisoformat(one) for one in (start, end))
    return Cohort(
        cohort_id="7a",
        name="Loops",
        teachers=(Membership(person_id=teacher, start=first, end=last),),
        students=tuple(Membership(person_id=student) for student in students),
    )


class SilentAudit:
    """An audit trail that does not answer."""

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        del entries
        raise DependencyDown("the audit trail does not answer")


class CountingStore:
    """Tells what was asked of a store."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.read: list[str] = []

    async def get_many(self, names: Sequence[str]) -> list[Entry | None]:
        self.read += names
        found: list[Entry | None] = await self.inner.get_many(names)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def with_parts(school: School, **adapters: Any) -> School:
    """The same school with other adapters."""
    engine = school.engine
    return School(replace(engine, adapters=replace(engine.adapters, **adapters)), school.clock)


@asynccontextmanager
async def open_school() -> AsyncGenerator[School]:
    clock = StandingClock()
    settings = load_settings(home="no-such-home", store_url="memory://", archive_url="", formulas=None)
    async with open_engine(settings, clock) as engine:
        yield School(engine, clock)
