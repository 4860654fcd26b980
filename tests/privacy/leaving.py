"""An engine with students, some of whom are to be erased, on a clock on which only sleeping takes time."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from mastery_engine.bootstrap import Engine, open_engine
from mastery_engine.bootstrap.erasing import erasure_ports
from mastery_engine.config import Settings
from mastery_engine.contracts import keys
from mastery_engine.contracts.dead_letter import DeadLetter
from mastery_engine.contracts.document import TOMBSTONE
from mastery_engine.contracts.event_json import encode_event
from mastery_engine.contracts.privacy_request import PrivacyRequest
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.contracts.traces import Person
from mastery_engine.domain.cohort import Cohort, Membership
from mastery_engine.domain.events import QuizPerformanceSubmitted
from mastery_engine.engine.access import Caller
from mastery_engine.engine.erasure.parts import ErasurePorts
from mastery_engine.engine.erasure.runner import ErasureRunner
from mastery_engine.engine.work import Worker
from mastery_engine.ports import NewRecord, Write
from tests.api.school import NOW_MS, StillClock

ANNA, BEN = "anna-lena", "ben"


def event(
    number: int, student_id: str, tenant_id: str = "default", at_ms: int = 0
) -> QuizPerformanceSubmitted:
    return QuizPerformanceSubmitted(
        event_id=f"00000000-0000-4000-8000-{number:012x}",
        timestamp=at_ms or NOW_MS - 60_000,
        tenant_id=tenant_id,
        student_id=student_id,
        source="quiz-agent",
        quiz_id="loops",
        total_questions=10,
        correct_answers=8,
        time_spent=300,
    )


def admin(tenant_id: str = "default", role: Any = "admin") -> Caller:
    return Caller(tenant_id=tenant_id, subject="head", role=role, request_id="r")


class MovingClock(StillClock):
    """The same, whose day goes on with it."""

    async def sleep(self, seconds: float) -> None:
        self.ms += round(seconds * 1_000)
        await super().sleep(seconds)


@dataclass
class Leaving:
    """The engine, and how to do things in it."""

    engine: Engine
    clock: MovingClock

    @property
    def ports(self) -> ErasurePorts:
        return erasure_ports(self.engine, self.engine.jobs)

    def runner(self, owner: str = "one", **ports: Any) -> ErasureRunner:
        return ErasureRunner(msgspec.structs.replace(self.ports, **ports), owner)

    async def fold(self) -> int:
        # Without the look at the store's own clock, which does not go on with this one.
        engine = self.engine
        consumer = engine.adapters.log.consumer(engine.group)
        worker = Worker(engine.processor(consumer), consumer, self.clock, 1_000)
        try:
            return (await worker.drain()).folded
        finally:
            await consumer.close()

    async def settle(self) -> None:
        """Anna and Ben in two tenants, with all that can be kept of them."""
        number = 1
        for tenant_id in ("default", "other"):
            for student_id in (ANNA, BEN):
                for _ in range(3):
                    await self.append(event(number, student_id, tenant_id))
                    number += 1
        await self.fold()
        for tenant_id in ("default", "other"):
            members = tuple(Membership(person_id=one) for one in (ANNA, BEN))
            cohort = Cohort(cohort_id="7b", teachers=(Membership(person_id="T"),), students=members)
            await self.engine.adapters.rosters.put(tenant_id, [cohort])
            await self.letter(1, ANNA, tenant_id)
        await self.store(
            [
                Write(keys.learner("default", ANNA) + ":path:adaptive", b'{"v":1}', None, 3_600),
                Write(keys.learner("default", ANNA) + ":prediction:7", b'{"v":1}', None, 3_600),
                Write(keys.rebuilt("default", "run", ANNA), b"\x91\x01", None, 3_600),
                Write(
                    "job:1",
                    msgspec.msgpack.encode(
                        {"tenant_id": "default", "payload": b'{"student_ids":["anna-lena"]}'}
                    ),
                ),
                Write(
                    "idempotency:x:y",
                    b'{"answer":{"results":[{"student_id":"anna-lena"}]},"tenant_id":"default"}',
                ),
                Write(
                    "job:2",
                    msgspec.msgpack.encode(
                        {"tenant_id": "other", "payload": b'{"student_ids":["anna-lena"]}'}
                    ),
                ),
                Write("job:3", b'{"tenant_id":"default","student_id":"anna-lena-2"}'),
            ]
        )

    async def settle_one(self, student_id: str, number: int, tenant_id: str = "default") -> None:
        """A student with an event in each store of record; numbers from 0 on keep students' events apart."""
        await self.append(event(0x10000 + number, student_id, tenant_id))
        await self.fold()
        await self.letter(1, student_id, tenant_id)
        cohort = Cohort(
            cohort_id=f"class-of-{number}", teachers=(), students=(Membership(person_id=student_id),)
        )
        await self.engine.adapters.rosters.put(tenant_id, [cohort])
        view = f'{{"tenant_id":"{tenant_id}","student_id":"{student_id}"}}'.encode()
        await self.store([Write(f"job:of-{number}", view), Write(f"idempotency:caller:{number}", view)])

    async def store(self, writes: list[Write]) -> None:
        await self.engine.adapters.store.write_many(writes)

    async def append(self, *events: QuizPerformanceSubmitted) -> None:
        values = [encode_event(one) for one in events]
        await self.engine.adapters.log.append(
            [
                NewRecord(keys.learner(one.tenant_id, one.student_id).encode(), value)
                for one, value in zip(events, values, strict=True)
            ]
        )

    async def append_raw(self, value: bytes, key: bytes = b"") -> None:
        await self.engine.adapters.log.append([NewRecord(key, value)])

    async def letter(self, number: int, whose: str, tenant_id: str = "default", **fields: Any) -> int:
        letter = DeadLetter(
            letter_id=keys.derived_id("letter", tenant_id, whose, str(number)),
            topic="mastery.requests",
            topic_id="t",
            partition=0,
            offset=number,
            key=keys.learner(tenant_id, whose).encode(),
            headers=(),
            payload=b'{"student_id":"%s","tenant_id":"%s",broken' % (whose.encode(), tenant_id.encode()),
            kind="validation",
            reason="invalid",
            message="broken",
            attempts=1,
            failed_at_ms=self.clock.now_ms(),
            tenant_id=tenant_id,
        )
        return await self.engine.adapters.dead_letters.add([msgspec.structs.replace(letter, **fields)])

    async def erase(self, student_id: str = ANNA, tenant_id: str = "default") -> PrivacyRequest:
        request = await self.engine.erasures.ask(admin(tenant_id), student_id)
        for _ in range(20):
            await self.runner().run_once()
            found = await self.request(request.request_id)
            if found.state != "open":
                return found
        raise AssertionError(f"still open: {request.request_id}")

    async def request(self, request_id: str) -> PrivacyRequest:
        found = await self.engine.adapters.privacy_requests.get(request_id)
        assert found is not None
        return found

    async def left(self, student_id: str = ANNA, tenant_id: str = "default") -> set[str]:
        """Where a student is still mentioned, as an independent look at the ports tells."""
        ours, name = self.engine.adapters, keys.learner(tenant_id, student_id)
        letters = [one for one in await ours.dead_letters.find() if one.tenant_id == tenant_id]
        cohorts = await ours.rosters.list(tenant_id)
        records = [await ours.log.read(one, 0, end) for one, end in (await ours.log.ends()).items()]
        places = {
            "archive": await ours.archive.of_student(tenant_id, student_id),
            "archive's students": student_id in await ours.archive.students(tenant_id),
            "letters": any(f'"student_id":"{student_id}"'.encode() in one.payload for one in letters),
            "rosters": any(student_id in {one.person_id for one in cohort.students} for cohort in cohorts),
            "log": any(record.key == name.encode() for some in records for record in some),
        }
        return {place for place, there in places.items() if there} | await self._keys(name)

    async def _keys(self, name: str) -> set[str]:
        store, found = self.engine.adapters.store, set[str]()
        async for names in store.scan(""):
            entries = await store.get_many(names)
            found.update(
                f"{key} (tombstone)" if entry is not None and entry.value == TOMBSTONE else key
                for key, entry in zip(names, entries, strict=True)
                if key.startswith(f"{name}:")
                or ("replay:" in key and f":{name.rpartition('school:')[2]}:" in key)
            )
        return found


@asynccontextmanager
async def leaving(chosen: dict[str, object]) -> AsyncGenerator[Leaving]:
    """Open an engine, with a second tenant."""
    clock = MovingClock()
    async with open_engine(Settings.model_validate(chosen), clock=clock) as engine:
        await engine.tenants.create(Tenant(tenant_id="other", created_ms=1))
        yield Leaving(engine, clock)


PEOPLE: tuple[Person, ...] = (("default", ANNA), ("default", BEN), ("other", ANNA), ("other", BEN))
