"""The database of the audit trail is killed while many read: no answer with anybody's data is without its record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.postgres.records import open_postgres
from mastery_engine.adapters.postgres.upgrade import upgrade_schema
from mastery_engine.contracts.audit_seals import AuditSeals
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.engine.audit_verify import check_trail
from mastery_engine.ports import AuditTrail, request_term
from tests.api.school import MINUTE_MS, School, open_school
from tools.own_postgres import OwnPostgres

CALLERS = 16
EACH = 5
PSEUDONYMS = Pseudonyms(b"a key of sixteen bytes and more")


class Readers:
    """Callers who read one student after the other, and what they were answered."""

    def __init__(self, school: School) -> None:
        self._school = school
        self._numbers = count()
        self.seen: list[str] = []
        self.refused = 0

    async def read(self, status: int, times: int) -> None:
        """All callers at once, each until it was answered so often with this status."""
        await asyncio.gather(*(self._until(f"head-{n}", status, times) for n in range(CALLERS)))

    async def _until(self, who: str, status: int, times: int) -> None:
        left = times
        while left:
            left -= await self._ask(who) == status

    async def _ask(self, who: str) -> int:
        clock: Any = self._school.engine.adapters.clock
        # No limit on how often somebody may ask is what is seen.
        clock.slept += 60
        clock.ms += MINUTE_MS
        request = f"read-{next(self._numbers)}"
        answer = await self._school.get("students/amal/mastery", who, headers={"X-Request-ID": request})
        if answer.status_code == 200:
            self.seen.append(self._school.request_hash(request))
        else:
            assert answer.status_code == 503, answer.text
            assert "data" not in answer.json()
            assert "amal" not in answer.text
            self.refused += 1
        return answer.status_code


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[OwnPostgres]:
    made = OwnPostgres(tmp_path / "postgres")
    await made.start()
    await upgrade_schema(made.url)
    yield made
    await made.kill()


async def on_record(trail: AuditTrail, request: str) -> bool:
    found = await trail.search("default", [request_term(request)])
    return [(one.entry.action, one.entry.allowed) for one in found] == [("mastery.read", True)]


async def test_every_answer_has_its_record_and_without_the_database_there_is_none(
    server: OwnPostgres,
) -> None:
    records = await open_postgres(server.url, SystemClock(), PSEUDONYMS)
    try:
        async with open_school(audit=records.audit) as school:
            await school.teach("amal")
            readers = Readers(school)
            await readers.read(200, EACH)
            killed = asyncio.create_task(server.kill())
            # Some of them are in the middle of it.
            await readers.read(503, EACH)
            await killed
            before = len(readers.seen)
            await readers.read(503, 1)
            assert len(readers.seen) == before
            await server.start()
            await readers.read(200, EACH)
            missing = [one for one in readers.seen if not await on_record(records.audit, one)]
            reports = await check_trail(records.audit, AuditSeals(PSEUDONYMS))
    finally:
        await records.close()
    assert len(readers.seen) >= 2 * CALLERS * EACH
    assert readers.refused >= CALLERS * EACH
    assert missing == []
    assert [(one.tenant_id, one.holds) for one in reports] == [("default", True), ("", True)]
