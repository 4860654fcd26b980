"""A school's events out of the log, as an archive would have kept them, for a replay without the archive.

1. Note the topic's id and its ends; read from the earliest record to there, by the time at which records entered.
2. Judge each record as of then, as whoever folds did. What breaks a rule is passed over.
3. Pass over what is older than the school's retention, and events of erased students.
4. Where the `processed:` record of an event's id tells of another student or content, that one counted: pass over this one.
5. Keep the first event of each id.
6. If the topic is another one by now, all of it is worth nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from msgspec import Struct

from mastery_engine.contracts import keys
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.domain.rules import MAX_AHEAD_MS
from mastery_engine.engine.held import Held
from mastery_engine.engine.judge import Accepted, Judge
from mastery_engine.engine.known_events import KnownEvents
from mastery_engine.engine.log_order import in_order
from mastery_engine.engine.replay_report import TopicRead
from mastery_engine.engine.step_parts import archived
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.ports import Archive, Clock, ErasureLedger, EventCodec, EventLog, Record, StateStore


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
        self._known = KnownEvents(ports.store, pseudonyms)
        self._pseudonyms = pseudonyms

    async def copy(
        self, tenant: Tenant, into: Archive, progress: Callable[[int, int], None] | None = None
    ) -> tuple[Held, TopicRead]:
        """Copy the events of a tenant.

        Args:
            tenant: Whose events.
            into: Empty; of one event id it keeps the first, whatever student that is of.
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
            kept = await into.add([archived(one, topic_id) for one in chosen])
            read.repeats += len(chosen) - kept
            read.kept += kept
            if progress is not None:
                progress(len(batch), sum(ends.values()))
        if await log.topic_id() != topic_id:
            raise DependencyDown(f"{log.topic} was deleted and made again while it was read; begin again")
        return _held(topic_id, ends, firsts, now_ms), read

    async def _chosen(
        self, tenant_id: str, batch: list[Record], oldest_ms: int, read: TopicRead
    ) -> list[Accepted]:
        """Those of a batch that count, each id once."""
        accepted, refused = await self._judge.judge(batch)
        read.refused += sum(one.event is None or one.event.tenant_id == tenant_id for one in refused)
        mine = [one for one in accepted if one.event.tenant_id == tenant_id]
        young = [one for one in mine if one.event.timestamp >= oldest_ms]
        read.outlived += len(mine) - len(young)
        present = await self._present(tenant_id, young)
        read.erased += len(young) - len(present)
        first: dict[bytes, Accepted] = {}
        verdicts = await self._known.look_up([one.event for one in present])
        for one, verdict in zip(present, verdicts, strict=True):
            if verdict is not True and verdict is not None:
                read.refused += 1
            elif first.setdefault(one.event_id, one) is not one:
                read.repeats += 1
        return list(first.values())

    async def _present(self, tenant_id: str, accepted: list[Accepted]) -> list[Accepted]:
        """Those whose students are not erased."""
        hashes = {
            student: self._pseudonyms.of(tenant_id, student)
            for student in {one.event.student_id for one in accepted}
        }
        names = list(hashes)
        markers = await self._ports.store.get_many([keys.erased(hashes[name]) for name in names])
        marked = {name for name, marker in zip(names, markers, strict=True) if marker is not None}
        erasures = await self._ports.erasures.find(tenant_id, list(hashes.values()))
        return [
            one
            for one in accepted
            if one.event.student_id not in marked
            and not (
                (erasure := erasures.get(hashes[one.event.student_id]))
                and erasure.refuses(one.event.timestamp)
            )
        ]


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
