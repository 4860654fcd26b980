"""What every archive keeps to."""

import asyncio
from itertools import groupby
from uuid import UUID

from mastery_engine.ports import Archive, ArchivedEvent


def event(
    number: int, student: str = "s1", tenant: str = "t1", day: int = 16_000, **changes: object
) -> ArchivedEvent:
    made = ArchivedEvent(
        tenant_id=tenant,
        event_id=str(UUID(int=number)),
        student_id=student,
        day=day,
        timestamp=day * 86_400_000 + number,
        topic_id="topic-a",
        partition=number % 3,
        offset=number,
        appended_ms=1_400_000_000_000 + number,
        value=b'{"n":%d}' % number,
    )
    return made._replace(**changes)


async def grouped(archive: Archive, tenant: str) -> list[ArchivedEvent]:
    return [one for batch in [batch async for batch in archive.by_student(tenant)] for one in batch]


async def test_an_event_comes_back_as_it_was(archive: Archive) -> None:
    whole = event(1, corrected_by=str(UUID(int=99)))
    assert await archive.add([whole]) == 1
    assert await archive.of_student("t1", "s1") == [whole]


async def test_any_text_serves_as_an_event_id(archive: Archive) -> None:
    ids = ["e1", "", "ABCDEF00-0000-0000-0000-000000000001", "00000000000000000000000000000001"]
    assert await archive.add([event(n, event_id=one) for n, one in enumerate(ids)]) == len(ids)
    assert {one.event_id for one in await archive.of_student("t1", "s1")} == set(ids)


async def test_the_first_of_an_event_id_counts_for_its_student(archive: Archive) -> None:
    assert await archive.add([event(1), event(1, value=b"other"), event(1, student="s2")]) == 2
    assert await archive.add([event(1, value=b"later"), event(2)]) == 1
    assert await archive.of_student("t1", "s1") == [event(1), event(2)]
    assert await archive.of_student("t1", "s2") == [event(1, student="s2")]


async def test_tenants_do_not_share_event_ids(archive: Archive) -> None:
    assert await archive.add([event(1), event(1, tenant="t2")]) == 2
    assert [one.tenant_id for one in await archive.of_student("t2", "s1")] == ["t2"]


