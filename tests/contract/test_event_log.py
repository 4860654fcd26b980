"""What every event log keeps to."""

import asyncio
from collections import defaultdict

from mastery_engine.ports import NewRecord, Record
from tests.contract.factories import Factory, FakeClock, RecreatedLog


def records(count: int, first: int = 0) -> list[NewRecord]:
    return [NewRecord(b"student:%d" % (n % 17), b"%d" % n) for n in range(first, first + count)]


async def everything(log: RecreatedLog) -> list[Record]:
    return [record for partition in await log.ends() for record in await log.read(partition, 0, 100_000)]


async def test_an_empty_topic_has_its_partitions_and_no_records(log: RecreatedLog) -> None:
    assert await log.ends() == {0: 0, 1: 0, 2: 0}
    assert await everything(log) == []


async def test_a_record_comes_back_as_it_was_with_its_place_and_time(
    log: RecreatedLog, clock: FakeClock
) -> None:
    headers = (("event_type", b"quiz"), ("größe", b"\0\xff"), ("event_type", b"again"))
    (position,) = await log.append([NewRecord(b"\0key", b"\xffvalue", headers)])
    (record,) = await log.read(position.partition, position.offset, 10)
    assert record == Record(*position, clock.now, b"\0key", b"\xffvalue", headers)


async def test_empty_and_large_records_are_records(log: RecreatedLog) -> None:
    for value in (b"", bytes(1_048_576)):
        (position,) = await log.append([NewRecord(b"", value)])
        (record,) = await log.read(position.partition, position.offset, 1)
        assert record.value == value


async def test_records_of_one_key_share_a_partition_and_keep_their_order(log: RecreatedLog) -> None:
    await log.append(records(500))
    await log.append(records(500, 500))
    by_key: defaultdict[bytes, list[Record]] = defaultdict(list)
    for record in await everything(log):
        by_key[record.key].append(record)
    assert len(by_key) == 17
    for found in by_key.values():
        assert len({record.partition for record in found}) == 1
        assert [int(record.value) for record in found] == sorted(int(record.value) for record in found)


async def test_keys_spread_over_the_partitions(log: RecreatedLog) -> None:
    await log.append(records(17))
    assert min((await log.ends()).values()) > 0


async def test_offsets_count_up_from_zero_without_a_gap(log: RecreatedLog) -> None:
    positions = [*await log.append(records(100)), *await log.append(records(100, 100))]
    ends = await log.ends()
    assert sum(ends.values()) == 200
    for partition, end in ends.items():
        assert [place.offset for place in positions if place.partition == partition] == list(range(end))


async def test_nothing_appended_is_nothing_told(log: RecreatedLog) -> None:
    assert await log.append([]) == []


async def test_a_read_begins_at_its_offset_and_ends_at_its_limit(log: RecreatedLog) -> None:
    await log.append([NewRecord(b"key", b"%d" % n) for n in range(10)])
    (partition,) = [number for number, end in (await log.ends()).items() if end]
    assert [record.offset for record in await log.read(partition, 4, 3)] == [4, 5, 6]
    assert [record.offset for record in await log.read(partition, 8, 100)] == [8, 9]
    assert await log.read(partition, 10, 100) == []
    assert await log.read(partition, 1_000, 100) == []


async def test_concurrent_appends_all_get_places_of_their_own(log: RecreatedLog) -> None:
    told = await asyncio.gather(*(log.append(records(20, 20 * n)) for n in range(16)))
    places = [place for positions in told for place in positions]
    assert len(set(places)) == 320
    at = {(record.partition, record.offset): record.value for record in await everything(log)}
    assert [int(at[place]) for place in places] == list(range(320))


async def test_trimmed_records_are_passed_over_and_their_offsets_never_come_again(
    log: RecreatedLog, clock: FakeClock
) -> None:
    await log.append(records(50))
    ends = await log.ends()
    clock.advance(60)
    assert await log.trim(clock.now) == 50
    assert await log.ends() == ends
    assert await log.trim(clock.now) == 0
    positions = await log.append(records(17))
    assert all(position.offset >= ends[position.partition] for position in positions)
    assert sorted(int(record.value) for record in await log.consumer("g").poll(100)) == list(range(17))
    assert [record.offset for record in await log.read(0, 0, 1)] == [ends[0]]


async def test_a_trim_leaves_what_entered_at_its_moment_or_later(log: RecreatedLog, clock: FakeClock) -> None:
    await log.append([NewRecord(b"key", b"old")])
    clock.advance(1)
    await log.append([NewRecord(b"key", b"new")])
    assert await log.trim(clock.now) == 1
    assert [record.value for record in await everything(log)] == [b"new"]


async def test_a_long_partition_is_trimmed_to_its_end(log: RecreatedLog, clock: FakeClock) -> None:
    await log.append([NewRecord(b"key", b"") for _ in range(12_000)])
    clock.advance(1)
    assert await log.trim(clock.now) == 12_000


async def test_a_topic_made_again_has_another_id_and_begins_at_zero(log: RecreatedLog) -> None:
    await log.append(records(20))
    before = await log.topic_id()
    await log.recreate()
    assert await log.topic_id() != before
    assert set((await log.ends()).values()) == {0}
    assert await everything(log) == []


async def test_topics_do_not_know_each_other(factory: Factory) -> None:
    requests = await factory.log("mastery.requests")
    results = await factory.log("mastery.results", 1)
    assert (requests.topic, results.topic) == ("mastery.requests", "mastery.results")
    assert await requests.topic_id() != await results.topic_id()
    await requests.append(records(10))
    assert await results.ends() == {0: 0}
    await results.append(records(3))
    assert sum((await requests.ends()).values()) == 10
    assert len(await results.read(0, 0, 10)) == 3


async def test_a_log_answers_and_closes_twice_and_so_does_a_consumer(log: RecreatedLog) -> None:
    await log.ping()
    consumer = log.consumer("g")
    for _ in range(2):
        await consumer.close()
    for _ in range(2):
        await log.close()
