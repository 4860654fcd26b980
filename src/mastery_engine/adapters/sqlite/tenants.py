"""Tenants' settings beside the archive."""

from __future__ import annotations

from collections.abc import Sequence

from mastery_engine.adapters.sqlite.database import Lease
from mastery_engine.adapters.sqlite.rows import insert
from mastery_engine.contracts.tenant import Tenant, decode_tenant, encode_tenant


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

    async def remove(self, tenant_id: str) -> bool:
        delete = "DELETE FROM tenants WHERE tenant_id = ?"
        return await self._database.write(
            lambda connection: connection.execute(delete, (tenant_id,)).rowcount > 0
        )
