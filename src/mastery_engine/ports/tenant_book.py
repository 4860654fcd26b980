"""Settings of tenants, kept for good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from mastery_engine.contracts.tenant import Tenant
from mastery_engine.contracts.tenant_privacy import TenantPrivacy


class TenantBook(Protocol):
    """A copy of the tenants' settings that outlives the state store. What was kept first stays.

    Only what a tenant says of the processing of its students' data changes, and is here alone.
    """

    async def keep(self, tenants: Sequence[Tenant]) -> None:
        """Keep those that are not there yet."""
        ...

    async def all(self) -> list[Tenant]:
        """All that were kept, by id."""
        ...

    async def privacy(self, tenant_id: str) -> TenantPrivacy | None:
        """What a tenant says of the processing of its students' data; None if it has said nothing."""
        ...

    async def set_privacy(self, tenant_id: str, privacy: TenantPrivacy) -> None:
        """Put this in the place of what the tenant said before."""
        ...

    async def remove(self, tenant_id: str) -> bool:
        """Forget a tenant that was erased; False if it was not there."""
        ...

    async def close(self) -> None:
        """Let go of everything; idempotent."""
        ...
