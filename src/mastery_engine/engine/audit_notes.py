"""The register of the audit trail: its signed notes, and whether a chain agrees with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from mastery_engine.contracts.audit_chain import FIRST_PREVIOUS
from mastery_engine.contracts.audit_seals import DAY_MS, AuditSeals, iso_day
from mastery_engine.ports import AuditRecord

OPENED: Final = "audit.opened"
HEAD: Final = "audit.head"
BROKEN: Final = "audit.broken"
_LONGEST: Final = 19


class AuditHead(Struct, frozen=True, kw_only=True):
    """A note of the register.

    Attributes:
        number: Its place in the register, from 1.
        kind: `audit.opened`, `audit.head` at the end of a day, or `audit.broken` where an end was found that nobody
            with the key has left.
        tenant_id: Whose chain it is about; empty for the register itself.
        day: UTC day that it closes; for the other kinds, that of the last record before it.
        sequence: Of the last record then.
        hash: Of that record.
        previous: Hash of the note before.
        signature: HMAC-SHA256, hex, of all this.
    """

    number: int
    kind: str
    tenant_id: str
    day: str
    sequence: int
    hash: str
    previous: str
    signature: str


def note_of(record: AuditRecord) -> AuditHead:
    """A record of the register as what it says."""
    told = record.entry.detail
    sequence = told.get("sequence", "")
    return AuditHead(
        number=record.sequence,
        kind=record.entry.action,
        tenant_id=told.get("tenant", ""),
        day=told.get("day", ""),
        sequence=int(sequence) if sequence.isdecimal() and len(sequence) <= _LONGEST else -1,
        hash=told.get("hash", ""),
        previous=record.previous,
        signature=told.get("signature", ""),
    )


def is_signed(note: AuditHead, seals: AuditSeals) -> bool:
    """Whether it was signed with this key."""
    facts = (note.tenant_id, note.day, str(note.sequence), note.hash)
    return seals.signature(note.kind, note.number, note.previous, facts) == note.signature


class NotesKept:
    """Whether a chain agrees with the notes on it, told page after page."""

    def __init__(self, notes: Sequence[AuditHead]) -> None:
        """Take the notes.

        Args:
            notes: Those on this chain, in order.
        """
        self.heads = 0
        self._notes = notes
        self._expected = {one.sequence: one for one in notes if one.kind == HEAD}
        self._opened = notes[0].sequence if notes else 0
        self._hash = FIRST_PREVIOUS
        self._day: int | None = None
        self._problem: str | None = None

    @property
    def any(self) -> bool:
        """Whether there is a note on this chain."""
        return bool(self._notes)

    def watch(self, records: Sequence[AuditRecord]) -> None:
        """Look at the next records, which hold as a chain."""
        for record in records:
            if record.sequence == self._opened + 1:
                self._compare_opening()
            if record.sequence > self._opened:
                self._compare_head(record)
            self._hash = record.hash

    def problem(self, last: int) -> str | None:
        """What does not agree, in words; None if nothing.

        Args:
            last: Sequence of the last record that was looked at.
        """
        if not self._notes:
            return None
        if self._notes[0].kind != OPENED:
            return "the note that the chain was begun is missing from the register"
        broken = [one for one in self._notes[1:] if one.kind != HEAD]
        if broken:
            return (
                f"its end was not the one that was left there: found on {broken[0].day} at record "
                f"{broken[0].sequence:,}, note {broken[0].number:,} of the register; records were cut off or "
                "written anew, or the key was changed"
            )
        if self._opened == last:
            self._compare_opening()
        left = [one for one in self._expected.values() if one.sequence <= last]
        if self._problem is None and left:
            return f"the head of {left[0].day} names a record {left[0].sequence:,} that ends no day"
        return self._problem

    def _compare_opening(self) -> None:
        if self._notes and self._notes[0].hash != self._hash:
            self._tell(
                f"record {self._opened:,} is not the one that the register says the chain was begun at"
            )

    def _compare_head(self, record: AuditRecord) -> None:
        day = record.entry.at_ms // DAY_MS
        if self._day is not None and day > self._day:
            head = self._expected.pop(record.sequence - 1, None)
            ends = iso_day(self._day)
            if head is None:
                self._tell(f"the head of {ends} is missing from the register")
            elif (head.hash, head.day) != (self._hash, ends):
                self._tell(f"the head of {ends} names another record than the chain has")
            else:
                self.heads += 1
        self._day = day if self._day is None else max(day, self._day)

    def _tell(self, problem: str) -> None:
        self._problem = self._problem or problem
