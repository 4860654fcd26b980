"""What a deleted topic has left behind: outcomes that no redelivery will finish any more."""

from __future__ import annotations

from typing import Final, final

import structlog

from mastery_engine.contracts import keys
from mastery_engine.contracts.document import DamagedDocument
from mastery_engine.engine.fold_batch import unfinished
from mastery_engine.engine.formula_choice import FormulaChoice
from mastery_engine.engine.grouping import Grouping
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
                works = [Work(self._grouping.learner(tenant, one), []) for one in students if one is not None]
                try:
                    processed = (await self._parts.read(works)).get(tenant.tenant_id, {})
                except DamagedDocument:
                    works = await self._readable(works)
                    processed = (await self._parts.read(works)).get(tenant.tenant_id, {})
                works = [work for work in works if work.document.offsets.keys() - {topic_id}]
                for work in works:
                    work.document.outcomes = unfinished(work.document, processed, work.learner.pseudonym)
                    finished += len(work.document.outcomes)
                await self._parts.send(works)
                await self._parts.mark(works)
        return finished

    async def _readable(self, works: list[Work]) -> list[Work]:
        """Those whose documents can be read; the others wait for a replay."""
        readable: list[Work] = []
        for work in works:
            try:
                await self._parts.read([work])
            except DamagedDocument as error:
                _log.error("document passed over", student=work.learner.pseudonym.hex(), error=error.message)
            else:
                readable.append(work)
        return readable
