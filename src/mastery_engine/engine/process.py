"""The event's way: one step of a worker, in eight numbered parts that survive a crash between and inside any two.

1. Poll records; judge each. What cannot count becomes a dead letter, its id derived from topic id, partition and offset.
2. Group by student. Read the learners' documents, then the `processed:` records of the batch's ids and of the documents'
   outcomes, in this order; without a document, the erasure marker. All again after every conflict.
3. Per student, in offset order: pass over what was folded before, fold the rest, note outcomes (`fold_batch`).
4. Write each changed document by compare-and-set, whole. Conflict: back to 2 for that student.
5. Derived keys; and the archive, redelivered events and repeats included.
6. Send the outputs of every outcome without a `processed:` record; wait until they are acknowledged.
7. Write the `processed:` records of those outcomes; where this step archives, only of those whose records it has archived:
   the others are sent again with their own records, which come again.
8. Commit the offsets.

So `processed:` means "folded, and its outputs sent"; the document's offsets and outcomes close the gap before it.
Dead letters are stored before the document that passes over their records, and those of given-up events, which the document
names first, at every reading of it. A record whose event id stands for another event earlier in the batch goes through 2 to 7
after that one, so that only what is stored refuses it. A step past its deadline writes nothing more and starts over.

The order is here; what each part reads and writes is in `step_parts`, what becomes of a batch that fails in `poison`, and who
finishes what no redelivery will in `leftovers`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, final

import structlog

from mastery_engine.contracts import keys
from mastery_engine.contracts.document import TOMBSTONE
from mastery_engine.domain.errors import InvalidInput, MasteryError
from mastery_engine.engine.derived import DerivedKeys
from mastery_engine.engine.fold_batch import fold_batch
from mastery_engine.engine.formula_choice import FormulaChoice
from mastery_engine.engine.grouping import Grouping, without_contest
from mastery_engine.engine.judge import Accepted, Judge, Refused
from mastery_engine.engine.leftovers import Leftovers
from mastery_engine.engine.lifetimes import Lifetimes
from mastery_engine.engine.poison import PoisonGuard
from mastery_engine.engine.step import MOST_CONFLICTS, Ports, Step, StepReport, Work, never_at_rest
from mastery_engine.engine.step_parts import Parts
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.engine.together import Together, together
from mastery_engine.ports import Record

_log: Final = structlog.get_logger(__name__)


@final
class Processor:
    """Folds the log into the learners' documents, a batch a step."""

    def __init__(
        self,
        ports: Ports,
        tenants: TenantDirectory,
        formulas: FormulaChoice,
        pseudonyms: keys.Pseudonyms,
        lifetimes: Lifetimes,
        derived: DerivedKeys,
        together: Together = together,
    ) -> None:
        """Put the parts together; nothing is read or written yet."""
        self._ports = ports
        self._judge = Judge(tenants, ports.codec)
        self._grouping = Grouping(tenants, formulas, pseudonyms)
        self._parts = Parts(ports, formulas, lifetimes, derived)
        self._guard = PoisonGuard(ports, self._parts, self._attempt)
        self._leftovers = Leftovers(ports, self._parts, tenants, formulas, self._grouping)
        self._together = together
        self._topic_id = ""

    async def step(self, limit: int, wait_seconds: float = 0.0) -> StepReport:
        """Do one step.

        Args:
            limit: Most records to take.
            wait_seconds: How long to wait for the first record.

        Raises:
            DependencyDown: A store or the log does not answer; `rewind` the consumer and try again.
            NewerVersion: A newer release wrote a document; upgrade.
            StepLate: The step took too long; `rewind` and try again.
        """
        ports, report = self._ports, StepReport()
        # 1. Poll and judge.
        records = await ports.consumer.poll(limit, wait_seconds)
        await self._meet(ports.consumer.topic_id, report)
        if not records:
            return report
        report.polled = len(records)
        step = Step(ports.consumer.topic_id, ports, report)
        # What an eraser has left in place of a record is passed over; its offset is committed like any.
        present = [record for record in records if record.value != TOMBSTONE]
        report.erased = len(records) - len(present)
        accepted, refused = await self._judged(present)
        await self._parts.store_letters(step, refused)
        report.refused = len(refused)
        # 2 to 7, together where all goes well.
        for part in without_contest(accepted):
            await self._guard.run(step, await self._grouping.by_learner(part))
        # 8. Commit.
        step.check_deadline()
        await ports.consumer.commit(next_offsets(records))
        return report

    async def _attempt(self, step: Step, works: list[Work]) -> None:
        parts = self._parts
        done: list[Work] = []
        waiting = works
        for _ in range(MOST_CONFLICTS):
            # 2. Documents, then processed records.
            processed = await parts.read(waiting)
            # 3. Fold.
            for work in waiting:
                if not work.erased:
                    tenant_id = work.learner.tenant.tenant_id
                    work.batch = fold_batch(
                        work.learner,
                        work.document,
                        work.records,
                        step.topic_id,
                        processed.get(tenant_id, {}),
                    )
            await parts.store_letters(step, [refused for work in waiting for refused in work.batch.refused])
            # 4. Write.
            conflicts = await parts.write(step, waiting)
            lost = {id(work) for work in conflicts}
            done += [work for work in waiting if id(work) not in lost]
            step.report.conflicts += len(conflicts)
            waiting = conflicts
            if not waiting:
                break
        else:
            raise never_at_rest()
        present = [work for work in done if not work.erased]
        # 5 and 6. Derived keys, archive and outputs: none of them reads another.
        step.check_deadline()
        await self._together(
            parts.send(step, present), parts.archive(present, step.topic_id), parts.derive(step, present)
        )
        # 7. Processed records.
        await parts.mark(step, present, archived=self._ports.archive is not None)
        await parts.slim(step, present)
        step.report.count(done)

    async def complete(self, topic_id: str = "") -> int:
        """Parts 6 and 7 for every document with an outcome that has no `processed:` record.

        Needed after a change of the topic's id, when no redelivery will finish what a crash left behind.

        Args:
            topic_id: The topic as it is now, to pass over documents that know no other: their records come again.

        Returns:
            How many outcomes were finished.
        """
        return await self._leftovers.complete(topic_id, StepReport())

    async def _meet(self, topic_id: str, report: StepReport) -> None:
        """Finish what a topic deleted since has left behind; nothing committed in this one means that it may be new."""
        if topic_id != self._topic_id:
            if self._topic_id or not await self._ports.consumer.committed():
                await self._leftovers.complete(topic_id, report)
            self._topic_id = topic_id

    async def _judged(self, records: Sequence[Record]) -> tuple[list[Accepted], list[Refused]]:
        """Judge together; one by one if judging itself fails, since no record may stop the others."""
        try:
            return await self._judge.judge(records)
        except MasteryError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the record goes to the dead letters
            if len(records) == 1:
                _log.error(
                    "record cannot be judged", error=repr(error), offset=records[0].offset, exc_info=error
                )
                reason = f"cannot be judged: {type(error).__name__}: {error}"
                return [], [Refused(records[0], InvalidInput(reason, reason="not_judged"))]
        accepted: list[Accepted] = []
        refused: list[Refused] = []
        for record in records:
            good, bad = await self._judged([record])
            accepted += good
            refused += bad
        return accepted, refused


def next_offsets(records: Iterable[Record]) -> dict[int, int]:
    """By partition, the offset behind the last of the records."""
    offsets: dict[int, int] = {}
    for record in records:
        offsets[record.partition] = max(record.offset + 1, offsets.get(record.partition, 0))
    return offsets
