"""The tenants: made once, looked up by everybody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable

from mastery_engine.contracts import keys
from mastery_engine.contracts.tenant import DEFAULT, Tenant, decode_tenant, encode_tenant
from mastery_engine.domain.errors import Conflict, NotFound
from mastery_engine.domain.formulas import Formulas
from mastery_engine.ports import ABSENT, StateStore, TenantBook, Write


class TenantDirectory:
    """Tenants by id. Settings never change once made, so a tenant that was found is remembered.

    One that the store has lost is found in the book, and put back.
    """

    def __init__(self, store: StateStore, formulas: Formulas, book: TenantBook | None = None) -> None:
        """Use a store.

        Args:
            store: Where tenants are kept.
            formulas: Formulas that a tenant may name.
            book: Their copy; None asks nobody else.
        """
        self._store = store
        self._formulas = formulas
        self._book = book
        self._known = {DEFAULT.tenant_id: DEFAULT}

    async def find(self, tenant_ids: Iterable[str]) -> dict[str, Tenant]:
        """Those of the tenants that exist."""
        wanted = set(tenant_ids)
        unknown = sorted(wanted - self._known.keys())
        if unknown:
            entries = await self._store.get_many([keys.tenant(tenant_id) for tenant_id in unknown])
            for entry in entries:
                if entry is not None:
                    self._note(decode_tenant(entry.value))
            lost = wanted - self._known.keys()
            if lost:
                await self._put_back(lost)
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

    async def create(self, tenant: Tenant, record: Callable[[], Awaitable[None]] | None = None) -> Tenant:
        """Make a tenant.

        Args:
            tenant: Its settings.
            record: Leaves the record that it is made; called before it is, so that no tenant is without a record.

        Raises:
            InvalidInput: A setting breaks a rule.
            NotFound: There is no such formula.
            Conflict: The tenant exists.
        """
        tenant.check()
        self._formulas.get(tenant.formula)
        there = await self.find([tenant.tenant_id])
        if not there and record is not None:
            await record()
        if there or not (await self._store.write_many([_new(tenant)]))[0]:
            raise Conflict(f"tenant {tenant.tenant_id!r} exists already")
        if self._book is not None:
            await self._book.keep([tenant])
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
        if self._book is not None:
            found.update(tenant.tenant_id for tenant in await self._book.all())
        known = await self.find(found)
        return [known[tenant_id] for tenant_id in sorted(known)]

    async def keep(self) -> None:
        """See that every tenant is in the book: those too that were made before there was one."""
        if self._book is not None:
            await self._book.keep([tenant for tenant in await self.list() if tenant != DEFAULT])

    async def _put_back(self, tenant_ids: Collection[str]) -> None:
        """Those of the tenants that the book has."""
        if self._book is not None:
            found = [tenant for tenant in await self._book.all() if tenant.tenant_id in tenant_ids]
            if found:
                await self._store.write_many([_new(tenant) for tenant in found])
            for tenant in found:
                self._note(tenant)

    def _note(self, tenant: Tenant) -> None:
        self._known[tenant.tenant_id] = tenant


def _new(tenant: Tenant) -> Write:
    return Write(keys.tenant(tenant.tenant_id), encode_tenant(tenant), ABSENT)


def no_tenant(tenant_id: str) -> NotFound:
    """The one answer for a tenant that does not exist, or is not the caller's."""
    return NotFound(f"no tenant {tenant_id[:100]!r}; make it with: mastery tenant create {tenant_id[:100]}")
