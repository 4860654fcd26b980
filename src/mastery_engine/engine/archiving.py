"""Archiving in a consumer group of its own, behind those who fold: an archive that is down delays no score.

1. Poll records, and take those that the folding group has committed: it has decided on them.
2. Judge them as the worker did; read their `processed:` records, and the documents where there is none.
3. Insert what counted, and what was given up, if absent. Nothing of an erased student.
4. Commit the offsets; what is not folded yet is read again.
"""

from __future__ import annotations

from typing import Final, final

from msgspec import Struct

from mastery_engine.contracts import keys
from mastery_engine.contracts.document import TOMBSTONE, DamagedDocument, decode_document
from mastery_engine.contracts.erasure import is_refused, refused_until
from mastery_engine.contracts.processed import read_processed
from mastery_engine.engine.judge import Accepted, Judge
from mastery_engine.engine.process import next_offsets
from mastery_engine.engine.step import StepReport
from mastery_engine.engine.step_parts import archived
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.ports import Archive, Clock, EventCodec, LogConsumer, StateStore

BEHIND_SECONDS: Final = 0.1


class ArchiverPorts(Struct, frozen=True, kw_only=True):
    """What an archiver works on.

    Attributes:
        consumer: Of the archiver's group.
        folding: A consumer of the group that folds; it is asked what is committed and never polled.
    """

    consumer: LogConsumer
    folding: LogConsumer
    store: StateStore
    archive: Archive
    clock: Clock
    codec: EventCodec


@final
class Archiver:
    """Archives what counted, a batch a step."""

    def __init__(self, ports: ArchiverPorts, tenants: TenantDirectory, pseudonyms: keys.Pseudonyms) -> None:
        """Put the parts together."""
        self._ports = ports
        self._judge = Judge(tenants, ports.codec)
        self._pseudonyms = pseudonyms

    async def step(self, limit: int, wait_seconds: float = 0.0) -> StepReport:
        """Do one step.

        Args:
            limit: Most records to take.
            wait_seconds: How long to wait for the first record.

        Returns:
            How many records are done with (`polled`) and how many events were new to the archive (`kept`).

        Raises:
            DependencyDown: A store, the log or the archive does not answer; `rewind` the consumer and try again.
        """
        ports = self._ports
        records = await ports.consumer.poll(limit, wait_seconds)
        if not records:
            return StepReport()
        committed = await ports.folding.committed()
        decided = [record for record in records if record.offset < committed.get(record.partition, 0)]
        report = StepReport(polled=len(decided))
        if decided:
            topic_id = ports.consumer.topic_id
            accepted, _ = await self._judge.judge([one for one in decided if one.value != TOMBSTONE])
            counted = await self._counted(accepted)
            report.kept = await ports.archive.add([archived(one, topic_id) for one in counted])
            await ports.consumer.commit(next_offsets(decided))
        if len(decided) < len(records):
            await ports.consumer.rewind()
            await ports.clock.sleep(BEHIND_SECONDS)
        return report

    async def _counted(self, accepted: list[Accepted]) -> list[Accepted]:
        """Those whose events count or were given up; the others have their dead letters, or are of erased students."""
        store = self._ports.store
        digests = {
            (one.event.tenant_id, one.event.student_id): self._pseudonyms.digest(
                one.event.tenant_id, one.event.student_id
            )
            for one in accepted
        }
        markers = await store.get_many([keys.erased(digest.hex()) for digest in digests.values()])
        until = {
            name: refused_until(None if marker is None else marker.value)
            for name, marker in zip(digests, markers, strict=True)
        }
        present = [
            one
            for one in accepted
            if not is_refused(
                until[one.event.tenant_id, one.event.student_id], one.event.timestamp, one.record.appended_ms
            )
        ]
        names = [keys.processed(one.event.tenant_id, one.event_id) for one in present]
        counted: list[Accepted] = []
        undecided: list[Accepted] = []
        for one, entry in zip(present, await store.get_many(names), strict=True):
            if entry is None:
                undecided.append(one)
                continue
            record = read_processed(one.event_id, entry.value)
            student = digests[one.event.tenant_id, one.event.student_id]
            # A damaged record says that the id counted, and no more: kept, for the replay that mends it.
            if record is None or (record.student == student and record.outcome.digest == one.digest):
                counted.append(one)
        return counted + await self._given_up(undecided)

    async def _given_up(self, undecided: list[Accepted]) -> list[Accepted]:
        """Those that the learner's document lists as given up: valid, and waiting among the dead letters.

        One that is damaged lists nothing, and whoever folds has given up all that came for it.
        """
        learners = list(dict.fromkeys(_document_of(one) for one in undecided))
        entries = await self._ports.store.get_many(learners)
        given_up: set[tuple[str, str]] = set()
        damaged: set[str] = set()
        for key, entry in zip(learners, entries, strict=True):
            if entry is None or entry.value == TOMBSTONE:
                continue
            try:
                letters = decode_document(entry.value).given_up
            except DamagedDocument:
                damaged.add(key)
            else:
                given_up.update((key, letter.event_id) for letter in letters if letter.event_id is not None)
        return [
            one
            for one in undecided
            if (key := _document_of(one)) in damaged or (key, one.event.event_id) in given_up
        ]


def _document_of(one: Accepted) -> str:
    return keys.document(one.event.tenant_id, one.event.student_id)
