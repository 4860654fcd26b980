"""Feature flags."""

from __future__ import annotations

from typing import Protocol

from mastery_engine.domain.formulas import Rollout


class Flags(Protocol):
    """Feature flags: which formula a tenant's students get."""

    async def formula_rollout(self, tenant_id: str, tenant_formula: str) -> Rollout:
        """The rollout in force for a tenant, whose own setting names `tenant_formula`."""
        ...
