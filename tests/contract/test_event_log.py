"""What every event log keeps to."""

import asyncio
from collections import defaultdict

from mastery_engine.ports import EventLog, NewRecord, Record
from tests.contract.conftest import Join
from tests.contract.topics import Topics
from tests.integration.kafka_house import read


def records(count: int, first: int = 0) -> list[NewRecord]:
    return [NewRecord(b"student:%d" % (n % 17), b"%d" % n) for n in range(first, first + count)]


async def everything(log: EventLog) -> list[Record]:
    return [record for partition in await log.ends() for record in await log.read(partition, 0, 100_000)]


async def test_an_empty_topic_has_its_partitions_and_no_records(log: EventLog) -> None:
    assert await log.ends() == {0: 0, 1: 0, 2: 0}
    assert await everything(log) == []


async def test_a_record_comes_back_as_it_was_with_its_place_and_time(log: EventLog, topics: Topics) -> None:
    began = topics.now_ms()
    headers = (("event_type", b"quiz"), ("größe", b"\0\xff"), ("event_type", b"again"))
    (position,) = await log.append([NewRecord(b"\0key", b"\xffvalue", headers)])
    (record,) = await log.read(position.partition, position.offset, 10)
    assert began <= record.appended_ms <= topics.now_ms()
    assert record == Record(*position, record.appended_ms, b"\0key", b"\xffvalue", headers)


async def test_empty_and_large_records_are_records(log: EventLog) -> None:
    for value in (b"", bytes(1_048_576)):
        (position,) = await log.append([NewRecord(b"", value)])
        (record,) = await log.read(position.partition, position.offset, 1)
        assert record.value == value


async def test_records_of_one_key_share_a_partition_and_keep_their_order(log: EventLog) -> None:
    await log.append(records(500))
    await log.append(records(500, 500))
    by_key: defaultdict[bytes, list[Record]] = defaultdict(list)
    for record in await everything(log):
        by_key[record.key].append(record)
    assert len(by_key) == 17
    for found in by_key.values():
        assert len({record.partition for record in found}) == 1
        assert [int(record.value) for record in found] == sorted(int(record.value) for record in found)


async def test_keys_spread_over_the_partitions(log: EventLog) -> None:
    await log.append(records(17))
    assert min((await log.ends()).values()) > 0


async def test_offsets_count_up_from_zero_without_a_gap(log: EventLog) -> None:
    positions = [*await log.append(records(100)), *await log.append(records(100, 100))]
    ends = await log.ends()
    assert sum(ends.values()) == 200
    for partition, end in ends.items():
        assert [place.offset for place in positions if place.partition == partition] == list(range(end))


async def test_nothing_appended_is_nothing_told(log: EventLog) -> None:
    assert await log.append([]) == []


async def test_a_read_begins_at_its_offset_and_ends_at_its_limit(log: EventLog) -> None:
    await log.append([NewRecord(b"key", b"%d" % n) for n in range(10)])
    (partition,) = [number for number, end in (await log.ends()).items() if end]
    assert [record.offset for record in await log.read(partition, 4, 3)] == [4, 5, 6]
    assert [record.offset for record in await log.read(partition, 8, 100)] == [8, 9]
    assert await log.read(partition, 10, 100) == []
    assert await log.read(partition, 1_000, 100) == []


async def test_concurrent_appends_all_get_places_of_their_own(log: EventLog) -> None:
    told = await asyncio.gather(*(log.append(records(20, 20 * n)) for n in range(16)))
    places = [place for positions in told for place in positions]
    assert len(set(places)) == 320
    at = {(record.partition, record.offset): record.value for record in await everything(log)}
    assert [int(at[place]) for place in places] == list(range(320))


async def test_trimmed_records_are_passed_over_and_their_offsets_never_come_again(
    log: EventLog, topics: Topics, join: Join
) -> None:
    await log.append(records(50))
    ends = await log.ends()
    moment = await topics.later()
    assert await log.trim(moment) == 50
    assert await log.ends() == ends
    assert await log.trim(moment) == 0
    positions = await log.append(records(17))
    assert all(position.offset >= ends[position.partition] for position in positions)
    assert sorted(int(record.value) for record in await read(join(), 17)) == list(range(17))
    assert [record.offset for record in await log.read(0, 0, 1)] == [ends[0]]


async def test_a_trim_leaves_what_entered_at_its_moment_or_later(log: EventLog, topics: Topics) -> None:
    await log.append([NewRecord(b"key", b"old")])
    moment = await topics.later()
    await log.append([NewRecord(b"key", b"new")])
    assert await log.trim(moment) == 1
    assert [record.value for record in await everything(log)] == [b"new"]


async def test_a_long_partition_is_trimmed_to_its_end(log: EventLog, topics: Topics) -> None:
    await log.append([NewRecord(b"key", b"") for _ in range(12_000)])
    assert await log.trim(await topics.later()) == 12_000


async def test_a_topic_made_again_has_another_id_and_begins_at_zero(log: EventLog, topics: Topics) -> None:
    await log.append(records(20))
    before = await log.topic_id()
    await topics.recreate(log)
    assert await log.topic_id() != before
    assert set((await log.ends()).values()) == {0}
    assert await everything(log) == []


async def test_topics_do_not_know_each_other(topics: Topics) -> None:
    requests = await topics.log("mastery.requests")
    results = await topics.log("mastery.results", 1)
    assert requests.topic.endswith("mastery.requests")
    assert results.topic.endswith("mastery.results")
    assert await requests.topic_id() != await results.topic_id()
    await requests.append(records(10))
    assert await results.ends() == {0: 0}
    await results.append(records(3))
    assert sum((await requests.ends()).values()) == 10
    assert len(await results.read(0, 0, 10)) == 3


async def test_a_log_answers_and_closes_twice_and_so_does_a_consumer(log: EventLog, join: Join) -> None:
    await log.ping()
    consumer = join()
    for _ in range(2):
        await consumer.close()
    for _ in range(2):
        await log.close()
