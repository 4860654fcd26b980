"""Settings of a tenant that may change: what it says of the processing of its students' data."""

from __future__ import annotations

from typing import final

from mastery_engine.contracts.tenant_privacy import TenantPrivacy
from mastery_engine.domain.calendar import moment_of
from mastery_engine.engine.access import Access, Caller
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.ports import Clock, TenantBook


@final
class TenantSettings:
    """Read from the records each time: it is asked for seldom."""

    def __init__(
        self, book: TenantBook | None, tenants: TenantDirectory, access: Access, clock: Clock
    ) -> None:
        """Put the parts together.

        Args:
            book: Where they are; None where nobody may ask the records, so that the defaults hold.
            tenants: Which tenants there are.
            access: Decides, and leaves the record.
            clock: Stamps a change.
        """
        self._book = book
        self._tenants = tenants
        self._access = access
        self._clock = clock

    async def privacy(self, tenant_id: str) -> TenantPrivacy:
        """What a tenant says, the defaults where it has said nothing.

        Raises:
            DependencyDown: The records do not answer.
        """
        found = None if self._book is None else await self._book.privacy(tenant_id)
        return found or TenantPrivacy()

    async def set_privacy(self, caller: Caller, privacy: TenantPrivacy) -> TenantPrivacy:
        """Put this in the place of what the caller's tenant said before; recorded.

        Raises:
            NotAllowed: The caller's role may not.
            NotFound: There is no such tenant.
            InvalidInput: A field breaks a rule.
        """
        today = moment_of(self._clock.now_ms()).date()
        await self._access.permit(caller, "tenants.write", (), today)
        await self._tenants.get(caller.tenant_id)
        privacy.check()
        detail = {"legal_basis": privacy.legal_basis}
        await self._access.record(caller, "tenants.write", (), allowed=True, detail=detail)
        if self._book is not None:
            await self._book.set_privacy(caller.tenant_id, privacy)
        return privacy
