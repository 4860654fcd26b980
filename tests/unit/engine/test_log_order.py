"""A whole log, read in one order."""

from __future__ import annotations

from mastery_engine.adapters.memory import MemoryEventLog
from mastery_engine.engine.log_order import in_order
from mastery_engine.ports import NewRecord, Record
from tests.unit.engine.house import StandingClock


async def filled(count: int, partitions: int = 3) -> MemoryEventLog:
    """A log into which a record came every millisecond."""
    clock = StandingClock()
    log = MemoryEventLog(clock, "requests", partitions=partitions)
    for number in range(count):
        clock.ms += 1
        await log.append([NewRecord(b"key-%d" % (number % 7), b"%d" % number)])
    return log


async def read(log: MemoryEventLog, size: int = 4, ends: dict[int, int] | None = None) -> list[Record]:
    found: list[Record] = []
    async for batch in in_order(log, await log.ends() if ends is None else ends, size):
        assert 0 < len(batch) <= 3 * size
        found += batch
    return found


async def test_records_come_as_they_entered_whatever_their_partitions() -> None:
    log = await filled(100)
    assert sum(end > 0 for end in (await log.ends()).values()) > 1
    assert [int(one.value) for one in await read(log)] == list(range(100))


async def test_what_comes_after_the_ends_is_not_read() -> None:
    log = await filled(50)
    ends = await log.ends()
    await log.append([NewRecord(b"key-%d" % number, b"late") for number in range(20)])
    assert [int(one.value) for one in await read(log, ends=ends)] == list(range(50))


async def test_trimmed_records_are_passed_over() -> None:
    log = await filled(60)
    entered = {one.value: one.appended_ms for one in await read(log)}
    await log.trim(entered[b"37"])
    assert [int(one.value) for one in await read(log)] == list(range(37, 60))
    await log.trim(entered[b"59"] + 1)
    assert await read(log) == []


async def test_an_empty_log_has_no_batch() -> None:
    assert await read(await filled(0)) == []
