"""The audit trail with a witness: what each chain was like, signed, in another store than the trail's.

Who deletes the whole trail, or puts an older state of its database back, leaves a trail that agrees with itself. It does
not agree with the witness, which lies in the state store: both would have to be changed, and only the key makes a witness.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import final

from mastery_engine.contracts import keys
from mastery_engine.contracts.audit_seals import DAY_MS, REGISTER, AuditSeals, ChainEnd
from mastery_engine.contracts.audit_witness import Witness, decode_witness, encode_witness
from mastery_engine.domain.errors import ConfigurationError, DependencyDown
from mastery_engine.ports import ABSENT, AuditEntry, AuditRecord, AuditTrail, IndexRow, StateStore, Write


@final
class WitnessedTrail:
    """An audit trail, and a witness of each chain made anew by the first record that a process adds on a day."""

    def __init__(self, trail: AuditTrail, store: StateStore, seals: AuditSeals) -> None:
        """Put the parts together.

        Args:
            trail: Takes the records; `close` closes it.
            store: Keeps the witnesses.
            seals: Sign them.
        """
        self._trail = trail
        self._store = store
        self._seals = seals
        self._days: dict[str, int] = {}

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        """See `AuditTrail`; the witness is made once the entries are durable."""
        await self._trail.append(entries)
        for tenant_id, day in {one.tenant_id: one.at_ms // DAY_MS for one in entries}.items():
            if self._days.get(tenant_id) != day:
                await self._look(tenant_id, day)

    async def read(
        self, tenant_id: str, *, subject: str | None = None, after: int = 0, limit: int = 100
    ) -> list[AuditRecord]:
        """See `AuditTrail`."""
        return await self._trail.read(tenant_id, subject=subject, after=after, limit=limit)

    async def search(
        self,
        tenant_id: str,
        terms: Sequence[str],
        *,
        after: int = 0,
        before: int | None = None,
        limit: int = 100,
    ) -> list[AuditRecord]:
        """See `AuditTrail`."""
        return await self._trail.search(tenant_id, terms, after=after, before=before, limit=limit)

    async def tenants(self) -> list[str]:
        """See `AuditTrail`."""
        return await self._trail.tenants()

    async def end(self, tenant_id: str) -> ChainEnd | None:
        """See `AuditTrail`."""
        return await self._trail.end(tenant_id)

    async def index(self, tenant_id: str, after: IndexRow | None, limit: int) -> list[IndexRow]:
        """See `AuditTrail`."""
        return await self._trail.index(tenant_id, after, limit)

    async def close(self) -> None:
        """See `AuditTrail`."""
        await self._trail.close()

    async def _look(self, tenant_id: str, day: int) -> None:
        try:
            # The register too: it is as easily deleted, and notes are added to it beside the records.
            for one in (tenant_id, REGISTER):
                await self._witness(one, day)
        except DependencyDown as error:
            # Here, since commands that only read start in half the time without it.
            import structlog  # noqa: PLC0415

            # The record is durable; a witness that is late by a request is no reason to refuse the answer.
            structlog.get_logger(__name__).warning(
                "no witness of the audit trail yet; the next record tries again", reason=error.message
            )
            return
        self._days[tenant_id] = day

    async def _witness(self, tenant_id: str, day: int) -> None:
        key = keys.audit_witness(tenant_id)
        (entry,) = await self._store.get_many([key])
        known = None if entry is None else decode_witness(entry.value)
        if entry is not None and (known is None or known.day >= day or not known.holds(self._seals)):
            return
        end = await self._trail.end(tenant_id)
        first = await self._at(tenant_id, 1)
        if end is None or end.sequence < 1 or first is None:
            return
        agrees = known is None or (
            known.first == first and await self._at(tenant_id, known.sequence) == known.hash
        )
        if agrees:
            # One that does not agree stays for good: it is what `mastery audit verify` tells of.
            made = Witness(tenant_id=tenant_id, first=first, sequence=end.sequence, hash=end.hash, day=day)
            version = ABSENT if entry is None else entry.version
            await self._store.write_many([Write(key, encode_witness(made.signed(self._seals)), version)])

    async def _at(self, tenant_id: str, sequence: int) -> str | None:
        found = await self._trail.read(tenant_id, after=sequence - 1, limit=1)
        return found[0].hash if found and found[0].sequence == sequence else None


@final
class Witnesses:
    """What the store has of them, for who checks the trail."""

    def __init__(self, store: StateStore) -> None:
        """Use a store."""
        self._store = store

    async def all(self, tenants: Iterable[str] = ()) -> dict[str, Witness | None]:
        """By tenant, the register under its own name; None for one that cannot be read.

        Args:
            tenants: Those who are known; where the store cannot list its keys, others are not found.

        Raises:
            DependencyDown: The store does not answer.
        """
        prefix = keys.audit_witness("")
        names = {keys.audit_witness(one) for one in ("", *tenants)}
        try:
            async for batch in self._store.scan(prefix):
                names.update(batch)
        except ConfigurationError:
            # Through a sidecar nobody can list them.
            pass
        ordered = sorted(names)
        found = await self._store.get_many(ordered)
        return {
            name.removeprefix(prefix): decode_witness(entry.value)
            for name, entry in zip(ordered, found, strict=True)
            if entry is not None
        }


class WitnessKept:
    """Whether a chain agrees with its witness, told page after page."""

    def __init__(self, tenant_id: str, witness: Witness | None, seals: AuditSeals) -> None:
        """Take the witness.

        Args:
            tenant_id: Whose chain is looked at.
            witness: None for one that cannot be read.
            seals: Of the key that signed it.
        """
        self._sound = witness is not None and witness.tenant_id == tenant_id and witness.holds(seals)
        self._witness = witness
        self._first = self._seen = ""

    def watch(self, records: Sequence[AuditRecord]) -> None:
        """Look at the next records, which hold as a chain."""
        if self._witness is None or not records:
            return
        if records[0].sequence == 1:
            self._first = records[0].hash
        place = self._witness.sequence - records[0].sequence
        if 0 <= place < len(records):
            self._seen = records[place].hash

    def problem(self) -> str | None:
        """What does not agree, in words; None if nothing."""
        if not self._sound or self._witness is None:
            return "its witness in the state store was changed, or the key was"
        if self._first != self._witness.first:
            return (
                f"its witness in the state store saw record {self._witness.sequence:,} of a chain that is gone: it was "
                "deleted, and what is there now was begun anew"
            )
        if self._seen != self._witness.hash:
            return (
                f"record {self._witness.sequence:,} is gone or another than its witness in the state store saw; records were "
                "cut off, or an older state of the database was put back"
            )
        return None
