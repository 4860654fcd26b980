"""The audit trail, chained in the transaction that stores it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

import msgspec
from sqlalchemy import Select, bindparam, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from mastery_engine.adapters.postgres.database import Database, Lease
from mastery_engine.adapters.postgres.tables import CHAINS, RECORDS, SUBJECTS
from mastery_engine.adapters.shared.chaining import BEYOND_ITS_END, Extension
from mastery_engine.adapters.shared.grouped import Grouped
from mastery_engine.adapters.shared.stored_audit import end_of, record_of
from mastery_engine.contracts.audit_chain import FIRST_PREVIOUS
from mastery_engine.contracts.audit_seals import REGISTER, AuditSeals, ChainEnd
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.ports import AuditEntry, AuditRecord, IndexRow

_ENDS: Final = select(
    CHAINS.c.tenant_id, CHAINS.c.chain, CHAINS.c.sequence, CHAINS.c.hash, CHAINS.c.day, CHAINS.c.seal
)
_MOVE_ON: Final = (
    update(CHAINS)
    .where(CHAINS.c.chain == bindparam("of_chain"))
    .values({name: bindparam(name) for name in ("sequence", "hash", "day", "seal")})
)
_RECORDS: Final = select(RECORDS.c.sequence, RECORDS.c.previous, RECORDS.c.hash, RECORDS.c.entry)


class PostgresAuditTrail(Lease):
    """One chain a tenant, kept one by a lock on the row of its end; entries of several callers share a transaction."""

    def __init__(self, database: Database, seals: AuditSeals) -> None:
        """Use a database.

        Args:
            database: Its schema must be this release's.
            seals: Of the ends and of the notes.
        """
        super().__init__(database)
        self._seals = seals
        self._appends = Grouped[Sequence[AuditEntry], None](self._append, sees_through=False)

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        if entries:
            await self._appends.write(entries)

    async def read(
        self, tenant_id: str, *, subject: str | None = None, after: int = 0, limit: int = 100
    ) -> list[AuditRecord]:
        chosen = (
            _RECORDS.join(CHAINS, CHAINS.c.chain == RECORDS.c.chain)
            .where(CHAINS.c.tenant_id == tenant_id, RECORDS.c.sequence > after)
            .order_by(RECORDS.c.sequence)
            .limit(limit)
        )
        if subject is not None:
            same = (SUBJECTS.c.chain == RECORDS.c.chain) & (SUBJECTS.c.sequence == RECORDS.c.sequence)
            chosen = chosen.join(SUBJECTS, same).where(
                SUBJECTS.c.subject == subject, SUBJECTS.c.sequence > after
            )
        return await self._records(chosen)

    async def search(
        self,
        tenant_id: str,
        terms: Sequence[str],
        *,
        after: int = 0,
        before: int | None = None,
        limit: int = 100,
    ) -> list[AuditRecord]:
        of_tenant = select(CHAINS.c.chain).where(CHAINS.c.tenant_id == tenant_id).scalar_subquery()
        chosen, place = _RECORDS, RECORDS.c.sequence
        for number, term in enumerate(terms):
            lines = SUBJECTS.alias(f"term_{number}")
            same = (lines.c.chain == RECORDS.c.chain) & (lines.c.sequence == RECORDS.c.sequence)
            chosen = chosen.join(lines, same).where(lines.c.chain == of_tenant, lines.c.subject == term)
            # The index gives the lines of a term in order.
            place = lines.c.sequence if number == 0 else place
        chosen = chosen.where(RECORDS.c.chain == of_tenant, place > after).order_by(place.desc()).limit(limit)
        return await self._records(chosen if before is None else chosen.where(place < before))

    async def tenants(self) -> list[str]:
        chosen = select(CHAINS.c.tenant_id).where(CHAINS.c.tenant_id != REGISTER)
        async with self._database.read() as connection:
            return list((await connection.scalars(chosen.order_by(CHAINS.c.tenant_id))).all())

    async def end(self, tenant_id: str) -> ChainEnd | None:
        async with self._database.read() as connection:
            found = await _ends(connection, _ENDS.where(CHAINS.c.tenant_id == tenant_id))
        return found[tenant_id][1] if tenant_id in found else None

    async def index(self, tenant_id: str, after: IndexRow | None, limit: int) -> list[IndexRow]:
        columns = (SUBJECTS.c.subject, SUBJECTS.c.sequence)
        of_tenant = select(CHAINS.c.chain).where(CHAINS.c.tenant_id == tenant_id).scalar_subquery()
        chosen = select(*columns).where(SUBJECTS.c.chain == of_tenant).order_by(*columns).limit(limit)
        if after is not None:
            chosen = chosen.where(tuple_(*columns) > tuple_(*after))
        async with self._database.read() as connection:
            return [IndexRow(*row) for row in (await connection.execute(chosen)).all()]

    async def close(self) -> None:
        await self._appends.finish()
        await super().close()

    async def _records(self, chosen: Select[*tuple[Any, ...]]) -> list[AuditRecord]:
        async with self._database.read() as connection:
            rows = (await connection.execute(chosen)).all()
        return [record_of(*row) for row in rows]

    async def _append(self, groups: Sequence[Sequence[AuditEntry]]) -> list[None]:
        entries = list(chain.from_iterable(groups))
        async with self._database.write() as connection:
            found = await _locked_ends(connection, sorted({entry.tenant_id for entry in entries}))
            extension = Extension({one: end for one, (_, end) in found.items()}, entries, self._seals)
            if extension.needs_register:
                # After those of the tenants by all writers, so that no two wait for each other.
                found |= await _locked_ends(connection, [REGISTER])
                extension.write_notes(found[REGISTER][1])
            records: list[dict[str, Any]] = []
            terms: list[dict[str, Any]] = []
            for record in extension.records:
                number = found[record.entry.tenant_id][0]
                records.append(
                    {
                        "chain": number,
                        "sequence": record.sequence,
                        "previous": bytes.fromhex(record.previous),
                        "hash": bytes.fromhex(record.hash),
                        "entry": msgspec.json.encode(record.entry).decode(),
                    }
                )
                terms += (
                    {"chain": number, "subject": term, "sequence": record.sequence}
                    for term in record.entry.terms
                )
            try:
                await connection.execute(insert(RECORDS), records)
            except IntegrityError as error:
                raise DependencyDown(BEYOND_ITS_END) from error
            await connection.execute(insert(SUBJECTS), terms)
            await connection.execute(
                _MOVE_ON,
                [
                    {"of_chain": found[one][0], **end._asdict(), "hash": bytes.fromhex(end.hash)}
                    for one, end in extension.ends.items()
                ],
            )
        return [None] * len(groups)


async def _locked_ends(connection: AsyncConnection, tenants: list[str]) -> dict[str, tuple[int, ChainEnd]]:
    """Number and end of each tenant's chain, kept from others until the transaction ends; new chains are begun."""
    # In one order by all writers, so that no two wait for each other.
    locking = _ENDS.where(CHAINS.c.tenant_id.in_(tenants)).order_by(CHAINS.c.tenant_id).with_for_update()
    found = await _ends(connection, locking)
    if len(found) < len(tenants):
        await connection.execute(
            insert(CHAINS).on_conflict_do_nothing(),
            [{"tenant_id": one, "sequence": 0, "hash": bytes.fromhex(FIRST_PREVIOUS)} for one in tenants],
        )
        found = await _ends(connection, locking)
    return found


async def _ends(
    connection: AsyncConnection, chosen: Select[*tuple[Any, ...]]
) -> dict[str, tuple[int, ChainEnd]]:
    rows = (await connection.execute(chosen)).all()
    return {tenant_id: (number, end_of(*end)) for tenant_id, number, *end in rows}
