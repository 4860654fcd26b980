"""Tenants' settings beside the archive."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from mastery_engine.adapters.sqlite.database import Lease
from mastery_engine.adapters.sqlite.rows import insert
from mastery_engine.contracts.tenant import Tenant, decode_tenant, encode_tenant
from mastery_engine.contracts.tenant_privacy import TenantPrivacy, decode_privacy, encode_privacy


class SqliteTenantBook(Lease):
    """A row a tenant."""

    async def keep(self, tenants: Sequence[Tenant]) -> None:
        rows = [(tenant.tenant_id, encode_tenant(tenant)) for tenant in tenants]
        await self._database.write(
            lambda connection: insert(
                connection, "INSERT INTO tenants (tenant_id, body)", rows, "ON CONFLICT DO NOTHING"
            )
        )

    async def all(self) -> list[Tenant]:
        rows = await self._database.read(
            lambda connection: connection.execute("SELECT body FROM tenants ORDER BY tenant_id").fetchall()
        )
        return [decode_tenant(body) for (body,) in rows]

    async def privacy(self, tenant_id: str) -> TenantPrivacy | None:
        select = "SELECT body FROM tenant_privacy WHERE tenant_id = ?"
        row = await self._database.read(
            lambda connection: connection.execute(select, (tenant_id,)).fetchone()
        )
        return None if row is None else decode_privacy(row[0])

    async def set_privacy(self, tenant_id: str, privacy: TenantPrivacy) -> None:
        row = (tenant_id, encode_privacy(privacy))
        await self._database.write(
            lambda connection: connection.execute(
                "INSERT OR REPLACE INTO tenant_privacy (tenant_id, body) VALUES (?, ?)", row
            )
        )

    async def remove(self, tenant_id: str) -> bool:
        def job(connection: sqlite3.Connection) -> bool:
            connection.execute("DELETE FROM tenant_privacy WHERE tenant_id = ?", (tenant_id,))
            return connection.execute("DELETE FROM tenants WHERE tenant_id = ?", (tenant_id,)).rowcount > 0

        return await self._database.write(job)
