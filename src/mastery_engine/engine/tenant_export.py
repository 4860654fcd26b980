"""Everything held on a school, as a zip that is made while it is written: in memory there is one page of it at a time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Final, final

import msgspec

from mastery_engine import __version__
from mastery_engine.contracts import keys
from mastery_engine.contracts import student_export as form
from mastery_engine.contracts.document import VERSION
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.calendar import moment_of
from mastery_engine.domain.cohort import Cohort
from mastery_engine.engine.access import Access, Caller
from mastery_engine.engine.export_lines import letter_of
from mastery_engine.engine.export_parts import Parts, ZipParts
from mastery_engine.engine.holdings import ExportPorts, Holdings
from mastery_engine.engine.tenant_export_form import (
    AUDIT,
    CLASSES,
    KIND,
    REQUESTS,
    SETTINGS,
    STUDENTS,
    ExportedPupil,
    ExportedTenant,
    tenant_export_schema,
)
from mastery_engine.engine.tenant_settings import TenantSettings
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.ports import DeadLetter

PAGE: Final = 500
_encode: Final = msgspec.json.Encoder(order="deterministic").encode


@final
class TenantExports:
    """Hands out everything held on a school."""

    def __init__(
        self,
        ports: ExportPorts,
        tenants: TenantDirectory,
        settings: TenantSettings,
        holdings: Holdings,
        access: Access,
        pseudonyms: keys.Pseudonyms,
    ) -> None:
        """Put the parts together."""
        self._ports = ports
        self._tenants = tenants
        self._settings = settings
        self._holdings = holdings
        self._access = access
        self._pseudonyms = pseudonyms

    async def zip(self, caller: Caller) -> AsyncGenerator[bytes]:
        """The zip of the caller's school.

        Raises:
            NotAllowed: The caller's role may not.
            NotFound: There is no such school. This and the others before anything is made.
            DependencyDown: A store does not answer, or the access could not be recorded.
        """
        tenant, now_ms = await self._begin(caller)
        return self._packed(tenant, now_ms)

    async def write(self, caller: Caller, parts: Parts) -> None:
        """The same, part by part, to where somebody keeps them.

        Raises:
            NotAllowed: As for `zip`.
            NotFound: As for `zip`.
            DependencyDown: As for `zip`.
        """
        tenant, now_ms = await self._begin(caller)
        async for _ in self._fill(tenant, now_ms, parts):
            pass

    async def _begin(self, caller: Caller) -> tuple[Tenant, int]:
        tenant, now_ms = await self._tenants.get(caller.tenant_id), self._ports.clock.now_ms()
        await self._access.permit(caller, "tenant.export", (), moment_of(now_ms).date())
        await self._access.record(caller, "tenant.export", (), allowed=True)
        # Each of them is told who has had the data, as with every other answer about many.
        whom = sorted(await self._people(tenant.tenant_id))
        for first in range(0, len(whom), PAGE):
            some = whom[first : first + PAGE]
            await self._access.record(
                caller, "tenant.export", some, allowed=True, detail={"part": "students"}
            )
        return tenant, now_ms

    async def _people(self, tenant_id: str) -> set[str]:
        """Ids of all students of whom there is something in the export."""
        found = await self._known(tenant_id)
        async for cohorts in self._class_pages(tenant_id):
            found.update(one.person_id for cohort in cohorts for one in cohort.students)
        async for letters in self._letter_pages(tenant_id):
            found.update(one.owner[1] for one in letters if one.owner is not None)
        return found

    async def _known(self, tenant_id: str) -> set[str]:
        prefix = keys.learner(tenant_id, "")
        students = set(await self._ports.archive.students(tenant_id))
        async for batch in self._ports.store.scan(prefix):
            named = (keys.student_of_document(key, prefix) for key in batch)
            students.update(one for one in named if one is not None)
        return students

    async def _packed(self, tenant: Tenant, now_ms: int) -> AsyncGenerator[bytes]:
        parts = ZipParts(now_ms)
        async for _ in self._fill(tenant, now_ms, parts):
            yield parts.take()
        yield parts.finish()

    async def _fill(self, tenant: Tenant, now_ms: int, parts: Parts) -> AsyncIterator[None]:
        """Every part in its order; a step after each page."""
        tenant_id = tenant.tenant_id
        for name, what, pages in (
            (SETTINGS, "settings, and what the school says of the processing", self._settings_of(tenant)),
            (CLASSES, "classes with their members: a line each", self._classes(tenant_id)),
            (STUDENTS, "results and evidence: a line a student", self._students(tenant, now_ms)),
            (form.EVENTS, "every event, as it was taken: a line each", self._events(tenant_id)),
            (form.LETTERS, "records that could not be counted: a line each", self._letters(tenant_id)),
            (AUDIT, "the audit trail with its hashes: a line a record", self._audit(tenant_id)),
            (REQUESTS, "requests about data: a line each", self._requests(tenant_id)),
            (form.SCHEMA, "the form of the JSON files (JSON Schema)", self._schema()),
        ):
            parts.begin(name, what)
            async for data in pages:
                await asyncio.to_thread(parts.write, data)
                yield
            parts.end()
        manifest = form.ExportManifest(
            format=form.FORMAT,
            kind=KIND,
            made_at=form.iso(now_ms),
            engine_version=__version__,
            document_version=VERSION,
            parts=list(parts.done),
        )
        parts.begin(form.MANIFEST, "what is in here, with sizes and SHA-256")
        parts.write(msgspec.json.format(_encode(manifest), indent=2) + b"\n")
        parts.end()

    async def _schema(self) -> AsyncIterator[bytes]:
        yield json.dumps(tenant_export_schema(), indent=2, ensure_ascii=False).encode() + b"\n"

    async def _settings_of(self, tenant: Tenant) -> AsyncIterator[bytes]:
        privacy = await self._settings.privacy(tenant.tenant_id)
        yield _encode(ExportedTenant(tenant=tenant, privacy=privacy)) + b"\n"

    async def _classes(self, tenant_id: str) -> AsyncIterator[bytes]:
        async for page in self._class_pages(tenant_id):
            yield _lines(page)

    async def _class_pages(self, tenant_id: str) -> AsyncIterator[Sequence[Cohort]]:
        after = ""
        while page := await self._ports.rosters.list(tenant_id, after=after, limit=PAGE):
            yield page
            after = page[-1].cohort_id

    async def _students(self, tenant: Tenant, now_ms: int) -> AsyncIterator[bytes]:
        tenant_id = tenant.tenant_id
        for student in sorted(await self._known(tenant_id)):
            held = await self._holdings.of_student(tenant, student, now_ms)
            yield _lines([ExportedPupil(pseudonym=self._pseudonyms.of(tenant_id, student), held=held.told)])

    async def _events(self, tenant_id: str) -> AsyncIterator[bytes]:
        async for events in self._ports.archive.by_student(tenant_id):
            yield b"".join(one.value + b"\n" for one in events)

    async def _letters(self, tenant_id: str) -> AsyncIterator[bytes]:
        async for page in self._letter_pages(tenant_id):
            yield _lines([letter_of(one) for one in page])

    async def _letter_pages(self, tenant_id: str) -> AsyncIterator[Sequence[DeadLetter]]:
        after: str | None = None
        while page := await self._ports.dead_letters.find(tenant_id=tenant_id, after=after, limit=PAGE):
            yield page
            after = page[-1].letter_id

    async def _audit(self, tenant_id: str) -> AsyncIterator[bytes]:
        after = 0
        while page := await self._ports.audit.read(tenant_id, after=after, limit=PAGE):
            yield _lines(page)
            after = page[-1].sequence

    async def _requests(self, tenant_id: str) -> AsyncIterator[bytes]:
        after: tuple[int, str] | None = None
        while page := await self._ports.requests.find(tenant_id=tenant_id, after=after):
            yield _lines([msgspec.structs.replace(one, sealed=None) for one in page])
            after = (page[-1].asked_ms, page[-1].request_id)


def _lines(found: Sequence[object]) -> bytes:
    return msgspec.json.Encoder(order="deterministic").encode_lines(found)
