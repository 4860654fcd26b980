"""The audit trail, searched: by those who look after a school, and by a student who asks who saw the data."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, final

from msgspec import Struct
from msgspec.structs import replace

from mastery_engine.contracts.audit_seals import AuditSeals
from mastery_engine.contracts.audit_views import AuditItem
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.contracts.student_export import iso
from mastery_engine.contracts.tenant import DEFAULT
from mastery_engine.engine.access import Caller
from mastery_engine.engine.audit import ChainReport
from mastery_engine.engine.audit_verify import Progress, check_trail
from mastery_engine.engine.audit_witness import Witnesses
from mastery_engine.engine.policy import Action
from mastery_engine.engine.reading import Reader
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.ports import REFUSED, AuditRecord, AuditTrail, action_term, actor_term, request_term

SLACK_MS: Final = 600_000
"""Records are in the order in which they came; by this much the clocks of several processes may differ at most."""
_PAGE: Final = 500


class Wanted(Struct, frozen=True, kw_only=True):
    """Which records are looked for: those that fit everything that is given.

    Attributes:
        student_id: Whom they are about.
        actor: Who did it: a subject, `os:{user}`, or a student's keyed hash.
        action: What was done.
        allowed: Whether it was allowed.
        request_id: Of which request, as its answer told it or as a record has it.
        from_ms: The earliest time.
        before_ms: A later time than any.
    """

    student_id: str | None = None
    actor: str | None = None
    action: str | None = None
    allowed: bool | None = None
    request_id: str | None = None
    from_ms: int | None = None
    before_ms: int | None = None

    def fits(self, record: AuditRecord) -> bool:
        """Whether a record fits what no term says."""
        entry = record.entry
        return (
            (self.allowed is None or entry.allowed == self.allowed)
            and (self.from_ms is None or entry.at_ms >= self.from_ms)
            and (self.before_ms is None or entry.at_ms < self.before_ms)
        )


def item_of(record: AuditRecord) -> AuditItem:
    """A record as every door tells it."""
    entry = record.entry
    return AuditItem(
        sequence=record.sequence,
        at=iso(entry.at_ms),
        actor=entry.actor,
        role=entry.role,
        action=entry.action,
        subjects=entry.subjects,
        allowed=entry.allowed,
        request_id=entry.request_id,
        detail=entry.detail,
        hash=record.hash,
    )


@final
class AuditDesk:
    """Looks into the trail of the caller's school; each look is on record before its answer."""

    def __init__(
        self,
        reader: Reader,
        tenants: TenantDirectory,
        trail: AuditTrail,
        pseudonyms: Pseudonyms,
        witnesses: Witnesses | None = None,
    ) -> None:
        """Put the parts together."""
        self._reader = reader
        self._tenants = tenants
        self._witnesses = witnesses
        self._trail = trail
        self._pseudonyms = pseudonyms

    async def search(
        self, caller: Caller, wanted: Wanted, *, before: int | None = None, limit: int = 100
    ) -> list[AuditRecord]:
        """Records, the newest first.

        Args:
            caller: Who asks.
            wanted: Which.
            before: Only those with a sequence below.
            limit: Most records.

        Raises:
            NotAllowed: The role may not.
            DependencyDown: The trail does not answer.
        """
        about = [] if wanted.student_id is None else [wanted.student_id]
        await self._permit(caller, "audit.read", about)
        found = await self._find(caller.tenant_id, wanted, before, limit)
        if not found and wanted.request_id is not None:
            # One that its caller chose stands there as a hash.
            hashed = self._pseudonyms.of_request(caller.tenant_id, wanted.request_id)
            found = await self._find(caller.tenant_id, replace(wanted, request_id=hashed), before, limit)
        return found

    async def accesses(
        self, caller: Caller, student_id: str, *, before: int | None = None, limit: int = 100
    ) -> list[AuditRecord]:
        """Who did what with a student's data, the newest first.

        Raises:
            NotAllowed: The role may not.
            NotFound: It is not the caller's to see.
            DependencyDown: The trail does not answer.
        """
        await self._permit(caller, "accesses.read", [student_id])
        return await self._find(caller.tenant_id, Wanted(student_id=student_id), before, limit)

    async def verify(
        self, caller: Caller, hashes: tuple[str, ...] = (), progress: Progress | None = None
    ) -> list[ChainReport]:
        """Check the chain of the caller's school, and the register.

        Raises:
            NotAllowed: The role may not.
            DependencyDown: The trail does not answer.
        """
        tenant, _ = await self._reader.day(caller, None)
        access = self._reader.access
        await access.permit(caller, "audit.verify", [], self._reader.today(tenant))
        # First looked at, then added to: what somebody did to the end shows as it was left.
        reports = await self.check([caller.tenant_id], hashes, progress)
        await access.record(caller, "audit.verify", [], allowed=True)
        return reports

    async def check(
        self,
        tenants: Collection[str] | None = None,
        hashes: Collection[str] = (),
        progress: Progress | None = None,
    ) -> list[ChainReport]:
        """Check chains for somebody who may; see `check_trail`. The look is not recorded.

        A school that somebody made must have a chain, whoever asks and by whichever door.

        Raises:
            DependencyDown: The trail or the state store does not answer.
        """
        # The school of every home is not made by anybody, so that nothing of it need be on record.
        made = [one.tenant_id for one in await self._tenants.list() if one != DEFAULT]
        return await check_trail(
            self._trail, self.seals, tenants, hashes, progress, witnesses=self._witnesses, made=made
        )

    @property
    def seals(self) -> AuditSeals:
        """Of this installation's key."""
        return AuditSeals(self._pseudonyms)

    def hash_of(self, tenant_id: str, student_id: str) -> str:
        """As whom a student stands in the records."""
        return self._pseudonyms.of(tenant_id, student_id)

    async def _permit(self, caller: Caller, action: Action, students: list[str]) -> None:
        tenant, _ = await self._reader.day(caller, None)
        await self._reader.access.permit(caller, action, students, self._reader.today(tenant))
        if not students:
            # What concerns no student in particular is on record too: it may be about all of them.
            await self._reader.access.record(caller, action, [], allowed=True)

    async def _find(
        self, tenant_id: str, wanted: Wanted, before: int | None, limit: int
    ) -> list[AuditRecord]:
        terms = self._terms(tenant_id, wanted)
        after = 0
        if wanted.from_ms is not None:
            after = await self._place(tenant_id, wanted.from_ms - SLACK_MS)
        if wanted.before_ms is not None:
            until = await self._place(tenant_id, wanted.before_ms + SLACK_MS) + 1
            before = until if before is None else min(before, until)
        found: list[AuditRecord] = []
        while len(found) < limit:
            page = await self._trail.search(tenant_id, terms, after=after, before=before, limit=_PAGE)
            found += (record for record in page if wanted.fits(record))
            if len(page) < _PAGE:
                break
            before = page[-1].sequence
        return found[:limit]

    def _terms(self, tenant_id: str, wanted: Wanted) -> list[str]:
        """The rarest kind first: the index is walked by it."""
        terms: list[str] = []
        if wanted.request_id is not None:
            terms.append(request_term(wanted.request_id))
        if wanted.student_id is not None:
            terms.append(self.hash_of(tenant_id, wanted.student_id))
        if wanted.allowed is False:
            terms.append(REFUSED)
        if wanted.actor is not None:
            terms.append(actor_term(wanted.actor))
        if wanted.action is not None:
            terms.append(action_term(wanted.action))
        return terms

    async def _place(self, tenant_id: str, at_ms: int) -> int:
        """Sequence of the last record before a time, by halving: 0 if all are later."""
        end = await self._trail.end(tenant_id)
        low, high = 0, 0 if end is None else end.sequence
        while low < high:
            middle = (low + high + 1) // 2
            page = await self._trail.read(tenant_id, after=middle - 1, limit=1)
            if page and page[0].entry.at_ms < at_ms:
                low = middle
            else:
                high = middle - 1
        return low
