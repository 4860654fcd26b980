"""Dead letters that have outlived their school's retention: they hold personal data like the archive does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, final

from mastery_engine.contracts.keys import DEFAULT_TENANT
from mastery_engine.contracts.tenant import SHORTEST_RETENTION_DAYS, Tenant
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.ports import DeadLetter, DeadLetters

_PAGE: Final = 500


@final
class OldLetters:
    """Finds them and takes them away, in short transactions. Age counts from when they failed."""

    def __init__(self, letters: DeadLetters, tenants: TenantDirectory) -> None:
        """Look at these letters, and know these schools."""
        self._letters = letters
        self._tenants = tenants

    async def count(self, tenant: Tenant, now_ms: int) -> int:
        """How many of a school's letters would go now; those of no known school are of the school `default`."""
        return sum([len(page) async for page in self._old(tenant, now_ms)])

    async def drop(self, tenant: Tenant, now_ms: int) -> int:
        """Take them away; returns how many."""
        return sum(
            [
                await self._letters.remove([one.letter_id for one in page])
                async for page in self._old(tenant, now_ms)
            ]
        )

    async def _old(self, tenant: Tenant, now_ms: int) -> AsyncIterator[list[DeadLetter]]:
        if tenant.retention_days is None:
            return
        before_ms = now_ms - max(tenant.retention_days, SHORTEST_RETENTION_DAYS) * DAY_MS
        # One that names no school, or none that there is, is found only among all.
        is_default = tenant.tenant_id == DEFAULT_TENANT
        wanted = None if is_default else tenant.tenant_id
        after: str | None = None
        while page := await self._letters.find(tenant_id=wanted, after=after, limit=_PAGE):
            after = page[-1].letter_id
            old = [one for one in page if one.failed_at_ms < before_ms]
            if is_default:
                others = await self._tenants.find({one.tenant_id for one in old if one.tenant_id})
                old = [
                    one
                    for one in old
                    if one.tenant_id in {None, DEFAULT_TENANT} or one.tenant_id not in others
                ]
            if old:
                yield old
