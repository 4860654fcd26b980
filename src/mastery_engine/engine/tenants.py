"""The tenants: made once, looked up by everybody."""

from __future__ import annotations

from collections.abc import Iterable

from mastery_engine.contracts import keys
from mastery_engine.contracts.tenant import DEFAULT, Tenant, decode_tenant, encode_tenant
from mastery_engine.domain.errors import Conflict, NotFound
from mastery_engine.domain.formulas import Formulas
from mastery_engine.ports import ABSENT, StateStore, Write


class TenantDirectory:
    """Tenants by id. Settings never change once made, so a tenant that was found is remembered."""

    def __init__(self, store: StateStore, formulas: Formulas) -> None:
        """Use a store.

        Args:
            store: Where tenants are kept.
            formulas: Formulas that a tenant may name.
        """
        self._store = store
        self._formulas = formulas
        self._known = {DEFAULT.tenant_id: DEFAULT}

    async def find(self, tenant_ids: Iterable[str]) -> dict[str, Tenant]:
        """Those of the tenants that exist."""
        wanted = set(tenant_ids)
        unknown = sorted(wanted - self._known.keys())
        if unknown:
            entries = await self._store.get_many([keys.tenant(tenant_id) for tenant_id in unknown])
            for entry in entries:
                if entry is not None:
                    tenant = decode_tenant(entry.value)
                    self._known[tenant.tenant_id] = tenant
        return {tenant_id: self._known[tenant_id] for tenant_id in wanted & self._known.keys()}

    async def get(self, tenant_id: str) -> Tenant:
        """One tenant.

        Raises:
            NotFound: It does not exist.
        """
        found = await self.find([tenant_id])
        if tenant_id not in found:
            raise no_tenant(tenant_id)
        return found[tenant_id]

    async def create(self, tenant: Tenant) -> Tenant:
        """Make a tenant.

        Raises:
            InvalidInput: A setting breaks a rule.
            NotFound: There is no such formula.
            Conflict: The tenant exists.
        """
        tenant.check()
        self._formulas.get(tenant.formula)
        write = Write(keys.tenant(tenant.tenant_id), encode_tenant(tenant), ABSENT)
        if tenant.tenant_id == DEFAULT.tenant_id or not (await self._store.write_many([write]))[0]:
            raise Conflict(f"tenant {tenant.tenant_id!r} exists already")
        return tenant

    async def ensure(self, tenant: Tenant) -> Tenant:
        """The tenant of that id, made as given if there is none."""
        try:
            return await self.create(tenant)
        except Conflict:
            return await self.get(tenant.tenant_id)

    async def list(self) -> list[Tenant]:
        """Every tenant, by id."""
        found = {DEFAULT.tenant_id}
        async for batch in self._store.scan(keys.tenant("")):
            found.update(key.removeprefix(keys.tenant("")) for key in batch)
        known = await self.find(found)
        return [known[tenant_id] for tenant_id in sorted(known)]


def no_tenant(tenant_id: str) -> NotFound:
    """The one answer for a tenant that does not exist, or is not the caller's."""
    return NotFound(f"no tenant {tenant_id[:100]!r}; make it with: mastery tenant create {tenant_id[:100]}")
