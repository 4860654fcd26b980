"""What a deleted topic has left behind: outcomes that no redelivery will finish any more."""

from __future__ import annotations

from typing import Final, final

import structlog

from mastery_engine.contracts import keys
from mastery_engine.engine.fold_batch import Learner, unfinished
from mastery_engine.engine.formula_choice import FormulaChoice
from mastery_engine.engine.grouping import Grouping
from mastery_engine.engine.poison import is_poison
from mastery_engine.engine.step import MOST_CONFLICTS, Ports, Step, StepLate, StepReport, Work, never_at_rest
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

    async def complete(self, topic_id: str, report: StepReport) -> int:
        """Parts 6 and 7 for every document with an outcome that has no `processed:` record.

        Part 5 too, as far as it goes: what was not archived is gone with its topic, so that the document notes it, and
        no replay takes it out of the state.

        Args:
            topic_id: Pass over documents that know no other topic; empty passes over none.
            report: Told how many events the archive lacks.

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
                finished += await self._finish(learners, topic_id, report)
        return finished

    async def _finish(self, learners: list[Learner], topic_id: str, report: StepReport) -> int:
        """Together where all goes well, else one by one: what cannot be read waits for a replay, and stops nobody."""
        try:
            return await self._parts_5_to_7(learners, topic_id, report)
        except StepLate:
            if len(learners) == 1:
                raise
        except Exception as error:
            if not is_poison(error):
                raise
            if len(learners) == 1:
                _log.error("document passed over", student=learners[0].pseudonym.hex(), error=str(error))
                return 0
        return sum([await self._finish([one], topic_id, report) for one in learners])

    async def _parts_5_to_7(self, learners: list[Learner], topic_id: str, report: StepReport) -> int:
        works = [Work(one, []) for one in learners]
        for _ in range(MOST_CONFLICTS):
            # An eraser waits for it as for one of a worker.
            step = Step(topic_id, self._ports, report)
            works = await self._unfinished(works, topic_id)
            if not await self._note_unarchived(step, works):
                break
        else:
            raise never_at_rest()
        await self._parts.send(step, works)
        await self._parts.mark(step, works)
        return sum(len(work.document.outcomes) for work in works)

    async def _unfinished(self, works: list[Work], topic_id: str) -> list[Work]:
        """Those that have outcomes to finish, read anew, and no others."""
        processed = await self._parts.read(works)
        works = [work for work in works if work.document.offsets.keys() - {topic_id}]
        for work in works:
            records = processed.get(work.learner.tenant.tenant_id, {})
            work.document.outcomes = unfinished(work.document, records, work.learner.pseudonym)
        return [work for work in works if work.document.outcomes]

    async def _note_unarchived(self, step: Step, works: list[Work]) -> bool:
        """Note in the documents what the archive lacks; whether somebody else had changed one meanwhile."""
        archive = self._ports.archive
        if archive is None:
            return False
        noted: dict[str, int] = {}
        for work in works:
            document, learner = work.document, work.learner
            events = await archive.of_student(learner.tenant.tenant_id, learner.student_id)
            held = {
                bytes.fromhex(one.event_id.replace("-", "")) for one in events
            } | document.unarchived.keys()
            lacking = {
                one.event_id: one.day
                for one in document.outcomes
                if one.event_id not in held and one.answer is None
            }
            if lacking:
                document.unarchived = document.unarchived | lacking
                work.batch.changed = True
                noted[learner.key] = len(lacking)
                _log.warning("events not archived", student=learner.pseudonym.hex(), events=len(lacking))
        conflicts = await self._parts.write(step, works)
        step.report.unarchived += sum(noted.values()) - sum(
            noted.get(one.learner.key, 0) for one in conflicts
        )
        return bool(conflicts)
