"""What a deleted topic has left behind: outcomes that no redelivery will finish any more."""

from __future__ import annotations

from typing import Final, final

import structlog

from mastery_engine.contracts import keys
from mastery_engine.engine.fold_batch import Learner, unfinished
from mastery_engine.engine.formula_choice import FormulaChoice
from mastery_engine.engine.grouping import Grouping
from mastery_engine.engine.poison import is_poison
from mastery_engine.engine.step import Ports, Work
from mastery_engine.engine.step_parts import Parts
from mastery_engine.engine.tenants import TenantDirectory

_log: Final = structlog.get_logger(__name__)


@final
class Leftovers:
    """Finishes them, in one pass over all documents."""

    def __init__(
        self,
        ports: Ports,
        parts: Parts,
        tenants: TenantDirectory,
        formulas: FormulaChoice,
        grouping: Grouping,
    ) -> None:
        """Put the parts together."""
        self._ports = ports
        self._parts = parts
        self._tenants = tenants
        self._formulas = formulas
        self._grouping = grouping

    async def complete(self, topic_id: str) -> int:
        """Parts 6 and 7 for every document with an outcome that has no `processed:` record.

        Args:
            topic_id: Pass over documents that know no other topic; empty passes over none.

        Returns:
            How many outcomes were finished.
        """
        finished = 0
        for tenant in await self._tenants.list():
            await self._formulas.refresh(tenant)
            prefix = keys.learner(tenant.tenant_id, "")
            async for batch in self._ports.store.scan(prefix):
                students = [keys.student_of_document(key, prefix) for key in batch]
                learners = [self._grouping.learner(tenant, one) for one in students if one is not None]
                finished += await self._finish(learners, topic_id)
        return finished

    async def _finish(self, learners: list[Learner], topic_id: str) -> int:
        """Together where all goes well, else one by one: what cannot be read waits for a replay, and stops nobody."""
        try:
            return await self._send_and_mark(learners, topic_id)
        except Exception as error:
            if not is_poison(error):
                raise
            if len(learners) == 1:
                _log.error("document passed over", student=learners[0].pseudonym.hex(), error=str(error))
                return 0
        return sum([await self._finish([one], topic_id) for one in learners])

    async def _send_and_mark(self, learners: list[Learner], topic_id: str) -> int:
        works = [Work(one, []) for one in learners]
        processed = await self._parts.read(works)
        works = [work for work in works if work.document.offsets.keys() - {topic_id}]
        for work in works:
            records = processed.get(work.learner.tenant.tenant_id, {})
            work.document.outcomes = unfinished(work.document, records, work.learner.pseudonym)
        await self._parts.send(works)
        await self._parts.mark(works)
        return sum(len(work.document.outcomes) for work in works)
