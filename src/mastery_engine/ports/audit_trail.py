"""Who did what to whose data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from msgspec import Struct

from mastery_engine.contracts.audit_seals import ChainEnd

REFUSED: Final = "refused"
"""Term of every record of a refused access."""


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

    @property
    def terms(self) -> list[str]:
        """By what it is found, each once: its subjects, and the terms of actor, action, request and refusal."""
        told = [actor_term(self.actor), action_term(self.action), request_term(self.request_id)]
        refused = [] if self.allowed else [REFUSED]
        return list(dict.fromkeys((*self.subjects, *told, *refused)))


def actor_term(actor: str) -> str:
    """Finds what somebody did; a keyed hash has no colon, so that no subject is taken for it."""
    return f"actor:{actor}"


def action_term(action: str) -> str:
    """Finds what was done."""
    return f"action:{action}"


def request_term(request_id: str) -> str:
    """Finds what one request did."""
    return f"request:{request_id}"


class AuditRecord(Struct, frozen=True, kw_only=True):
    """An entry in its place in the chain.

    Attributes:
        sequence: Counts from 1 in each tenant.
        previous: Hash of the record before, 64 zeros for the first.
        hash: SHA-256, hex, of `previous`, the sequence and the entry.
        readable: Whether the stored entry could be read; `UNREADABLE` stands in the place of one that could not.
    """

    sequence: int
    previous: str
    hash: str
    entry: AuditEntry
    readable: bool = True


UNREADABLE: Final = AuditEntry(
    tenant_id="",
    at_ms=0,
    actor="",
    role="",
    action="audit.unreadable",
    subjects=(),
    allowed=False,
    request_id="",
)
"""Stands for an entry that somebody made unreadable: whoever looks is told that something was there."""


class IndexRow(NamedTuple):
    """A line of the index: by this term that record is found."""

    term: str
    sequence: int


class AuditTrail(Protocol):
    """Append-only, one hash chain a tenant and one of signed notes on them, `REGISTER`."""

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        """Chain and store all, durably, before returning; with them the notes that the register must have of them."""
        ...

    async def read(
        self, tenant_id: str, *, subject: str | None = None, after: int = 0, limit: int = 100
    ) -> list[AuditRecord]:
        """Records in order, those with a sequence above `after`, of one subject if given; damaged ones as `UNREADABLE`."""
        ...

    async def search(
        self,
        tenant_id: str,
        terms: Sequence[str],
        *,
        after: int = 0,
        before: int | None = None,
        limit: int = 100,
    ) -> list[AuditRecord]:
        """Records that have all the terms, the newest first, with a sequence above `after` and below `before`."""
        ...

    async def tenants(self) -> list[str]:
        """Tenants with a chain, sorted; the register is not among them."""
        ...

    async def end(self, tenant_id: str) -> ChainEnd | None:
        """Where a chain ends, as it was noted when it was last added to; None without a chain.

        A note that somebody made unreadable has a sequence below 0.
        """
        ...

    async def index(self, tenant_id: str, after: IndexRow | None, limit: int) -> list[IndexRow]:
        """Lines of the index in order, those after the one given; for who checks that it agrees with the records."""
        ...

    async def close(self) -> None:
        """Let go of everything; idempotent."""
        ...
