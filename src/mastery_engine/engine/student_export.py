"""Everything held on one student, as a zip that is sent while it is made: in memory there is one page of it at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final, final

import msgspec

from mastery_engine import __version__
from mastery_engine.contracts import keys
from mastery_engine.contracts import student_export as form
from mastery_engine.contracts.document import VERSION
from mastery_engine.contracts.event_json import decode_event, encode_event
from mastery_engine.domain.calendar import Calendar, date_of
from mastery_engine.domain.events import event_type
from mastery_engine.engine.access import Access, Caller, not_found
from mastery_engine.engine.export_lines import access_of, key_of, letter_of
from mastery_engine.engine.export_page import PageFacts, export_page
from mastery_engine.engine.export_parts import Parts, ZipParts
from mastery_engine.engine.export_tables import EVENT_COLUMNS, RESULT_COLUMNS, event_row, result_rows, table
from mastery_engine.engine.holdings import ExportPorts, Held, Holdings
from mastery_engine.engine.student_keys import derived_keys
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.ports import (
    ArchivedEvent,
    DeadLetter,
)

PAGE: Final = 1_000
SHOWN: Final = 200
"""Most rows of a table of the page that people read; the files beside it have them all."""
_encode: Final = msgspec.json.Encoder(order="deterministic").encode


@final
class StudentExports:
    """Hands out everything held on a student."""

    def __init__(
        self,
        ports: ExportPorts,
        tenants: TenantDirectory,
        holdings: Holdings,
        access: Access,
        pseudonyms: keys.Pseudonyms,
    ) -> None:
        """Put the parts together."""
        self._ports = ports
        self._tenants = tenants
        self._holdings = holdings
        self._access = access
        self._pseudonyms = pseudonyms

    async def zip(self, caller: Caller, student_id: str) -> AsyncGenerator[bytes]:
        """The zip, some hundred kilobytes at a time; whoever stops in the middle closes the generator.

        Raises:
            NotAllowed: The caller's role may not.
            NotFound: Nothing is held, or it is not the caller's to have. This and the others before anything is made.
            DependencyDown: A store does not answer, or the access could not be recorded.
        """
        tenant = await self._tenants.get(caller.tenant_id)
        made_ms = self._ports.clock.now_ms()
        today = date_of(Calendar(tenant.time_zone).day(made_ms))
        await self._access.permit(caller, "student.export", [student_id], today)
        held = await self._holdings.of_student(tenant, student_id, made_ms)
        if not await self._is_known(held):
            raise not_found()
        return self._while_open(caller, held)

    async def _while_open(self, caller: Caller, held: Held) -> AsyncGenerator[bytes]:
        """The zip, which breaks off once the student's erasure is asked for: a slow reader would get all of it after that."""
        async with aclosing(self.packed(held)) as chunks:
            async for chunk in chunks:
                if not await self._access.open_to(caller, "student.export", [held.student_id]):
                    raise not_found()
                yield chunk

    async def packed(self, held: Held) -> AsyncGenerator[bytes]:
        """The zip of what is held; equal stores at the same time give equal bytes."""
        parts = ZipParts(held.made_ms)
        async for _ in self._fill(held, parts):
            if data := parts.take():
                yield data
        yield parts.finish()

    async def _is_known(self, held: Held) -> bool:
        if held.document is not None or held.classes or held.requests:
            return True
        if await self._ports.archive.page_of_student(held.tenant.tenant_id, held.student_id, None, 1):
            return True
        async for page in self._letters(held):
            return bool(page)
        return False

    async def _fill(self, held: Held, parts: Parts) -> AsyncIterator[None]:
        """Every part in its order; a step after each page."""
        facts = PageFacts(held.told)
        parts.begin(form.STUDENT, "who it is about, results now, classes, requests, and the stored evidence")
        await _write(parts, msgspec.json.format(_encode(held.told), indent=2) + b"\n")
        parts.end()
        yield
        for name, what, pages in (
            (form.EVENTS, "every event, as it was taken: a line each", self._event_lines(held, facts)),
            (form.EVENT_TABLE, "the same as a table for a spreadsheet", self._event_rows(held)),
            (form.RESULT_TABLE, "results of each day with an event", self._result_rows(held)),
            (form.LETTERS, "records that could not be counted: a line each", self._letter_lines(held, facts)),
            (form.ACCESSES, "who saw or changed the data: a line each", self._access_lines(held, facts)),
            (form.KEYS, "what the state store holds beside the evidence: a line each", self._key_lines(held)),
        ):
            parts.begin(name, what)
            async for data in pages:
                await _write(parts, data)
                yield
            parts.end()
        for name, what, data in (
            (form.PAGE, "all of it for reading, in a browser", export_page(facts)),
            (form.SCHEMA, "the form of the JSON files (JSON Schema)", form.schema_text().encode()),
        ):
            parts.begin(name, what)
            await _write(parts, data)
            parts.end()
            yield
        manifest = form.ExportManifest(
            format=form.FORMAT,
            kind="student",
            made_at=held.told.made_at,
            engine_version=__version__,
            document_version=VERSION,
            parts=list(parts.done),
        )
        parts.begin(form.MANIFEST, "what is in here, with sizes and SHA-256")
        await _write(parts, msgspec.json.format(_encode(manifest), indent=2) + b"\n")
        parts.end()

    async def _event_pages(self, held: Held) -> AsyncIterator[list[ArchivedEvent]]:
        last: ArchivedEvent | None = None
        while page := await self._ports.archive.page_of_student(
            held.tenant.tenant_id, held.student_id, last, PAGE
        ):
            yield page
            last = page[-1]

    async def _event_lines(self, held: Held, facts: PageFacts) -> AsyncIterator[bytes]:
        async for page in self._event_pages(held):
            events = [decode_event(one.value) for one in page]
            facts.events.update((event_type(one), one.course_id or "") for one in events)
            yield b"".join(encode_event(one) + b"\n" for one in events)

    async def _event_rows(self, held: Held) -> AsyncIterator[bytes]:
        yield table([EVENT_COLUMNS])
        async for page in self._event_pages(held):
            yield table(event_row(decode_event(one.value)) for one in page)

    async def _result_rows(self, held: Held) -> AsyncIterator[bytes]:
        yield table([RESULT_COLUMNS])
        if held.document is not None and held.document.state.newest_day >= 0:
            state = held.document.state
            day = max(state.newest_day, Calendar(held.tenant.time_zone).day(held.made_ms))
            yield table(result_rows(state, held.formula, day))

    async def _letters(self, held: Held) -> AsyncIterator[list[DeadLetter]]:
        whose, after = (held.tenant.tenant_id, held.student_id), None
        while page := await self._ports.dead_letters.find(after=after, limit=PAGE):
            if own := [one for one in page if one.owner == whose]:
                yield own
            after = page[-1].letter_id

    async def _letter_lines(self, held: Held, facts: PageFacts) -> AsyncIterator[bytes]:
        async for page in self._letters(held):
            facts.letters.update(one.reason for one in page)
            yield b"".join(_encode(letter_of(one)) + b"\n" for one in page)

    async def _access_lines(self, held: Held, facts: PageFacts) -> AsyncIterator[bytes]:
        tenant_id = held.tenant.tenant_id
        subject, after = self._pseudonyms.of(tenant_id, held.student_id), 0
        while page := await self._ports.audit.read(tenant_id, subject=subject, after=after, limit=PAGE):
            accesses = [access_of(record.entry, subject) for record in page]
            facts.note_accesses(accesses, SHOWN)
            yield b"".join(_encode(one) + b"\n" for one in accesses)
            after = page[-1].sequence

    async def _key_lines(self, held: Held) -> AsyncIterator[bytes]:
        tenant_id = held.tenant.tenant_id
        if held.document is not None:
            names = list(derived_keys(tenant_id, held.student_id, held.document.state))
            for first in range(0, len(names), PAGE):
                yield await self._stored(names[first : first + PAGE], None)
        subject = self._pseudonyms.digest(tenant_id, held.student_id)
        async for page in self._event_pages(held):
            ids = [bytes.fromhex(one.event_id.replace("-", "")) for one in page]
            yield await self._stored([keys.processed(tenant_id, one) for one in ids], subject)

    async def _stored(self, names: list[str], subject: bytes | None) -> bytes:
        entries = await self._ports.store.get_many(names)
        pairs = zip(names, entries, strict=True)
        found = (key_of(name, entry.value, subject) for name, entry in pairs if entry is not None)
        return b"".join(_encode(one) + b"\n" for one in found if one is not None)


async def _write(parts: Parts, data: bytes) -> None:
    """Compressing takes its time, and others are to be answered meanwhile."""
    await asyncio.to_thread(parts.write, data)
