"""What a key apart from the database says of the audit trail: where each chain ends, and its heads.

The chain shows that a record was changed; it does not show that its end was cut off, or that all of it was made
anew. So the end of each chain carries a seal, and a register, a chain of its own, has signed notes: that a chain
begins, its head at the end of each day, and that an end was found whose seal did not hold. Who can write the
database but has not the key can make none of them.
"""

from __future__ import annotations

import hmac
from datetime import date, timedelta
from hashlib import sha256
from typing import Final, Literal, NamedTuple

from mastery_engine.contracts.audit_chain import FIRST_PREVIOUS
from mastery_engine.contracts.keys import Pseudonyms

REGISTER: Final = ""
"""Names the register where a tenant names its chain; no tenant has this id."""
DAY_MS: Final = 86_400_000
UNREADABLE_END: Final = -1
"""Sequence of an end that cannot be read."""
_FIRST_DAY: Final = date(1970, 1, 1)
_PURPOSE: Final = "audit seals"
_KNOWN_TO_ALL: Final = b"no key"
NoteKind = Literal["audit.opened", "audit.head", "audit.broken"]


class ChainEnd(NamedTuple):
    """Where a chain ends.

    Attributes:
        sequence: Of its last record, 0 without one.
        hash: Of its last record.
        day: The latest UTC day of its records, counted from 1970-01-01; None if it is not known.
        seal: Of the three above and the tenant; None before the first.
    """

    sequence: int = 0
    hash: str = FIRST_PREVIOUS
    day: int | None = None
    seal: str | None = None


def iso_day(day: int) -> str:
    """A day counted from 1970-01-01; a clock out of all bounds keeps nobody from leaving a record, or from checking one."""
    try:
        return (_FIRST_DAY + timedelta(days=day)).isoformat()
    except OverflowError:
        return (date.max if day > 0 else date.min).isoformat()


class AuditSeals:
    """Makes seals and signatures (HMAC-SHA256, hex), and tells whether one holds."""

    def __init__(self, pseudonyms: Pseudonyms | None) -> None:
        """Derive the key.

        Args:
            pseudonyms: Whose key it follows from; without them the key is known to all, as is enough for a trial in memory.
        """
        self._key = _KNOWN_TO_ALL if pseudonyms is None else pseudonyms.key_for(_PURPOSE)

    def sealed(self, tenant_id: str, sequence: int, digest: str, day: int | None) -> ChainEnd:
        """The end of a chain with its seal."""
        return ChainEnd(sequence, digest, day, self._sign("end", tenant_id, sequence, digest, day))

    def holds(self, tenant_id: str, end: ChainEnd) -> bool:
        """Whether the seal is of this end of this tenant's chain."""
        expected = self.sealed(tenant_id, end.sequence, end.hash, end.day).seal or ""
        return self.same(expected, end.seal or "")

    @staticmethod
    def same(one: str, other: str) -> bool:
        """Whether two signatures are the same, in a time that tells nothing of them."""
        return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))

    def witnessed(self, tenant_id: str, first: str, sequence: int, digest: str, day: int) -> str:
        """Signature of what a witness saw: the first record's hash, the last one's place and hash, and when."""
        return self._sign("witness", tenant_id, first, sequence, digest, day)

    def signature(self, kind: str, place: int, previous: str, facts: tuple[str, str, str, str]) -> str:
        """Signature of a note in the register.

        Args:
            kind: A `NoteKind`.
            place: Its sequence in the register.
            previous: Hash of the note before, which covers that one's signature.
            facts: Tenant, day as an ISO date, sequence and hash of the record that it is about.
        """
        return self._sign(kind, place, previous, *facts)

    def _sign(self, *facts: object) -> str:
        # Each with its length, so that no two lists of facts are one text.
        told = "".join(f"{len(str(fact))}:{fact}," for fact in facts)
        return hmac.new(self._key, told.encode("utf-8", "surrogatepass"), sha256).hexdigest()
