"""Erasing a whole tenant: each of its students, then what belongs to no student.

1. Everybody of whom the tenant holds anything gets an erasure of their own, with marker and report.
2. Once these are done: rosters, dead letters and what is left of archive and log; but for `default`, which always exists, every
   key of the tenant, and last its settings. The audit trail stays: it holds hashes alone.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, final

from msgspec.structs import replace

from mastery_engine.contracts import keys
from mastery_engine.contracts.event_json import identity
from mastery_engine.contracts.keys import DEFAULT_TENANT, tenant_prefix
from mastery_engine.contracts.privacy_request import PrivacyRequest
from mastery_engine.contracts.student_export import iso
from mastery_engine.contracts.traces import tenant_of
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.engine.erasure.asking import put_in_force
from mastery_engine.engine.erasure.finding import request_for, students_of
from mastery_engine.engine.erasure.parts import ErasurePorts
from mastery_engine.ports import Record, Write

_NEVER: Final = 1 << 24
"""A day behind all days that there are."""
_PAGE: Final = 200


@final
class TenantErasure:
    """Erases tenants for which that was asked."""

    def __init__(self, ports: ErasurePorts) -> None:
        """Put the parts together."""
        self._ports = ports

    async def begin(self) -> None:
        """Ask for the erasure of every student of the tenants that are to go."""
        for request in await self._waiting():
            await self._ask_for_students(request)

    async def end(self) -> int:
        """Remove the tenants of which no student waits any more; returns how many."""
        ports, done = self._ports, 0
        for request in await self._waiting():
            if await self._ask_for_students(request) or await self._still(request.tenant_id):
                continue
            removed = await self._remove(request.tenant_id)
            now_ms = ports.clock.now_ms()
            students = await self._erased(request.tenant_id)
            report = {
                "v": 1,
                "students": students,
                "removed": {kind: number for kind, number in removed.items() if number},
                "stays": "the audit trail and the ledger, which hold keyed hashes",
                "done_at": iso(now_ms),
            }
            ended = replace(request, state="done", report=report, changed_ms=now_ms, progress={})
            done += await ports.requests.replace(ended, request)
        return done

    async def _waiting(self) -> list[PrivacyRequest]:
        return list(await self._ports.requests.find(kind="tenant_erasure", state="open"))

    async def _ask_for_students(self, request: PrivacyRequest) -> int:
        """Ask for everybody who is there still; returns how many."""
        ports, tenant_id = self._ports, request.tenant_id
        students = await students_of(ports, tenant_id)
        for student_id in students:
            subject = ports.pseudonyms.of(tenant_id, student_id)
            erasure = await put_in_force(ports, tenant_id, subject, request.asked_by)
            if not await ports.requests.find(kind="erasure", state="open", subject=subject, limit=1):
                again = replace(erasure, asked_ms=ports.clock.now_ms())
                await ports.requests.add(request_for(ports, tenant_id, subject, student_id, again))
        return len(students)

    async def _still(self, tenant_id: str) -> bool:
        return bool(
            await self._ports.requests.find(tenant_id=tenant_id, kind="erasure", state="open", limit=1)
        )

    async def _erased(self, tenant_id: str) -> int:
        """How many students of the tenant are erased."""
        after, students = None, set[str | None]()
        while page := await self._ports.requests.find(
            tenant_id=tenant_id, kind="erasure", state="done", after=after, limit=1_000
        ):
            students.update(one.subject for one in page)
            after = (page[-1].asked_ms, page[-1].request_id)
        return len(students)

    async def _remove(self, tenant_id: str) -> Counter[str]:
        ports = self._ports
        removed: Counter[str] = Counter()
        while page := await ports.rosters.list(tenant_id, limit=_PAGE):
            for cohort in page:
                removed["rosters"] += await ports.rosters.delete(tenant_id, cohort.cohort_id)
        while letters := await ports.dead_letters.find(tenant_id=tenant_id, limit=_PAGE):
            removed["dead letters"] += await ports.dead_letters.remove([one.letter_id for one in letters])
        removed["archive"] = await ports.archive.drop_before(tenant_id, _NEVER)
        for topic in ports.topics:
            removed["records"] += await topic.log.scrub(lambda one: _is_of(one, tenant_id), topic.blank)
        if tenant_id != DEFAULT_TENANT:
            try:
                async for names in ports.store.scan(tenant_prefix(tenant_id)):
                    await ports.store.write_many([Write(name, None) for name in names])
                    removed["keys"] += len(names)
            except ConfigurationError:
                # Through a sidecar nobody can list them; those of the students are gone.
                pass
            # Last: without its settings nobody knows it any more.
            if ports.tenant_book is not None:
                await ports.tenant_book.remove(tenant_id)
            await ports.store.write_many([Write(keys.tenant(tenant_id), None)])
        return removed


def _is_of(record: Record, tenant_id: str) -> bool:
    key = record.key.decode("utf-8", "replace")
    named = "student:" in key and tenant_of(key) == tenant_id
    return named or (bool(record.value) and identity(record.value)[0] == tenant_id)
