"""The audit trail, chained in the transaction that stores it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

import msgspec
from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from mastery_engine.adapters.postgres.database import Database, Lease
from mastery_engine.adapters.postgres.tables import CHAINS, RECORDS, SUBJECTS
from mastery_engine.adapters.shared.grouped import Grouped
from mastery_engine.contracts.audit_chain import FIRST_PREVIOUS, link
from mastery_engine.ports import AuditEntry, AuditRecord

_ENTRY: Final = msgspec.json.Decoder(AuditEntry)
_ENDS: Final = select(CHAINS.c.tenant_id, CHAINS.c.chain, CHAINS.c.sequence, CHAINS.c.hash)
_MOVE_ON: Final = (
    update(CHAINS)
    .where(CHAINS.c.chain == bindparam("of_chain"))
    .values(sequence=bindparam("sequence"), hash=bindparam("hash"))
)


class PostgresAuditTrail(Lease):
    """One chain a tenant, kept one by a lock on the row of its end; entries of several callers share a transaction."""

    def __init__(self, database: Database) -> None:
        """Use a database.

        Args:
            database: Its schema must be this release's.
        """
        super().__init__(database)
        self._appends = Grouped[Sequence[AuditEntry], None](self._append, sees_through=False)

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        if entries:
            await self._appends.write(entries)

    async def read(
        self, tenant_id: str, *, subject: str | None = None, after: int = 0, limit: int = 100
    ) -> list[AuditRecord]:
        chosen = (
            select(RECORDS.c.sequence, RECORDS.c.previous, RECORDS.c.hash, RECORDS.c.entry)
            .join(CHAINS, CHAINS.c.chain == RECORDS.c.chain)
            .where(CHAINS.c.tenant_id == tenant_id, RECORDS.c.sequence > after)
            .order_by(RECORDS.c.sequence)
            .limit(limit)
        )
        if subject is not None:
            same = (SUBJECTS.c.chain == RECORDS.c.chain) & (SUBJECTS.c.sequence == RECORDS.c.sequence)
            chosen = chosen.join(SUBJECTS, same).where(
                SUBJECTS.c.subject == subject, SUBJECTS.c.sequence > after
            )
        async with self._database.read() as connection:
            rows = (await connection.execute(chosen)).all()
        return [
            AuditRecord(
                sequence=sequence, previous=previous.hex(), hash=own.hex(), entry=_ENTRY.decode(entry)
            )
            for sequence, previous, own, entry in rows
        ]

    async def tenants(self) -> list[str]:
        async with self._database.read() as connection:
            return list(
                (await connection.scalars(select(CHAINS.c.tenant_id).order_by(CHAINS.c.tenant_id))).all()
            )

    async def close(self) -> None:
        await self._appends.finish()
        await super().close()

    async def _append(self, groups: Sequence[Sequence[AuditEntry]]) -> list[None]:
        entries = list(chain.from_iterable(groups))
        async with self._database.write() as connection:
            ends = await _locked_ends(connection, sorted({entry.tenant_id for entry in entries}))
            records: list[dict[str, Any]] = []
            subjects: list[dict[str, Any]] = []
            for entry in entries:
                number, sequence, previous = ends[entry.tenant_id]
                sequence += 1
                digest = link(previous, sequence, entry)
                ends[entry.tenant_id] = (number, sequence, digest)
                records.append(
                    {
                        "chain": number,
                        "sequence": sequence,
                        "previous": bytes.fromhex(previous),
                        "hash": bytes.fromhex(digest),
                        "entry": msgspec.json.encode(entry).decode(),
                    }
                )
                subjects += (
                    {"chain": number, "subject": subject, "sequence": sequence}
                    for subject in dict.fromkeys(entry.subjects)
                )
            await connection.execute(insert(RECORDS), records)
            if subjects:
                await connection.execute(insert(SUBJECTS), subjects)
            await connection.execute(
                _MOVE_ON,
                [
                    {"of_chain": number, "sequence": sequence, "hash": bytes.fromhex(digest)}
                    for number, sequence, digest in ends.values()
                ],
            )
        return [None] * len(groups)


async def _locked_ends(connection: AsyncConnection, tenants: list[str]) -> dict[str, tuple[int, int, str]]:
    """The end of each tenant's chain, kept from others until the transaction ends; new chains are begun."""
    # In one order by all writers, so that no two wait for each other.
    locking = _ENDS.where(CHAINS.c.tenant_id.in_(tenants)).order_by(CHAINS.c.tenant_id).with_for_update()
    rows = (await connection.execute(locking)).all()
    if len(rows) < len(tenants):
        await connection.execute(
            insert(CHAINS).on_conflict_do_nothing(),
            [{"tenant_id": one, "sequence": 0, "hash": bytes.fromhex(FIRST_PREVIOUS)} for one in tenants],
        )
        rows = (await connection.execute(locking)).all()
    return {tenant_id: (number, sequence, digest.hex()) for tenant_id, number, sequence, digest in rows}
