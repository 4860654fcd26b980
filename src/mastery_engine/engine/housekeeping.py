"""Clearing away what has outlived its retention: expired keys, old days of the archive, old records of the logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, final

from msgspec import Struct

from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.engine.retention import OldDays, Retention
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.ports import Clock, EventLog, StateStore

REQUESTS_KEPT_MS: Final = 7 * DAY_MS
RESULTS_KEPT_MS: Final = 2 * DAY_MS


class LogRetention(NamedTuple):
    """How long a topic keeps its records.

    Attributes:
        kept_ms: Age from which records go.
        group: Consumer group that must have committed everything first; None waits for nobody.
    """

    log: EventLog
    kept_ms: int
    group: str | None


class Cleared(Struct, frozen=True, kw_only=True):
    """What was cleared away: keys, archived events, records, dead letters."""

    keys: int
    archived: int
    records: int
    letters: int = 0


@final
class Housekeeping:
    """Clears away, in short transactions; interrupted, it goes on the next time."""

    def __init__(
        self,
        store: StateStore | None,
        retention: Retention | None,
        tenants: TenantDirectory,
        logs: Sequence[LogRetention],
        clock: Clock,
    ) -> None:
        """Put the parts together.

        Args:
            store: Whose expired keys go; None if the retention clears it, or nobody is to.
            retention: What outlives a school's retention; None if somebody else sees to it, or nobody is to.
            tenants: Written into the records.
            logs: Whose old records go.
            clock: Says what is old.
        """
        self._store = store
        self._retention = retention
        self._tenants = tenants
        self._logs = logs
        self._clock = clock

    async def clear(self) -> Cleared:
        """Clear away what may go now.

        Raises:
            DependencyDown: A store or log does not answer.
        """
        now_ms = self._clock.now_ms()
        gone: list[OldDays] = []
        if self._retention is not None:
            await self._tenants.keep()
            gone = await self._retention.drop_by_itself()
        records = 0
        for log, kept_ms, group in self._logs:
            if group is None or await self._all_committed(log, group):
                records += await log.trim(now_ms - kept_ms)
        keys = 0 if self._store is None else await self._store.purge()
        return Cleared(
            keys=keys + sum(one.dropped_keys or 0 for one in gone),
            archived=sum(one.dropped or 0 for one in gone),
            records=records,
            letters=sum(one.dropped_letters or 0 for one in gone),
        )

    async def _all_committed(self, log: EventLog, group: str) -> bool:
        consumer = log.consumer(group)
        try:
            committed = await consumer.committed()
            ends = await log.ends()
        finally:
            await consumer.close()
        return all(committed.get(partition, 0) >= end for partition, end in ends.items())