async def test_a_students_events_come_by_day_then_partition_and_offset(archive: Archive) -> None:
    await archive.add([event(n, day=16_000 - n // 5) for n in range(50)])
    found = await archive.of_student("t1", "s1")
    places = [(one.day, one.partition, one.offset) for one in found]
    assert len(places) == 50
    assert places == sorted(places)


async def test_a_students_events_come_in_pages_each_once_in_the_same_order(archive: Archive) -> None:
    events = [event(n, day=16_000 - n // 20, topic_id=f"topic-{n % 2}", offset=n // 2) for n in range(50)]
    await archive.add([*events, event(99, student="s2")])
    pages: list[ArchivedEvent] = []
    while page := await archive.page_of_student("t1", "s1", pages[-1] if pages else None, 7):
        assert len(page) <= 7
        pages += page
    assert sorted(pages) == sorted(events)
    places = [(one.day, one.partition, one.offset) for one in pages]
    assert places == sorted(places)
    assert await archive.page_of_student("nowhere", "s1", None, 7) == []


async def test_an_unknown_student_or_tenant_has_no_events(archive: Archive) -> None:
    await archive.add([event(1)])
    assert await archive.of_student("t1", "nobody") == []
    assert await archive.of_student("nowhere", "s1") == []
    assert await grouped(archive, "nowhere") == []


async def test_all_events_of_a_tenant_come_grouped_by_student(archive: Archive) -> None:
    events = [event(n, f"s{n % 7}") for n in range(5_000)]
    for start in range(0, len(events), 1_300):
        await archive.add(events[start : start + 1_300])
    await archive.add([event(1, tenant="t2")])
    found = await grouped(archive, "t1")
    assert sorted(found) == sorted(events)
    assert len([student for student, _ in groupby(found, key=lambda one: one.student_id)]) == 7


async def test_a_batch_of_the_grouped_events_is_one_students(archive: Archive) -> None:
    await archive.add([event(n, f"s{n % 7}") for n in range(100)])
    async for batch in archive.by_student("t1"):
        assert len({one.student_id for one in batch}) == 1


async def test_events_of_several_students_come_by_student(archive: Archive) -> None:
    events = [event(n, f"s{n % 7}", day=16_000 + n % 5) for n in range(700)]
    await archive.add([*events, event(1, tenant="t2")])
    found = await archive.of_students("t1", ["s3", "s1", "nobody"])
    assert {name: sorted(of_one) for name, of_one in found.items()} == {
        name: [one for one in sorted(events) if one.student_id == name] for name in ("s1", "s3")
    }
    assert await archive.of_students("t1", []) == {}
    assert await archive.of_students("nowhere", ["s1"]) == {}


async def test_the_students_of_a_tenant_are_told_once_and_sorted(archive: Archive) -> None:
    await archive.add([event(n, f"s{n % 7}") for n in range(100)])
    await archive.add([event(n, name) for n, name in enumerate(("B", "_", "a-b", "a"))])
    await archive.add([event(1, "other", tenant="t2")])
    assert await archive.students("t1") == sorted(["B", "_", "a-b", "a", *(f"s{n}" for n in range(7))])
    assert await archive.students("nowhere") == []


async def test_the_students_with_an_event_in_a_span_are_told(archive: Archive) -> None:
    await archive.add([event(n, f"s{n}", day=16_000 + n) for n in range(5)])
    first, last = event(1, day=16_001).timestamp, event(3, day=16_003).timestamp
    assert await archive.students("t1", (first, last)) == ["s1", "s2", "s3"]
    assert await archive.students("t1", (first + 1, last - 1)) == ["s2"]
    assert await archive.students("t1", (0, first - 2 * 86_400_000)) == []


async def test_tenants_with_an_event_are_told_sorted(archive: Archive) -> None:
    assert await archive.tenants() == []
    await archive.add([event(1, tenant="b"), event(2, tenant="a"), event(3, tenant="b")])
    assert await archive.tenants() == ["a", "b"]
    await archive.drop_before("a", 17_000)
    assert await archive.tenants() == ["b"]


async def test_whole_days_of_one_tenant_are_dropped(archive: Archive) -> None:
    await archive.add([event(n, day=16_000 + n % 3) for n in range(12_000)])
    await archive.add([event(1, tenant="t2", day=16_000)])
    assert await archive.drop_before("t1", 16_001) == 4_000
    assert {one.day for one in await archive.of_student("t1", "s1")} == {16_001, 16_002}
    assert await archive.drop_before("t1", 16_001) == 0
    assert await archive.drop_before("nowhere", 16_001) == 0
    assert len(await archive.of_student("t2", "s1")) == 1


async def test_what_would_be_dropped_is_told_day_by_day_and_stays(archive: Archive) -> None:
    await archive.add([event(n, f"s{n % 3}", day=16_000 + n % 4, value=b"x" * n) for n in range(8)])
    await archive.add([event(1, tenant="t2", day=15_000)])
    told = [(16_000, 2, 4), (16_001, 2, 6), (16_002, 2, 8)]
    for _ in range(2):
        assert await archive.droppable("t1", 16_003) == told
    assert await archive.droppable("t1", 16_000) == await archive.droppable("nowhere", 17_000) == []
    assert await archive.drop_before("t1", 16_003) == 6
    assert await archive.droppable("t1", 16_003) == []


async def test_a_dropped_event_can_be_archived_again(archive: Archive) -> None:
    await archive.add([event(1)])
    await archive.drop_before("t1", 17_000)
    assert await archive.add([event(1)]) == 1


async def test_of_concurrent_adds_of_the_same_events_each_counts_once(archive: Archive) -> None:
    added = await asyncio.gather(*(archive.add([event(n) for n in range(200)]) for _ in range(8)))
    assert sum(added) == 200
    assert len(await archive.of_student("t1", "s1")) == 200


async def test_nothing_to_add_is_nothing_added(archive: Archive) -> None:
    assert await archive.add([]) == 0


async def test_an_archive_answers_and_closes_twice(archive: Archive) -> None:
    await archive.ping()
    await archive.close()
    await archive.close()
