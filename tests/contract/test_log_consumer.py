"""What every consumer of an event log keeps to, those of Kafka under both group protocols."""

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from mastery_engine.domain.errors import DependencyDown
from mastery_engine.ports import EventLog, LogConsumer, Record, Share
from tests.contract.conftest import Join
from tests.contract.factories import SYSTEMS, FakeClock
from tests.contract.topics import KAFKA, Topics, topics_of
from tests.integration.kafka_house import behind, numbered, numbers, read, until


@pytest.fixture(params=[*sorted(SYSTEMS), *KAFKA])
async def topics(request: pytest.FixtureRequest, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Topics]:
    made = topics_of(request, clock, tmp_path)
    yield made
    await made.close()


async def told_in_vain(consumer: LogConsumer, offsets: dict[int, int]) -> None:
    """Commit what is of a topic that is gone: some logs refuse it, some take no notice."""
    with suppress(DependencyDown):
        await consumer.commit(offsets)


async def test_a_consumer_reads_everything_once_in_offset_order(log: EventLog, join: Join) -> None:
    await log.append(numbered(2_000))
    consumer = join()
    found = await read(consumer, 2_000, most=70)
    assert numbers(found) == list(range(2_000))
    for partition, end in (await log.ends()).items():
        assert [record.offset for record in found if record.partition == partition] == list(range(end))
    assert await consumer.poll(70) == []


async def test_a_consumer_reads_what_comes_later(log: EventLog, join: Join) -> None:
    consumer = join()
    assert await consumer.poll(10) == []
    for number in range(3):
        await log.append(numbered(1, number))
        assert numbers(await read(consumer, 1)) == [number]
    assert await consumer.poll(10) == []


async def test_a_group_goes_on_after_its_commit(log: EventLog, join: Join) -> None:
    await log.append(numbered(60))
    consumer = join()
    offsets = behind(await read(consumer, 25))
    await consumer.commit(offsets)
    await read(consumer, 10)
    await consumer.close()
    following = join()
    assert await following.committed() == offsets
    found = await read(following, 35)
    assert all(record.offset >= offsets.get(record.partition, 0) for record in found)
    await log.append(numbered(10, 60))
    assert numbers(await read(following, 10)) == list(range(60, 70))


async def test_what_a_consumer_did_not_commit_comes_to_the_next_one(log: EventLog, join: Join) -> None:
    await log.append(numbered(20))
    first = join()
    await read(first, 20)
    await first.close()
    assert numbers(await read(join(), 20)) == list(range(20))


async def test_groups_do_not_know_each_other(log: EventLog, join: Join) -> None:
    await log.append(numbered(10))
    consumer = join("one")
    await read(consumer, 10, commit=True)
    other = join("two")
    assert await other.committed() == {}
    assert numbers(await read(other, 10)) == list(range(10))


async def test_what_was_polled_and_not_committed_comes_again_after_a_rewind_and_what_was_does_not(
    log: EventLog, join: Join
) -> None:
    await log.append(numbered(30))
    consumer = join()
    await consumer.commit({0: 2})
    first = await read(consumer, 28)
    assert await consumer.poll(100) == []
    await consumer.commit({1: 1})
    await consumer.rewind()
    again = await read(consumer, 27, most=15)
    kept = [record for record in first if (record.partition, record.offset) != (1, 0)]
    assert sorted(again) == sorted(kept)
    assert min(record.offset for record in again if record.partition == 0) == 2
    for partition in range(3):
        offsets = [record.offset for record in again if record.partition == partition]
        assert offsets == sorted(offsets)
    await log.append(numbered(5, 30))
    assert numbers(await read(consumer, 5)) == list(range(30, 35))


async def test_offsets_can_be_set_back(log: EventLog, join: Join) -> None:
    await log.append(numbered(30))
    consumer = join()
    await consumer.commit(await log.ends())
    await consumer.commit(dict.fromkeys(await log.ends(), 0))
    await consumer.close()
    assert numbers(await read(join(), 30)) == list(range(30))


async def test_a_commit_of_another_topic_id_is_ignored(log: EventLog, topics: Topics, join: Join) -> None:
    await log.append(numbered(20))
    consumer = join()
    await read(consumer, 20, commit=True)
    await topics.recreate(log)
    await log.append(numbered(20, 100))
    assert await consumer.committed() == {}
    await consumer.close()
    assert numbers(await read(join(), 20)) == list(range(100, 120))


async def test_a_consumer_that_polled_before_the_topic_was_made_again_commits_for_the_old_one(
    log: EventLog, topics: Topics, join: Join
) -> None:
    await log.append(numbered(20))
    consumer = join()
    polled = await read(consumer, 20)
    await topics.recreate(log)
    await log.append(numbered(20))
    await told_in_vain(consumer, behind(polled))
    assert await join().committed() == {}


async def test_a_consumer_follows_a_topic_that_was_made_again(
    log: EventLog, topics: Topics, join: Join
) -> None:
    await log.append(numbered(20))
    consumer = join()
    await read(consumer, 20, commit=True)
    before = consumer.topic_id
    await topics.recreate(log)
    await log.append(numbered(5, 100))
    found = await read(consumer, 5)
    assert numbers(found) == list(range(100, 105))
    assert consumer.topic_id == await log.topic_id() != before
    await consumer.commit(behind(found))
    assert await consumer.committed() == behind(found)


async def test_a_consumer_tells_the_topic_id_of_what_it_polled(
    log: EventLog, topics: Topics, join: Join
) -> None:
    consumer = join()
    assert consumer.topic_id == ""
    await consumer.poll(10)
    before = await log.topic_id()
    assert consumer.topic_id == before
    await topics.recreate(log)
    await consumer.rewind()
    assert consumer.topic_id == before

    async def tells_the_new_one() -> bool:
        with suppress(DependencyDown):
            await consumer.poll(10, 0.2)
        return consumer.topic_id == await log.topic_id()

    await until(tells_the_new_one)


async def test_offsets_committed_after_a_rewind_are_still_those_of_the_topic_that_was_polled(
    log: EventLog, topics: Topics, join: Join
) -> None:
    await log.append(numbered(20))
    consumer = join()
    await read(consumer, 20)
    await topics.recreate(log)
    await consumer.rewind()
    await told_in_vain(consumer, {0: 5})
    assert await consumer.committed() == {}


async def test_consumers_with_shares_read_every_partition_between_them_and_none_twice(
    log: EventLog, join: Join
) -> None:
    await log.append(numbered(60))
    ends = await log.ends()
    found: list[Record] = []
    for number in range(2):
        consumer = join("g", Share(number, 2))
        mine = await read(consumer, sum(end for place, end in ends.items() if place % 2 == number))
        assert {record.partition % 2 for record in mine} == {number}
        await consumer.commit(behind(mine))
        found += mine
    assert numbers(found) == list(range(60))
    whole = join()
    assert await whole.committed() == ends
    assert await whole.poll(100) == []
    assert await join("g", Share(99, 100)).poll(100) == []
