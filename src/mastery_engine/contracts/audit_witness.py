"""What is noted of each chain of the audit trail in another store than the trail's."""

from __future__ import annotations

import msgspec

from mastery_engine.contracts.audit_seals import AuditSeals


class Witness(msgspec.Struct, frozen=True, kw_only=True):
    """A chain as it was seen.

    Attributes:
        tenant_id: Whose; empty for the register of heads.
        first: Hash of its first record.
        sequence: Of its last record then.
        hash: Of that record.
        day: UTC day of whoever looked, counted from 1970-01-01.
        signature: HMAC-SHA256, hex, of all this.
    """

    tenant_id: str
    first: str
    sequence: int
    hash: str
    day: int
    signature: str = ""

    def signed(self, seals: AuditSeals) -> Witness:
        """The same with its signature."""
        return msgspec.structs.replace(self, signature=self._signature(seals))

    def holds(self, seals: AuditSeals) -> bool:
        """Whether it was signed with this key."""
        return seals.same(self.signature, self._signature(seals))

    def _signature(self, seals: AuditSeals) -> str:
        return seals.witnessed(self.tenant_id, self.first, self.sequence, self.hash, self.day)


def encode_witness(witness: Witness) -> bytes:
    """As JSON."""
    return msgspec.json.encode(witness)


def decode_witness(value: bytes) -> Witness | None:
    """None for what is no witness."""
    try:
        return msgspec.json.decode(value, type=Witness)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
