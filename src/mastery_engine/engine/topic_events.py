"""A school's events out of the log, as an archive would have kept them, for a replay without the archive.

1. Note the topic's id and its ends; read from the earliest record to there, by the time at which records entered.
2. Judge each record as of then, as whoever folds did. What breaks a rule is passed over.
3. Pass over what is older than the school's retention, and events of erased students.
4. Where the `processed:` record of an event's id tells of another student or content, that one counted: pass over this one.
5. Keep the first event of each id.
6. If the topic is another one by now, all of it is worth nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, final

from msgspec import Struct

from mastery_engine.contracts import keys
from mastery_engine.contracts.document import TOMBSTONE
from mastery_engine.contracts.erasure import is_refused, refused_until
from mastery_engine.contracts.processed import read_processed
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.domain.rules import MAX_AHEAD_MS
from mastery_engine.engine.held import Held
from mastery_engine.engine.judge import Accepted, Judge
from mastery_engine.engine.log_order import in_order
from mastery_engine.engine.replay_report import TopicRead
from mastery_engine.engine.step_parts import archived
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.ports import ArchivedEvent, Clock, ErasureLedger, EventCodec, EventLog, Record, StateStore


class FirstEvents(Protocol):
    """Where events are copied to."""

    async def add(self, events: Sequence[ArchivedEvent]) -> int:
        """Take events, in the order in which they came, each id once in a call; returns how many."""
        ...

    async def finish(self) -> int:
        """Keep the first event of each id, whatever student that is of; returns how many went."""
        ...


class TopicPorts(Struct, frozen=True, kw_only=True):
    """What is read.

    Attributes:
        erasures: Beside the markers in the store, which may be lost.
    """

    log: EventLog
    codec: EventCodec
    store: StateStore
    erasures: ErasureLedger
    clock: Clock


@final
class TopicEvents:
    """Copies a school's events out of the log."""

    def __init__(self, ports: TopicPorts, tenants: TenantDirectory, pseudonyms: keys.Pseudonyms) -> None:
        """Put the parts together."""
        self._ports = ports
        self._judge = Judge(tenants, ports.codec)
        self._pseudonyms = pseudonyms

    async def copy(
        self, tenant: Tenant, into: FirstEvents, progress: Callable[[int, int], None] | None = None
    ) -> tuple[Held, TopicRead]:
        """Copy the events of a tenant.

        Args:
            tenant: Whose events.
            into: Empty.
            progress: Told how many records were read, and how many there are at most.

        Returns:
            What of the log is held then, and what became of its records.

        Raises:
            DependencyDown: The log, the registry or a store does not answer; or the topic was deleted meanwhile.
        """
        log, now_ms = self._ports.log, self._ports.clock.now_ms()
        topic_id, ends = await log.topic_id(), await log.ends()
        oldest_ms = (
            0 if tenant.retention_days is None else (now_ms // DAY_MS - tenant.retention_days + 1) * DAY_MS
        )
        read = TopicRead()
        firsts: dict[int, Record] = {}
        async for batch in in_order(log, ends):
            for record in batch:
                firsts.setdefault(record.partition, record)
            chosen = await self._chosen(tenant.tenant_id, batch, oldest_ms, read)
            read.kept += await into.add([archived(one, topic_id) for one in chosen])
            if progress is not None:
                progress(len(batch), sum(ends.values()))
        repeats = await into.finish()
        read.kept -= repeats
        read.repeats += repeats
        if await log.topic_id() != topic_id:
            raise DependencyDown(f"{log.topic} was deleted and made again while it was read; begin again")
        return _held(topic_id, ends, firsts, now_ms), read

    async def _chosen(
        self, tenant_id: str, batch: list[Record], oldest_ms: int, read: TopicRead
    ) -> list[Accepted]:
        """Those of a batch that count, each id once."""
        present = [record for record in batch if record.value != TOMBSTONE]
        read.erased += len(batch) - len(present)
        accepted, refused = await self._judge.judge(present)
        read.refused += sum(one.event is None or one.event.tenant_id == tenant_id for one in refused)
        mine = [one for one in accepted if one.event.tenant_id == tenant_id]
        young = [one for one in mine if one.event.timestamp >= oldest_ms]
        read.outlived += len(mine) - len(young)
        digests = {
            student: self._pseudonyms.digest(tenant_id, student)
            for student in {one.event.student_id for one in young}
        }
        kept = await self._present(tenant_id, young, digests)
        read.erased += len(young) - len(kept)
        first: dict[bytes, Accepted] = {}
        names = [keys.processed(tenant_id, one.event_id) for one in kept]
        for one, entry in zip(kept, await self._ports.store.get_many(names), strict=True):
            if entry is not None and _is_another(one, digests[one.event.student_id], entry.value):
                read.refused += 1
            elif first.setdefault(one.event_id, one) is not one:
                read.repeats += 1
        return list(first.values())

    async def _present(
        self, tenant_id: str, accepted: list[Accepted], digests: dict[str, bytes]
    ) -> list[Accepted]:
        """Those whose students are not erased."""
        hashes = {student: digest.hex() for student, digest in digests.items()}
        markers = await self._ports.store.get_many([keys.erased(one) for one in hashes.values()])
        until = {
            student: refused_until(None if marker is None else marker.value)
            for student, marker in zip(hashes, markers, strict=True)
        }
        erasures = await self._ports.erasures.find(tenant_id, list(hashes.values()))

        def is_erased(one: Accepted) -> bool:
            student = one.event.student_id
            erasure = erasures.get(hashes[student])
            entered = (one.event.timestamp, one.record.appended_ms)
            return is_refused(until[student], *entered) or (
                erasure is not None and erasure.refuses(min(entered))
            )

        return [one for one in accepted if not is_erased(one)]


def _is_another(one: Accepted, student: bytes, processed: bytes) -> bool:
    """Whether a `processed:` record tells of another event under the same id; a damaged one tells nothing."""
    record = read_processed(one.event_id, processed)
    return record is not None and (record.student != student or record.outcome.digest != one.digest)


def _held(topic_id: str, ends: dict[int, int], firsts: dict[int, Record], now_ms: int) -> Held:
    """What is held by somebody who has read from the earliest records to the ends.

    An event enters at most five minutes before its own time: those that are younger than a partition's earliest record by more
    than that have entered after it.
    """
    entered = {
        partition: firsts[partition].appended_ms if partition in firsts else now_ms
        for partition, end in ends.items()
        if end > 0
    }
    trimmed = [
        when for partition, when in entered.items() if partition not in firsts or firsts[partition].offset > 0
    ]
    return Held(
        topic_id=topic_id,
        ends=ends,
        whole_since_ms=max(trimmed) + MAX_AHEAD_MS if trimmed else 0,
        began_ms=min(entered.values(), default=now_ms) + MAX_AHEAD_MS,
        is_final=True,
    )
