"""What every consumer of an event log keeps to."""

from mastery_engine.ports import NewRecord, Record, Share
from tests.contract.factories import FakeClock, RecreatedLog


def records(count: int) -> list[NewRecord]:
    return [NewRecord(b"student:%d" % (n % 17), b"%d" % n) for n in range(count)]


async def test_a_consumer_reads_everything_once_in_offset_order(log: RecreatedLog) -> None:
    await log.append(records(1_000))
    consumer = log.consumer("g")
    found: list[Record] = []
    while batch := await consumer.poll(70):
        assert len(batch) <= 70
        found += batch
    assert sorted(int(record.value) for record in found) == list(range(1_000))
    for partition, end in (await log.ends()).items():
        assert [record.offset for record in found if record.partition == partition] == list(range(end))


async def test_no_partition_waits_while_another_has_much(log: RecreatedLog) -> None:
    await log.append([NewRecord(b"busy", b"") for _ in range(1_000)])
    await log.append(records(17))
    consumer = log.consumer("g")
    polled = {record.partition for _ in range(3) for record in await consumer.poll(10)}
    assert polled == {0, 1, 2}


async def test_a_consumer_reads_what_comes_later(log: RecreatedLog) -> None:
    consumer = log.consumer("g")
    assert await consumer.poll(10) == []
    await log.append(records(1))
    assert len(await consumer.poll(10)) == 1
    assert await consumer.poll(10) == []


async def test_a_poll_waits_for_a_record_and_no_longer_than_told(log: RecreatedLog, clock: FakeClock) -> None:
    consumer = log.consumer("g")
    began = clock.now
    assert await consumer.poll(10, wait_seconds=2.0) == []
    assert clock.now - began == 2_000

    async def append_once() -> None:
        clock.on_sleep = None
        await log.append(records(1))

    clock.on_sleep = append_once
    began = clock.now
    assert len(await consumer.poll(10, wait_seconds=2.0)) == 1
    assert clock.now - began < 1_000


async def test_a_group_goes_on_after_its_commit(log: RecreatedLog) -> None:
    await log.append(records(60))
    consumer = log.consumer("g")
    offsets = {record.partition: record.offset + 1 for record in await consumer.poll(25)}
    await consumer.commit(offsets)
    await consumer.poll(10)
    await consumer.close()
    following = log.consumer("g")
    assert await following.committed() == offsets
    found = await following.poll(1_000)
    assert len(found) == 35
    assert all(record.offset >= offsets.get(record.partition, 0) for record in found)


async def test_groups_do_not_know_each_other(log: RecreatedLog) -> None:
    await log.append(records(10))
    consumer = log.consumer("one")
    await consumer.poll(10)
    await consumer.commit(await log.ends())
    assert await log.consumer("two").committed() == {}
    assert len(await log.consumer("two").poll(100)) == 10


async def test_what_was_polled_and_not_committed_comes_again_after_a_rewind(log: RecreatedLog) -> None:
    await log.append(records(30))
    consumer = log.consumer("g")
    await consumer.commit({0: 2})
    first = await consumer.poll(100)
    assert await consumer.poll(100) == []
    await consumer.rewind()
    again = await consumer.poll(100)
    assert sorted(again) == sorted(first)
    assert min(record.offset for record in again if record.partition == 0) == 2


async def test_offsets_can_be_set_back(log: RecreatedLog) -> None:
    await log.append(records(30))
    consumer = log.consumer("g")
    await consumer.commit(await log.ends())
    await consumer.commit(dict.fromkeys(await log.ends(), 0))
    assert len(await log.consumer("g").poll(100)) == 30


async def test_a_commit_of_another_topic_id_is_ignored(log: RecreatedLog) -> None:
    await log.append(records(20))
    consumer = log.consumer("g")
    await consumer.poll(100)
    await consumer.commit(await log.ends())
    await log.recreate("another")
    await log.append(records(20))
    assert await consumer.committed() == {}
    assert len(await log.consumer("g").poll(100)) == 20


async def test_a_consumer_that_polled_before_the_topic_was_made_again_commits_for_the_old_one(
    log: RecreatedLog,
) -> None:
    await log.append(records(20))
    consumer = log.consumer("g")
    polled = await consumer.poll(100)
    await log.recreate("another")
    await log.append(records(20))
    await consumer.commit({record.partition: record.offset + 1 for record in polled})
    assert await log.consumer("g").committed() == {}


async def test_a_consumer_follows_a_topic_that_was_made_again(log: RecreatedLog) -> None:
    await log.append(records(20))
    consumer = log.consumer("g")
    await consumer.poll(100)
    await log.recreate("another")
    await log.append(records(5))
    assert len(await consumer.poll(100)) == 5
    await consumer.commit(await log.ends())
    assert await consumer.committed() == await log.ends()


async def test_a_consumer_tells_the_topic_id_of_what_it_polled(log: RecreatedLog) -> None:
    consumer = log.consumer("g")
    assert consumer.topic_id == ""
    await consumer.poll(10)
    before = await log.topic_id()
    assert consumer.topic_id == before
    await log.recreate("another")
    await consumer.rewind()
    assert consumer.topic_id == before
    await consumer.poll(10)
    assert consumer.topic_id == "another"


async def test_offsets_committed_after_a_rewind_are_still_those_of_the_topic_that_was_polled(
    log: RecreatedLog,
) -> None:
    await log.append(records(20))
    consumer = log.consumer("g")
    await consumer.poll(100)
    await log.recreate("another")
    await consumer.rewind()
    await consumer.commit({0: 5})
    assert await consumer.committed() == {}


async def test_consumers_with_shares_read_every_partition_between_them_and_none_twice(
    log: RecreatedLog,
) -> None:
    await log.append(records(60))
    found: list[Record] = []
    for number in range(2):
        consumer = log.consumer("g", Share(number, 2))
        mine = await consumer.poll(100)
        assert mine
        assert {record.partition % 2 for record in mine} == {number}
        await consumer.commit({record.partition: record.offset + 1 for record in mine})
        found += mine
    assert sorted(int(record.value) for record in found) == list(range(60))
    assert await log.consumer("g").poll(100) == []
    assert await log.consumer("g", Share(99, 100)).poll(100) == []
