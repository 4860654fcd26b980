"""Clearing away what has outlived its retention: expired keys, old days of the archive, old records of the logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, final

from msgspec import Struct

from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.engine.old_letters import OldLetters
from mastery_engine.engine.retention import first_kept_day
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.ports import Archive, Clock, EventLog, StateStore

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
        archive: Archive | None,
        tenants: TenantDirectory,
        logs: Sequence[LogRetention],
        clock: Clock,
        letters: OldLetters | None = None,
    ) -> None:
        """Put the parts together.

        Args:
            store: Whose expired keys go; None if somebody else clears it.
            archive: Whose old days go; None as above.
            tenants: Their retentions.
            logs: Whose old records go.
            clock: Says what is old.
            letters: Old ones go too; None as for the archive.
        """
        self._letters = letters
        self._store = store
        self._archive = archive
        self._tenants = tenants
        self._logs = logs
        self._clock = clock

    async def clear(self) -> Cleared:
        """Clear away what may go now.

        Raises:
            DependencyDown: A store or log does not answer.
        """
        now_ms = self._clock.now_ms()
        archived = letters = 0
        if self._archive is not None:
            await self._tenants.keep()
        for tenant in await self._tenants.list() if self._archive is not None else ():
            first_kept = first_kept_day(tenant, now_ms)
            if self._archive is not None and first_kept is not None:
                archived += await self._archive.drop_before(tenant.tenant_id, first_kept)
            if self._letters is not None:
                letters += await self._letters.drop(tenant, now_ms)
        records = 0
        for log, kept_ms, group in self._logs:
            if group is None or await self._all_committed(log, group):
                records += await log.trim(now_ms - kept_ms)
        keys = 0 if self._store is None else await self._store.purge()
        return Cleared(keys=keys, archived=archived, records=records, letters=letters)

    async def _all_committed(self, log: EventLog, group: str) -> bool:
        consumer = log.consumer(group)
        try:
            committed = await consumer.committed()
            ends = await log.ends()
        finally:
            await consumer.close()
        return all(committed.get(partition, 0) >= end for partition, end in ends.items())
