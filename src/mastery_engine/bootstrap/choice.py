"""Which adapters the settings name."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from mastery_engine.config import Settings
from mastery_engine.ports import (
    Archive,
    AuditTrail,
    Clock,
    DeadLetters,
    EventLog,
    Results,
    Rosters,
    StateStore,
)

REQUESTS: Final = "mastery.requests"
RESULTS: Final = "mastery.results"
MEMORY_URL: Final = "memory://"


@dataclass(frozen=True, slots=True)
class Adapters:
    """One adapter for each port."""

    clock: Clock
    store: StateStore
    log: EventLog
    results: Results
    archive: Archive
    dead_letters: DeadLetters
    audit: AuditTrail
    rosters: Rosters


def in_memory(clock: Clock) -> Adapters:
    """Adapters that forget everything with the process."""
    from mastery_engine.adapters import memory  # noqa: PLC0415 - only where it is used

    return Adapters(
        clock=clock,
        store=memory.MemoryStateStore(clock),
        log=memory.MemoryEventLog(clock, REQUESTS),
        results=memory.MemoryResults(),
        archive=memory.MemoryArchive(),
        dead_letters=memory.MemoryDeadLetters(),
        audit=memory.MemoryAuditTrail(),
        rosters=memory.MemoryRosters(),
    )


async def embedded(settings: Settings, clock: Clock, stack: AsyncExitStack) -> Adapters:
    """Adapters on SQLite files; `stack` closes them."""
    from mastery_engine.adapters.sqlite.home import SqliteHome  # noqa: PLC0415 - only where it is used
    from mastery_engine.adapters.sqlite.log import SqliteResults  # noqa: PLC0415 - as above

    home = SqliteHome(settings.database_folder, clock)
    stack.push_async_callback(home.close)
    records = home
    if settings.archive_folder != settings.database_folder:
        records = SqliteHome(settings.archive_folder, clock)
        stack.push_async_callback(records.close)
    return Adapters(
        clock=clock,
        store=await home.state(),
        log=await home.log(REQUESTS),
        results=SqliteResults(await home.log(RESULTS)),
        archive=await records.archive(),
        dead_letters=await records.dead_letters(),
        audit=await records.audit(),
        rosters=await records.rosters(),
    )
