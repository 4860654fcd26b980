"""The audit trail as it is told."""

from __future__ import annotations

from msgspec import Struct


class AuditItem(Struct, frozen=True, kw_only=True):
    """A record of the audit trail.

    Attributes:
        sequence: Its place in the school's chain, from 1.
        at: When, ISO 8601 in UTC.
        actor: Who: a subject, `os:{user}` on the command line, `dapr:{app}`; a student's keyed hash.
        role: Role of the actor.
        action: What was done, e.g. `mastery.read`.
        subjects: Keyed hashes of the students whom it concerns.
        allowed: Whether it was allowed.
        request_id: Of which request; a keyed hash of an id that the caller chose.
        detail: Further facts.
        hash: Its own, which covers the record before.
    """

    sequence: int
    at: str
    actor: str
    role: str
    action: str
    subjects: tuple[str, ...]
    allowed: bool
    request_id: str
    detail: dict[str, str]
    hash: str


class AccessItem(Struct, frozen=True, kw_only=True):
    """An access to a student's data.

    Attributes:
        at: When, ISO 8601 in UTC.
        by: Who: `self`, or the subject of a teacher, an admin, an operator or a service; null for another
            student, who was refused.
        role: Role of who it was.
        action: What was done, e.g. `mastery.read`.
        allowed: Whether it was allowed.
    """

    at: str
    by: str | None
    role: str
    action: str
    allowed: bool


class AuditState(Struct, frozen=True, kw_only=True):
    """Whether the school's chain is what was once recorded.

    Attributes:
        holds: Whether everything does: records, seal, heads and index.
        records: How many hold, from the first one on.
        last_hash: Hash of the last of them, to be kept elsewhere.
        broken_at: First record that was changed, is missing or out of place; null without one.
        problem: What else does not hold; null if nothing.
        heads: How many signed heads of days agree with it.
        register_holds: Whether the register of the heads holds.
    """

    holds: bool
    records: int
    last_hash: str
    broken_at: int | None
    problem: str | None
    heads: int
    register_holds: bool
