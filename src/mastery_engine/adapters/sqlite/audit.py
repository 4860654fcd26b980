"""The audit trail, chained in the transaction that stores it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from mastery_engine.adapters.sqlite.database import Database, Lease
from mastery_engine.adapters.sqlite.grouped import GroupedWrites
from mastery_engine.adapters.sqlite.rows import Row, insert
from mastery_engine.contracts.audit_chain import FIRST_PREVIOUS, link
from mastery_engine.ports import AuditEntry, AuditRecord

_ENTRY: Final = msgspec.json.Decoder(AuditEntry)
_SELECT: Final = (
    "SELECT records.sequence, previous, records.hash, entry FROM audit_chains AS chains "
    "JOIN audit_records AS records USING (chain) "
)


class SqliteAuditTrail(Lease):
    """One chain a tenant; entries of several callers share a transaction."""

    def __init__(self, database: Database) -> None:
        """Use a database with `ARCHIVE_SCHEMA`.

        Args:
            database: Open.
        """
        super().__init__(database)
        self._appends = GroupedWrites(database, _append)

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        if entries:
            await self._appends.write(entries)

    async def read(
        self, tenant_id: str, *, subject: str | None = None, after: int = 0, limit: int = 100
    ) -> list[AuditRecord]:
        if subject is None:
            select = (
                f"{_SELECT} WHERE tenant_id = ? AND records.sequence > ? ORDER BY records.sequence LIMIT ?"
            )
            values: Row = (tenant_id, after, limit)
        else:
            select = (
                f"{_SELECT} JOIN audit_subjects AS subjects ON subjects.chain = records.chain "
                "AND subjects.sequence = records.sequence WHERE tenant_id = ? AND subject = ? "
                "AND subjects.sequence > ? ORDER BY subjects.sequence LIMIT ?"
            )
            values = (tenant_id, subject, after, limit)
        rows = await self._database.read(lambda connection: connection.execute(select, values).fetchall())
        return [
            AuditRecord(
                sequence=sequence, previous=previous.hex(), hash=own.hex(), entry=_ENTRY.decode(entry)
            )
            for sequence, previous, own, entry in rows
        ]

    async def tenants(self) -> list[str]:
        rows = await self._database.read(
            lambda connection: connection.execute(
                "SELECT tenant_id FROM audit_chains ORDER BY tenant_id"
            ).fetchall()
        )
        return [tenant_id for (tenant_id,) in rows]


def _append(connection: sqlite3.Connection, groups: Sequence[Sequence[AuditEntry]]) -> list[None]:
    ends: dict[str, tuple[int, int, str]] = {}
    records: list[Row] = []
    subjects: list[Row] = []
    for entries in groups:
        for entry in entries:
            tenant_id = entry.tenant_id
            chain, sequence, previous = ends.get(tenant_id) or _end(connection, tenant_id)
            sequence += 1
            digest = link(previous, sequence, entry)
            ends[tenant_id] = (chain, sequence, digest)
            encoded = msgspec.json.encode(entry)
            records.append((chain, sequence, bytes.fromhex(previous), bytes.fromhex(digest), encoded))
            subjects += [(chain, subject, sequence) for subject in dict.fromkeys(entry.subjects)]
    insert(connection, "INSERT INTO audit_records (chain, sequence, previous, hash, entry)", records)
    insert(connection, "INSERT INTO audit_subjects (chain, subject, sequence)", subjects)
    connection.executemany(
        "UPDATE audit_chains SET sequence = ?, hash = ? WHERE chain = ?",
        [(sequence, bytes.fromhex(digest), chain) for chain, sequence, digest in ends.values()],
    )
    return [None] * len(groups)


def _end(connection: sqlite3.Connection, tenant_id: str) -> tuple[int, int, str]:
    connection.execute(
        "INSERT INTO audit_chains (tenant_id, sequence, hash) VALUES (?, 0, ?) ON CONFLICT DO NOTHING",
        (tenant_id, bytes.fromhex(FIRST_PREVIOUS)),
    )
    select = "SELECT chain, sequence, hash FROM audit_chains WHERE tenant_id = ?"
    chain, sequence, digest = connection.execute(select, (tenant_id,)).fetchone()
    return chain, sequence, digest.hex()
