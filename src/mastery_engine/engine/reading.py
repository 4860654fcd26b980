"""Reading learners: who may, on record; then one read of one document each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, final

from msgspec import Struct

from mastery_engine.contracts import keys
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.calendar import Calendar, date_of, day_of
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.learner import LearnerState
from mastery_engine.domain.scores import Formula, Result
from mastery_engine.engine.access import Access, Caller, not_found
from mastery_engine.engine.formula_choice import FormulaChoice
from mastery_engine.engine.learners import Learners
from mastery_engine.engine.policy import Action
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.ports import Clock

FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(9998, 12, 31)
"""What is foreseen from a day, at most a year ahead, must have a date too."""


class Reading(Struct, frozen=True, kw_only=True):
    """A learner as read for one answer.

    Attributes:
        tenant: The student's.
        student_id: Whose.
        state: All evidence; `day` says up to where it counts.
        formula: In force, or the one asked for.
        day: Number of the day that the answer is as of.
    """

    tenant: Tenant
    student_id: str
    state: LearnerState
    formula: Formula
    day: int

    @property
    def as_of(self) -> date:
        """Day that the answer is as of."""
        return date_of(self.day)

    def result(self, course_id: str | None) -> Result:
        """Result of a scope.

        Raises:
            NotFound: No event of the scope up to the day.
            HistoryNotKept: The day is before the kept ones.
        """
        return self.state.result(self.formula, self.day, course_id)


@final
class Reader:
    """Gives learners to those who may see them.

    Attributes:
        access: Decides, and leaves the record.
    """

    def __init__(
        self,
        learners: Learners,
        tenants: TenantDirectory,
        formulas: FormulaChoice,
        access: Access,
        clock: Clock,
    ) -> None:
        """Put the parts together."""
        self._learners = learners
        self._tenants = tenants
        self._formulas = formulas
        self.access = access
        self._clock = clock

    async def one(
        self,
        caller: Caller,
        action: Action,
        student_id: str,
        as_of: date | None = None,
        formula: str | None = None,
    ) -> Reading:
        """One learner.

        Args:
            caller: Who asks.
            action: What for.
            student_id: Whose data.
            as_of: Day of the answer; None means today in the tenant's time zone.
            formula: Name of another formula than the one in force.

        Raises:
            NotAllowed: The caller's role may not.
            NotFound: No such student, nothing of the student, or not the caller's to see; or no such formula.
            InvalidInput: A day out of all bounds.
        """
        tenant, day = await self.day(caller, as_of)
        await self.access.permit(caller, action, [student_id], self.today(tenant))
        (state,) = await self._learners.many([keys.document(tenant.tenant_id, student_id)])
        if state is None:
            raise not_found()
        return await self._reading(tenant, student_id, state, day, formula)

    async def many(
        self, caller: Caller, action: Action, student_ids: Sequence[str], as_of: date | None = None
    ) -> dict[str, Reading]:
        """Those of the learners who exist and are the caller's to see; the rest is on record as refused.

        Raises:
            NotAllowed: The caller's role may not.
            InvalidInput: A day out of all bounds.
        """
        tenant, day = await self.day(caller, as_of)
        visible = await self.access.visible(caller, action, student_ids, self.today(tenant))
        return await self.known(tenant, visible, day)

    async def known(self, tenant: Tenant, student_ids: Sequence[str], day: int) -> dict[str, Reading]:
        """Those of the learners who exist; the access must be on record already."""
        states = await self._learners.many([keys.document(tenant.tenant_id, one) for one in student_ids])
        await self._formulas.refresh(tenant)
        found: dict[str, Reading] = {}
        for student_id, state in zip(student_ids, states, strict=True):
            if state is not None:
                chosen = self._formulas.of(tenant, student_id)
                found[student_id] = Reading(
                    tenant=tenant, student_id=student_id, state=state, formula=chosen, day=day
                )
        return found

    async def known_one(self, tenant: Tenant, student_id: str, on: date) -> Reading:
        """One of them; the access must be on record already.

        Raises:
            NotFound: No such student, or nothing of the student.
        """
        found = await self.known(tenant, [student_id], day_of(on))
        if student_id not in found:
            raise not_found()
        return found[student_id]

    async def refresh(self, caller: Caller, student_ids: Sequence[str]) -> None:
        """Let what is read of these students from now on be as the store has it now, or newer; nothing is told of them."""
        await self._learners.refresh([keys.document(caller.tenant_id, one) for one in student_ids])

    async def day(self, caller: Caller, as_of: date | None) -> tuple[Tenant, int]:
        """The caller's tenant, and the number of the day of the answer.

        Raises:
            NotFound: No such tenant.
            InvalidInput: A day out of all bounds.
        """
        tenant = await self._tenants.get(caller.tenant_id)
        if as_of is None:
            return tenant, self._today(tenant)
        if not FIRST_DAY <= as_of <= LAST_DAY:
            rule = f"must be from {FIRST_DAY.isoformat()} to {LAST_DAY.isoformat()}"
            raise InvalidInput.of(Problem("as_of", as_of.isoformat(), rule))
        return tenant, day_of(as_of)

    def today(self, tenant: Tenant) -> date:
        """Today in the tenant's time zone: the day whose rosters give a teacher rights.

        Not the day of the answer: who no longer teaches a student sees nothing more, past days included.
        """
        return date_of(self._today(tenant))

    async def formula(self, tenant: Tenant, student_id: str | None, name: str | None) -> Formula:
        """The formula asked for, else the student's, else the tenant's."""
        if name is not None:
            return self._formulas.get(name)
        if student_id is None:
            return self._formulas.get(tenant.formula)
        return await self._formulas.now(tenant, student_id)

    def _today(self, tenant: Tenant) -> int:
        return Calendar(tenant.time_zone).day(self._clock.now_ms())

    async def _reading(
        self, tenant: Tenant, student_id: str, state: LearnerState, day: int, formula: str | None
    ) -> Reading:
        chosen = await self.formula(tenant, student_id, formula)
        return Reading(tenant=tenant, student_id=student_id, state=state, formula=chosen, day=day)
