"""What has outlived its retention goes, and nothing else."""

from mastery_engine.adapters.memory import (
    MemoryArchive,
    MemoryAuditTrail,
    MemoryDeadLetters,
    MemoryEventLog,
    MemoryRosters,
    MemoryStateStore,
)
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.formulas import Formulas
from mastery_engine.engine.access import Access
from mastery_engine.engine.housekeeping import Housekeeping, LogRetention
from mastery_engine.engine.old_letters import OldLetters
from mastery_engine.engine.retention import Retention
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.ports import ArchivedEvent, NewRecord, Write

TODAY = 20_000


class StandingClock:
    def __init__(self) -> None:
        self.ms = TODAY * DAY_MS

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1000

    async def sleep(self, seconds: float) -> None:
        self.ms += round(seconds * 1000)


class School:
    def __init__(self) -> None:
        self.clock = StandingClock()
        self.store = MemoryStateStore(self.clock)
        self.archive = MemoryArchive()
        self.log = MemoryEventLog(self.clock, partitions=1)
        self.tenants = TenantDirectory(self.store, Formulas())
        self.audit = MemoryAuditTrail()
        self.letters = MemoryDeadLetters()
        access = Access(MemoryRosters(), self.audit, Pseudonyms(b"k" * 32), self.clock)
        old = OldLetters(self.letters, self.tenants)
        self.retention = Retention(self.archive, self.tenants, access, self.clock, old, self.store)
        logs = [LogRetention(self.log, 7 * DAY_MS, "workers")]
        self.housekeeping = Housekeeping(None, self.retention, self.tenants, logs, self.clock)

    async def archive_days(self, tenant_id: str, *days: int) -> None:
        await self.archive.add(
            [
                ArchivedEvent(
                    tenant_id, f"{tenant_id}-{day}", "ada", day, day * DAY_MS, "t", 0, day, 0, b"{}"
                )
                for day in days
            ]
        )


async def test_days_older_than_a_tenants_retention_leave_the_archive() -> None:
    school = School()
    await school.tenants.create(Tenant(tenant_id="forever", retention_days=None))
    await school.archive_days("default", TODAY - 91, TODAY - 90, TODAY)
    await school.archive_days("forever", TODAY - 4_000)
    cleared = await school.housekeeping.clear()
    assert cleared.archived == 1
    left = await school.archive.of_student("default", "ada")
    assert [event.day for event in left] == [TODAY - 90, TODAY]
    assert len(await school.archive.of_student("forever", "ada")) == 1


async def test_expired_keys_are_removed_and_others_stay() -> None:
    school = School()
    await school.store.write_many([Write("a", b"1", None, 5), Write("b", b"1", None, 6), Write("c", b"1")])
    await school.clock.sleep(5)
    assert (await school.housekeeping.clear()).keys == 1
    assert [entry is None for entry in await school.store.get_many(["a", "b", "c"])] == [True, False, False]


async def test_old_records_leave_the_log_once_all_is_committed_and_not_before() -> None:
    school = School()
    await school.log.append([NewRecord(b"k", b"1"), NewRecord(b"k", b"2")])
    await school.clock.sleep(7 * 86_400 + 1)
    assert (await school.housekeeping.clear()).records == 0
    await school.log.append([NewRecord(b"k", b"3")])
    consumer = school.log.consumer("workers")
    await consumer.poll(10)
    await consumer.commit({0: 3})
    assert (await school.housekeeping.clear()).records == 2
    assert [record.value for record in await school.log.read(0, 0, 10)] == [b"3"]
