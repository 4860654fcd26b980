"""Replicas that do jobs on one store, whose jobs count to three."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import count

from mastery_engine.adapters.memory import MemoryAuditTrail, MemoryRosters, MemoryStateStore
from mastery_engine.contracts import keys
from mastery_engine.contracts.job import Job
from mastery_engine.domain.formulas import Formulas
from mastery_engine.engine.access import Access, Caller
from mastery_engine.engine.formula_choice import FormulaChoice
from mastery_engine.engine.job_book import JobBook
from mastery_engine.engine.job_kinds import JobKind, Part
from mastery_engine.engine.job_runner import JobRunner
from mastery_engine.engine.jobs import Jobs
from mastery_engine.engine.learners import StoredLearners
from mastery_engine.engine.policy import Role
from mastery_engine.engine.reading import Reader
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.ports import Clock, StateStore
from tests.api.school import StillClock
from tests.unit.engine.house import SetFlags

ONES = 3
FORMULAS = Formulas()
PSEUDONYMS = keys.Pseudonyms(b"a key of the tests, 32 bytes long")
Happening = Callable[[Job], object]


class Counting:
    """A kind that counts to three, a part each, and notes who did which."""

    def __init__(self, name: str = "one", happens: Happening | None = None) -> None:
        self.name = name
        self.happens = happens
        self.did: list[tuple[str, int]] = []

    async def part(self, job: Job) -> Part:
        self.did.append((job.job_id, job.parts))
        await asyncio.sleep(0)
        if self.happens is not None:
            self.happens(job)
        done = job.parts + 1
        result = f"{self.name} did {job.parts}".encode()
        return Part(done=done, total=ONES, is_last=done == ONES, result=result, note=str(done).encode())

    def concerns(self, job: Job) -> Collection[str]:
        return job.payload.decode().split()

    def tells(self, job: Job) -> Mapping[str, bytes]:
        return {keys.batch_status(job.tenant_id, job.job_id): f"{job.state} {job.done}".encode()}


class Replica:
    """A process that does jobs."""

    def __init__(self, store: StateStore, clock: Clock, kind: JobKind, ids: Iterator[int]) -> None:
        self.audit = MemoryAuditTrail()
        access = Access(MemoryRosters(), self.audit, PSEUDONYMS, clock)
        reader = Reader(
            StoredLearners(store),
            TenantDirectory(store, FORMULAS),
            FormulaChoice(FORMULAS, SetFlags()),
            access,
            clock,
        )
        book = JobBook(store, clock)
        self.jobs = Jobs(book, {"counting": kind}, reader, PSEUDONYMS, clock, lambda: f"{next(ids):032x}")
        self.runner = JobRunner(self.jobs, clock)


class House:
    """Replicas on one store."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.store = MemoryStateStore(self.clock)
        self._ids = count(1)

    def replica(self, kind: JobKind | None = None) -> Replica:
        return Replica(self.store, self.clock, kind or Counting(), self._ids)

    async def names(self) -> set[str]:
        return {key async for batch in self.store.scan("") for key in batch}


def caller(subject: str = "ms-yun", role: Role = "teacher", tenant_id: str = "default") -> Caller:
    return Caller(tenant_id=tenant_id, subject=subject, role=role, request_id="r1")
