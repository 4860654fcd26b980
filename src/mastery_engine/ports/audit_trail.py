"""Who did what to whose data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct


class AuditEntry(Struct, frozen=True, kw_only=True):
    """Who did what to whose data; never a student's id, only its keyed hash.

    Attributes:
        tenant_id: Tenant whose chain it joins.
        at_ms: When.
        actor: `os:{user}`, a teacher's, admin's or service's subject; a student's keyed hash.
        role: Role of the actor.
        action: E.g. `mastery.read`.
        subjects: Keyed hashes of the students concerned; one entry for an answer about many.
        allowed: Whether it was allowed.
        request_id: Id of the request.
        detail: Further facts without personal data.
    """

    tenant_id: str
    at_ms: int
    actor: str
    role: str
    action: str
    subjects: tuple[str, ...]
    allowed: bool
    request_id: str
    detail: dict[str, str] = {}


class AuditRecord(Struct, frozen=True, kw_only=True):
    """An entry in its place in the chain.

    Attributes:
        sequence: Counts from 1 in each tenant.
        previous: Hash of the record before, 64 zeros for the first.
        hash: SHA-256, hex, of `previous`, the sequence and the entry.
    """

    sequence: int
    previous: str
    hash: str
    entry: AuditEntry


class AuditTrail(Protocol):
    """Append-only, one hash chain a tenant."""

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        """Chain and store all, durably, before returning."""
        ...

    async def read(
        self, tenant_id: str, *, subject: str | None = None, after: int = 0, limit: int = 100
    ) -> list[AuditRecord]:
        """Records in order, those with a sequence above `after`, of one subject if given."""
        ...

    async def tenants(self) -> list[str]:
        """Tenants with a chain, sorted."""
        ...

    async def close(self) -> None:
        """Let go of everything; idempotent."""
        ...
