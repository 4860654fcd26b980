"""Tenants' settings beside the archive."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from mastery_engine.adapters.postgres.database import Lease
from mastery_engine.adapters.postgres.tables import PRIVACY, TENANTS
from mastery_engine.contracts.tenant import Tenant, decode_tenant, encode_tenant
from mastery_engine.contracts.tenant_privacy import TenantPrivacy, decode_privacy, encode_privacy


class PostgresTenantBook(Lease):
    """A row a tenant."""

    async def keep(self, tenants: Sequence[Tenant]) -> None:
        # In one order by all writers.
        by_id = {tenant.tenant_id: tenant for tenant in reversed(tenants)}
        rows = [
            {"tenant_id": tenant_id, "body": encode_tenant(tenant).decode()}
            for tenant_id, tenant in sorted(by_id.items())
        ]
        if rows:
            async with self._database.write() as connection:
                await connection.execute(insert(TENANTS).on_conflict_do_nothing(), rows)

    async def all(self) -> list[Tenant]:
        async with self._database.read() as connection:
            bodies = await connection.scalars(select(TENANTS.c.body).order_by(TENANTS.c.tenant_id))
            return [decode_tenant(body.encode()) for body in bodies.all()]

    async def privacy(self, tenant_id: str) -> TenantPrivacy | None:
        async with self._database.read() as connection:
            body = await connection.scalar(select(PRIVACY.c.body).where(PRIVACY.c.tenant_id == tenant_id))
            return None if body is None else decode_privacy(body)

    async def set_privacy(self, tenant_id: str, privacy: TenantPrivacy) -> None:
        body = encode_privacy(privacy).decode()
        adding = insert(PRIVACY).values(tenant_id=tenant_id, body=body)
        async with self._database.write() as connection:
            await connection.execute(
                adding.on_conflict_do_update(index_elements=[PRIVACY.c.tenant_id], set_={"body": body})
            )

    async def remove(self, tenant_id: str) -> bool:
        async with self._database.write() as connection:
            await connection.execute(delete(PRIVACY).where(PRIVACY.c.tenant_id == tenant_id))
            gone = await connection.execute(delete(TENANTS).where(TENANTS.c.tenant_id == tenant_id))
            return gone.rowcount > 0
