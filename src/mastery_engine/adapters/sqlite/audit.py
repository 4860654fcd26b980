"""The audit trail, chained in the transaction that stores it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain as chained
from typing import Final

import msgspec

from mastery_engine.adapters.shared.chaining import BEYOND_ITS_END, Extension
from mastery_engine.adapters.shared.stored_audit import end_of, line_of, record_of, text_of
from mastery_engine.adapters.sqlite.database import Database, Lease
from mastery_engine.adapters.sqlite.grouped import GroupedWrites
from mastery_engine.adapters.sqlite.rows import Row, insert
from mastery_engine.contracts.audit_chain import FIRST_PREVIOUS
from mastery_engine.contracts.audit_seals import REGISTER, AuditSeals, ChainEnd
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.ports import AuditEntry, AuditRecord, IndexRow

_LAST: Final = 2**63 - 1
_SELECT: Final = (
    "SELECT records.sequence, previous, records.hash, CAST(entry AS BLOB) FROM audit_chains AS chains "
    "JOIN audit_records AS records USING (chain) "
)


class SqliteAuditTrail(Lease):
    """One chain a tenant; entries of several callers share a transaction."""

    def __init__(self, database: Database, seals: AuditSeals) -> None:
        """Use a database with `ARCHIVE_SCHEMA`.

        Args:
            database: Open.
            seals: Of the ends and of the notes.
        """
        super().__init__(database)
        self._seals = seals
        self._appends = GroupedWrites(database, self._append)

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
        return await self._records(select, values)

    async def search(
        self,
        tenant_id: str,
        terms: Sequence[str],
        *,
        after: int = 0,
        before: int | None = None,
        limit: int = 100,
    ) -> list[AuditRecord]:
        end = _LAST if before is None else before
        if not terms:
            select = (
                f"{_SELECT} WHERE tenant_id = ? AND records.sequence > ? AND records.sequence < ? "
                "ORDER BY records.sequence DESC LIMIT ?"
            )
            return await self._records(select, (tenant_id, after, end, limit))
        # Walks down the lines of the first term and looks up the others.
        others = "".join(
            "AND EXISTS (SELECT 1 FROM audit_subjects AS other WHERE other.chain = subjects.chain "
            "AND other.subject = ? AND other.sequence = subjects.sequence) "
            for _ in terms[1:]
        )
        select = (
            "SELECT records.sequence, previous, records.hash, CAST(entry AS BLOB) FROM audit_subjects AS subjects "  # noqa: S608 - no values
            "CROSS JOIN audit_records AS records ON records.chain = subjects.chain "
            "AND records.sequence = subjects.sequence "
            "WHERE subjects.chain = (SELECT chain FROM audit_chains WHERE tenant_id = ?) AND subjects.subject = ? "
            f"AND subjects.sequence > ? AND subjects.sequence < ? {others}"
            "ORDER BY subjects.sequence DESC LIMIT ?"
        )
        return await self._records(select, (tenant_id, terms[0], after, end, *terms[1:], limit))

    async def tenants(self) -> list[str]:
        select = "SELECT CAST(tenant_id AS BLOB) FROM audit_chains WHERE tenant_id <> ? ORDER BY tenant_id"
        rows = await self._database.read(
            lambda connection: connection.execute(select, (REGISTER,)).fetchall()
        )
        return [text_of(tenant_id) for (tenant_id,) in rows]

    async def end(self, tenant_id: str) -> ChainEnd | None:
        found = await self._database.read(lambda connection: _end(connection, tenant_id))
        return None if found is None else found[1]

    async def index(self, tenant_id: str, after: IndexRow | None, limit: int) -> list[IndexRow]:
        select = (
            "SELECT CAST(subject AS BLOB), sequence FROM audit_subjects WHERE chain = (SELECT chain FROM audit_chains "
            "WHERE tenant_id = ?) AND (subject, sequence) > (?, ?) ORDER BY subject, sequence LIMIT ?"
        )
        values = (tenant_id, *(after or ("", 0)), limit)
        rows = await self._database.read(lambda connection: connection.execute(select, values).fetchall())
        return [line_of(*row) for row in rows]

    async def _records(self, select: str, values: Row) -> list[AuditRecord]:
        rows = await self._database.read(lambda connection: connection.execute(select, values).fetchall())
        return [record_of(*row) for row in rows]

    def _append(self, connection: sqlite3.Connection, groups: Sequence[Sequence[AuditEntry]]) -> list[None]:
        entries = list(chained.from_iterable(groups))
        chains: dict[str, int] = {}
        ends: dict[str, ChainEnd] = {}
        for tenant_id in dict.fromkeys(entry.tenant_id for entry in entries):
            chains[tenant_id], ends[tenant_id] = _begun(connection, tenant_id)
        extension = Extension(ends, entries, self._seals)
        if extension.needs_register:
            chains[REGISTER], register = _begun(connection, REGISTER)
            extension.write_notes(register)
        records: list[Row] = []
        terms: list[Row] = []
        for record in extension.records:
            chain, entry = chains[record.entry.tenant_id], record.entry
            hashes = (bytes.fromhex(record.previous), bytes.fromhex(record.hash))
            records.append((chain, record.sequence, *hashes, msgspec.json.encode(entry)))
            terms += [(chain, term, record.sequence) for term in entry.terms]
        try:
            insert(connection, "INSERT INTO audit_records (chain, sequence, previous, hash, entry)", records)
        except sqlite3.IntegrityError as error:
            raise DependencyDown(BEYOND_ITS_END) from error
        insert(connection, "INSERT INTO audit_subjects (chain, subject, sequence)", terms)
        connection.executemany(
            "UPDATE audit_chains SET sequence = ?, hash = ?, day = ?, seal = ? WHERE chain = ?",
            [
                (end.sequence, bytes.fromhex(end.hash), end.day, end.seal, chains[tenant_id])
                for tenant_id, end in extension.ends.items()
            ],
        )
        return [None] * len(groups)


def _begun(connection: sqlite3.Connection, tenant_id: str) -> tuple[int, ChainEnd]:
    connection.execute(
        "INSERT INTO audit_chains (tenant_id, sequence, hash) VALUES (?, 0, ?) ON CONFLICT DO NOTHING",
        (tenant_id, bytes.fromhex(FIRST_PREVIOUS)),
    )
    found = _end(connection, tenant_id)
    assert found is not None  # noqa: S101 - the statement above
    return found


def _end(connection: sqlite3.Connection, tenant_id: str) -> tuple[int, ChainEnd] | None:
    select = "SELECT chain, sequence, hash, day, CAST(seal AS BLOB) FROM audit_chains WHERE tenant_id = ?"
    row = connection.execute(select, (tenant_id,)).fetchone()
    if row is None:
        return None
    return row[0], end_of(*row[1:])
