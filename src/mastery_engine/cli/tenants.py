"""Tenants that commands make."""

from __future__ import annotations

from mastery_engine.bootstrap import Engine
from mastery_engine.cli.session import operator
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.errors import Conflict


async def make_tenant(engine: Engine, tenant: Tenant) -> Tenant:
    """Make a tenant; the first record of its audit trail says so.

    Raises:
        InvalidInput: A setting breaks a rule.
        NotFound: There is no such formula.
        Conflict: The tenant exists.
    """

    async def record() -> None:
        detail = {"step": "made"}
        caller = operator(tenant.tenant_id)
        await engine.access.record(caller, "tenants.write", (), allowed=True, detail=detail)

    return await engine.tenants.create(tenant, record)


async def ensure_tenant(engine: Engine, tenant_id: str, *, retention_days: int | None) -> bool:
    """Make a tenant if it is not there; returns whether it was made.

    Raises:
        InvalidInput: It is no id of a tenant.
    """
    tenant = Tenant(
        tenant_id=tenant_id, retention_days=retention_days, created_ms=engine.adapters.clock.now_ms()
    )
    try:
        await make_tenant(engine, tenant)
    except Conflict:
        return False
    return True
