"""Tenants that commands make for themselves."""

from __future__ import annotations

from mastery_engine.bootstrap import Engine
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.errors import Conflict


async def ensure_tenant(engine: Engine, tenant_id: str, *, retention_days: int | None) -> bool:
    """Make a tenant if it is not there; returns whether it was made.

    Raises:
        InvalidInput: It is no id of a tenant.
    """
    tenant = Tenant(
        tenant_id=tenant_id, retention_days=retention_days, created_ms=engine.adapters.clock.now_ms()
    )
    try:
        await engine.tenants.create(tenant)
    except Conflict:
        return False
    return True
