"""Part 2 of a step, its beginning: a batch's records by learner."""

from __future__ import annotations

from typing import Final, final

from mastery_engine.contracts import keys
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.engine.fold_batch import Learner
from mastery_engine.engine.formula_choice import FormulaChoice
from mastery_engine.engine.judge import Accepted
from mastery_engine.engine.step import Work
from mastery_engine.engine.tenants import TenantDirectory

_MOST_ROUNDS: Final = 20


@final
class Grouping:
    """Finds whose records they are, and what holds for these learners."""

    def __init__(
        self, tenants: TenantDirectory, formulas: FormulaChoice, pseudonyms: keys.Pseudonyms
    ) -> None:
        """Put the parts together."""
        self._tenants = tenants
        self._formulas = formulas
        self._pseudonyms = pseudonyms

    async def by_learner(self, accepted: list[Accepted]) -> list[Work]:
        """One work a learner, records in their order; flags are asked once a tenant."""
        tenants = await self._tenants.find({one.event.tenant_id for one in accepted})
        for tenant in tenants.values():
            await self._formulas.refresh(tenant)
        works: dict[tuple[str, str], Work] = {}
        for one in accepted:
            name = (one.event.tenant_id, one.event.student_id)
            work = works.get(name)
            if work is None:
                work = works[name] = Work(self.learner(tenants[name[0]], name[1]), [])
            work.records.append(one)
        return list(works.values())

    def learner(self, tenant: Tenant, student_id: str) -> Learner:
        """A student of a tenant whose flags have been asked."""
        pseudonym = self._pseudonyms.digest(tenant.tenant_id, student_id)
        return Learner(tenant, student_id, pseudonym, self._formulas.of(tenant, student_id))


def without_contest(accepted: list[Accepted]) -> list[list[Accepted]]:
    """All at once, or one after the other: behind the first event of an id, what contests the id.

    A student's records stay in their order. Who makes a chain of contests gets no more than `_MOST_ROUNDS`; what is behind
    them is judged together.
    """
    first: dict[tuple[str, bytes], tuple[bytes, int]] = {}
    reached: dict[tuple[str, str], int] = {}
    rounds: list[list[Accepted]] = [[]]
    for one in accepted:
        event = one.event
        learner = (event.tenant_id, event.student_id)
        number = reached.get(learner, 0)
        digest, told = first.setdefault((event.tenant_id, one.event_id), (one.digest, number))
        if digest != one.digest:
            number = min(max(number, told + 1), _MOST_ROUNDS - 1)
            reached[learner] = number
            if number == len(rounds):
                rounds.append([])
        rounds[number].append(one)
    return rounds if accepted else []
