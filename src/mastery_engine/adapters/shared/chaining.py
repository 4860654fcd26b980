"""Entries as records of their chains, with seals on the ends and the notes that the register must have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from mastery_engine.contracts.audit_chain import link
from mastery_engine.contracts.audit_seals import DAY_MS, REGISTER, AuditSeals, ChainEnd, NoteKind, iso_day
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.ports import AuditEntry, AuditRecord

BEYOND_ITS_END: Final = "the audit trail has records beyond the end of a chain; run: mastery audit verify"
_DAMAGED_END: Final = "the end of a chain of the audit trail cannot be read; run: mastery audit verify"
_ACTOR: Final = "mastery-engine"


class _Note(NamedTuple):
    kind: NoteKind
    tenant_id: str
    end: ChainEnd


class Extension:
    """What one transaction adds.

    Attributes:
        records: With the tenant whose chain each joins, in order.
        ends: Of every chain added to, sealed.
        needs_register: Whether there is a note to make, by `write_notes`.
    """

    def __init__(
        self, ends: Mapping[str, ChainEnd], entries: Sequence[AuditEntry], seals: AuditSeals
    ) -> None:
        """Chain the entries.

        Args:
            ends: As stored, of every tenant of the entries; nobody else adds to them meanwhile.
            entries: At least one.
            seals: Checks the ends and makes new ones.

        Raises:
            DependencyDown: An end cannot be read, so that nobody can tell where to go on.
        """
        self._seals = seals
        self._now_ms = entries[0].at_ms
        self._notes: list[_Note] = []
        self.records: list[AuditRecord] = []
        for tenant_id, end in ends.items():
            _check_readable(end)
            if end.seal is None:
                self._notes.append(_Note("audit.opened", tenant_id, end))
            elif not seals.holds(tenant_id, end):
                # Service goes on; that somebody was here stays on record, signed.
                self._notes.append(_Note("audit.broken", tenant_id, end))
        moving = dict(ends)
        for entry in entries:
            moving[entry.tenant_id] = self._chained(entry, moving[entry.tenant_id])
        self.ends = {
            name: seals.sealed(name, end.sequence, end.hash, end.day) for name, end in moving.items()
        }

    @property
    def needs_register(self) -> bool:
        """Whether there is a note to make."""
        return bool(self._notes)

    def write_notes(self, register: ChainEnd) -> None:
        """Add the notes to `records` and the register's end to `ends`.

        Args:
            register: Its end as stored, under a lock that is taken after those of all tenants.

        Raises:
            DependencyDown: It cannot be read.
        """
        _check_readable(register)
        begins = register.sequence == 0 and register.seal is None
        if not begins and not self._seals.holds(REGISTER, register):
            self._notes.insert(0, _Note("audit.broken", REGISTER, register))
        end = register
        for note in self._notes:
            entry = self._entry(note, end)
            end = self._chained(entry, end)
        self.ends[REGISTER] = self._seals.sealed(REGISTER, end.sequence, end.hash, end.day)

    def _chained(self, entry: AuditEntry, end: ChainEnd) -> ChainEnd:
        day = entry.at_ms // DAY_MS
        if entry.tenant_id != REGISTER and end.day is not None and day > end.day:
            self._notes.append(_Note("audit.head", entry.tenant_id, end))
        sequence = end.sequence + 1
        digest = link(end.hash, sequence, entry)
        self.records.append(AuditRecord(sequence=sequence, previous=end.hash, hash=digest, entry=entry))
        return ChainEnd(sequence, digest, day if end.day is None else max(day, end.day))

    def _entry(self, note: _Note, register: ChainEnd) -> AuditEntry:
        day = self._now_ms // DAY_MS if note.end.day is None else note.end.day
        told = (iso_day(day), str(note.end.sequence), note.end.hash)
        signature = self._seals.signature(
            note.kind, register.sequence + 1, register.hash, (note.tenant_id, *told)
        )
        return AuditEntry(
            tenant_id=REGISTER,
            at_ms=self._now_ms,
            actor=_ACTOR,
            role="operator",
            action=note.kind,
            subjects=(),
            allowed=True,
            request_id="",
            detail={
                "tenant": note.tenant_id,
                "day": told[0],
                "sequence": told[1],
                "hash": told[2],
                "signature": signature,
            },
        )


def _check_readable(end: ChainEnd) -> None:
    if end.sequence < 0:
        raise DependencyDown(_DAMAGED_END)
