"""Which formula a student gets: the tenant's own, or the share of a rollout that the student falls into."""

from __future__ import annotations

from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.formulas import Formulas, Rollout
from mastery_engine.domain.scores import Formula
from mastery_engine.ports import Flags


class FormulaChoice:
    """Formulas by tenant and student; flags are asked once for a tenant and batch, not for each event."""

    def __init__(self, formulas: Formulas, flags: Flags) -> None:
        """Use formulas and flags."""
        self._formulas = formulas
        self._flags = flags
        self._rollouts: dict[str, Rollout] = {}

    async def refresh(self, tenant: Tenant) -> None:
        """Ask the flags for the tenant's rollout in force."""
        self._rollouts[tenant.tenant_id] = await self._flags.formula_rollout(tenant.tenant_id, tenant.formula)

    def of(self, tenant: Tenant, student_id: str) -> Formula:
        """The student's formula; the tenant must have been refreshed.

        Raises:
            NotFound: Flags or tenant name a formula that does not exist.
        """
        rollout = self._rollouts[tenant.tenant_id]
        return self._formulas.get(rollout.formula_for(tenant.tenant_id, student_id, tenant.formula))

    async def now(self, tenant: Tenant, student_id: str) -> Formula:
        """The student's formula, flags asked first."""
        await self.refresh(tenant)
        return self.of(tenant, student_id)

    def get(self, name: str) -> Formula:
        """Formula of a name or `name@version`.

        Raises:
            NotFound: There is none.
        """
        return self._formulas.get(name)
