"""The audit trail in lists."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from mastery_engine.adapters.shared.chaining import Extension
from mastery_engine.contracts.audit_seals import REGISTER, AuditSeals, ChainEnd
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.ports import AuditEntry, AuditRecord, IndexRow


class MemoryAuditTrail:
    """One list a tenant."""

    def __init__(self, pseudonyms: Pseudonyms | None = None) -> None:
        """Start empty.

        Args:
            pseudonyms: From whose key that of the seals follows.
        """
        self._seals = AuditSeals(pseudonyms)
        self._chains: dict[str, list[AuditRecord]] = {}
        self._ends: dict[str, ChainEnd] = {}

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        if not entries:
            return
        tenants = dict.fromkeys(entry.tenant_id for entry in entries)
        extension = Extension({one: self._ends.get(one, ChainEnd()) for one in tenants}, entries, self._seals)
        if extension.needs_register:
            extension.write_notes(self._ends.get(REGISTER, ChainEnd()))
        for record in extension.records:
            self._chains.setdefault(record.entry.tenant_id, []).append(record)
        self._ends |= extension.ends

    async def read(
        self, tenant_id: str, *, subject: str | None = None, after: int = 0, limit: int = 100
    ) -> list[AuditRecord]:
        chain = self._chains.get(tenant_id, [])[max(after, 0) :]
        found = (record for record in chain if subject is None or subject in record.entry.subjects)
        return list(islice(found, limit))

    async def search(
        self,
        tenant_id: str,
        terms: Sequence[str],
        *,
        after: int = 0,
        before: int | None = None,
        limit: int = 100,
    ) -> list[AuditRecord]:
        chain = self._chains.get(tenant_id, [])
        part = chain[after : None if before is None else max(0, before - 1)]
        found = (record for record in reversed(part) if set(terms).issubset(record.entry.terms))
        return list(islice(found, limit))

    async def tenants(self) -> list[str]:
        return sorted(one for one in self._chains if one != REGISTER)

    async def end(self, tenant_id: str) -> ChainEnd | None:
        return self._ends.get(tenant_id)

    async def index(self, tenant_id: str, after: IndexRow | None, limit: int) -> list[IndexRow]:
        rows = sorted(
            IndexRow(term, record.sequence)
            for record in self._chains.get(tenant_id, [])
            for term in record.entry.terms
        )
        return list(islice((row for row in rows if after is None or row > after), limit))

    async def close(self) -> None:
        return
