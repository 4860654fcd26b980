"""How each system makes the adapters of the ports; a new system adds a factory and passes the same suites."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import msgspec

from mastery_engine.adapters.memory.archive import MemoryArchive
from mastery_engine.adapters.memory.audit import MemoryAuditTrail
from mastery_engine.adapters.memory.erasures import MemoryErasureLedger
from mastery_engine.adapters.memory.log import MemoryEventLog, MemoryResults
from mastery_engine.adapters.memory.privacy_requests import MemoryPrivacyRequests
from mastery_engine.adapters.memory.records import MemoryDeadLetters, MemoryRosters, MemoryTenantBook
from mastery_engine.adapters.memory.state import MemoryStateStore
from mastery_engine.adapters.postgres.records import PostgresRecords, open_postgres
from mastery_engine.adapters.sqlite.home import SqliteHome
from mastery_engine.adapters.sqlite.log import SqliteResults
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.contracts.outputs import MasteryThresholdReached
from mastery_engine.ports import (
    Archive,
    AuditTrail,
    DeadLetters,
    ErasureLedger,
    EventLog,
    OutputMessage,
    PrivacyRequests,
    Results,
    Rosters,
    StateStore,
    TenantBook,
)

PSEUDONYMS = Pseudonyms(b"k" * 32)
NOON_MS = 1_400_000_000_000


class FakeClock:
    """Time that passes when told to, and in sleep; `on_sleep` is what happens meanwhile."""

    def __init__(self) -> None:
        self.now = NOON_MS
        self.on_sleep: Callable[[], Awaitable[object]] | None = None

    def now_ms(self) -> int:
        return self.now

    def monotonic(self) -> float:
        return self.now / 1_000

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.now += max(1, round(seconds * 1_000))
        if self.on_sleep:
            await self.on_sleep()

    def advance(self, seconds: int) -> None:
        self.now += seconds * 1_000


class PurgingStore(StateStore, Protocol):
    async def purge(self) -> int: ...


class RecreatedLog(EventLog, Protocol):
    async def recreate(self, topic_id: str | None = None) -> None: ...


class RecordsFactory(Protocol):
    """Makes the adapters of what is kept for good, on one empty system; what is made twice shares its data where it lasts."""

    async def archive(self) -> Archive: ...

    async def dead_letters(self) -> DeadLetters: ...

    async def audit(self) -> AuditTrail: ...

    async def rosters(self) -> Rosters: ...

    async def erasures(self) -> ErasureLedger: ...

    async def tenant_book(self) -> TenantBook: ...

    async def privacy_requests(self) -> PrivacyRequests: ...

    async def close(self) -> None: ...


class StateFactory(Protocol):
    """Makes state stores, each empty.

    Attributes:
        expires_by_itself: Whether what has expired is gone without a purge.
        forgets_versions: Whether a key that is made anew may have a version that it had before, with the same value. Through a
            Dapr sidecar it may, as its component begins to count at 1 again; docs/decisions/0009-dapr.md says why nothing of
            the engine comes to harm by that.
    """

    expires_by_itself: bool
    forgets_versions: bool

    async def state(self) -> PurgingStore: ...

    async def close(self) -> None: ...


class Factory(StateFactory, RecordsFactory, Protocol):
    """Makes the adapters of every port."""

    async def log(self, topic: str = "mastery.requests", partitions: int = 3) -> RecreatedLog: ...

    async def results(self) -> tuple[Results, Callable[[], Awaitable[list[OutputMessage]]]]:
        """The port, and what was sent through it."""
        ...


class MemoryFactory:
    expires_by_itself = False
    forgets_versions = False

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._erasures = MemoryErasureLedger()

    async def state(self) -> PurgingStore:
        return MemoryStateStore(self._clock)

    async def log(self, topic: str = "mastery.requests", partitions: int = 3) -> RecreatedLog:
        return MemoryEventLog(self._clock, topic, partitions)

    async def results(self) -> tuple[Results, Callable[[], Awaitable[list[OutputMessage]]]]:
        results = MemoryResults()

        async def sent() -> list[OutputMessage]:
            return list(results.messages)

        return results, sent

    async def archive(self) -> Archive:
        return MemoryArchive(self._erasures, PSEUDONYMS)

    async def dead_letters(self) -> DeadLetters:
        return MemoryDeadLetters()

    async def audit(self) -> AuditTrail:
        return MemoryAuditTrail(PSEUDONYMS)

    async def rosters(self) -> Rosters:
        return MemoryRosters()

    async def erasures(self) -> ErasureLedger:
        return self._erasures

    async def tenant_book(self) -> TenantBook:
        return MemoryTenantBook()

    async def privacy_requests(self) -> PrivacyRequests:
        return MemoryPrivacyRequests()

    async def close(self) -> None:
        return


class SqliteFactory:
    expires_by_itself = False
    forgets_versions = False

    def __init__(self, clock: FakeClock, folder: Path) -> None:
        self._home = SqliteHome(folder / "home", clock)

    async def state(self) -> PurgingStore:
        return await self._home.state()

    async def log(self, topic: str = "mastery.requests", partitions: int = 3) -> RecreatedLog:
        return await self._home.log(topic, partitions)

    async def results(self) -> tuple[Results, Callable[[], Awaitable[list[OutputMessage]]]]:
        log = await self._home.log("mastery.results", 1)

        async def sent() -> list[OutputMessage]:
            found: list[OutputMessage] = []
            for record in await log.read(0, 0, 1_000):
                output = msgspec.json.decode(record.value, type=MasteryThresholdReached)
                found.append(OutputMessage(record.key, output, record.headers[2:]))
                assert found[-1].headers == record.headers
            return found

        return SqliteResults(log), sent

    async def archive(self) -> Archive:
        return await self._home.archive(PSEUDONYMS)

    async def dead_letters(self) -> DeadLetters:
        return await self._home.dead_letters()

    async def audit(self) -> AuditTrail:
        return await self._home.audit(PSEUDONYMS)

    async def rosters(self) -> Rosters:
        return await self._home.rosters()

    async def erasures(self) -> ErasureLedger:
        return await self._home.erasures()

    async def tenant_book(self) -> TenantBook:
        return await self._home.tenant_book()

    async def privacy_requests(self) -> PrivacyRequests:
        return await self._home.privacy_requests()

    async def close(self) -> None:
        await self._home.close()


class PostgresFactory:
    def __init__(self, clock: FakeClock, url: str) -> None:
        self._clock = clock
        self._url = url
        self._open: list[PostgresRecords] = []

    async def _records(self) -> PostgresRecords:
        self._open.append(await open_postgres(self._url, self._clock, PSEUDONYMS))
        return self._open[-1]

    async def archive(self) -> Archive:
        return (await self._records()).archive

    async def dead_letters(self) -> DeadLetters:
        return (await self._records()).dead_letters

    async def audit(self) -> AuditTrail:
        return (await self._records()).audit

    async def rosters(self) -> Rosters:
        return (await self._records()).rosters

    async def erasures(self) -> ErasureLedger:
        return (await self._records()).erasures

    async def tenant_book(self) -> TenantBook:
        return (await self._records()).tenant_book

    async def privacy_requests(self) -> PrivacyRequests:
        return (await self._records()).privacy_requests

    async def close(self) -> None:
        for records in self._open:
            await records.close()


POSTGRES = "postgres"
SYSTEMS: dict[str, Callable[[FakeClock, Path], Factory]] = {
    "memory": lambda clock, _: MemoryFactory(clock),
    "sqlite": SqliteFactory,
}
