"""The archiver keeps what counted, whatever the worker has made of the rest."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mastery_engine.contracts import keys
from mastery_engine.contracts.document import TOMBSTONE
from mastery_engine.contracts.event_json import JsonEvents, decode_event
from mastery_engine.contracts.tenant import DEFAULT
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.engine.archiving import Archiver, ArchiverPorts
from mastery_engine.engine.judge import identity_of
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.engine.work import Runner
from mastery_engine.ports import ArchivedEvent, Write
from tests.unit.engine.house import GROUP, House, event_id, question, quiz

ARCHIVERS = "archivers"


@pytest.fixture
def house() -> House:
    return House()


def archiver(house: House, consumer: object = None) -> Archiver:
    ports = ArchiverPorts(
        consumer=consumer or house.log.consumer(ARCHIVERS),  # type: ignore[arg-type]
        folding=house.log.consumer(GROUP),
        store=house.store,
        archive=house.archive,
        clock=house.clock,
        codec=JsonEvents(),
    )
    return Archiver(ports, TenantDirectory(house.store, house.formulas), house.pseudonyms)


async def kept(house: House, student: str = "ann") -> list[str]:
    return [one.event_id for one in await house.archive.of_student("default", student)]


async def work_without_archive(house: House) -> None:
    await house.work(archive=None)


async def test_what_counted_is_archived_with_where_it_lay(house: House) -> None:
    await house.send(quiz(1), question(2))
    await work_without_archive(house)
    report = await archiver(house).step(100)
    assert (report.polled, report.kept) == (2, 2)
    first, second = await house.archive.of_student("default", "ann")
    assert (first.topic_id, first.partition, first.offset) == ("topic", 0, 0)
    assert first.appended_ms == house.clock.now_ms()
    assert decode_event(first.value) == quiz(1)
    assert second.event_id == event_id(2)


async def test_it_waits_for_the_worker_and_then_archives(house: House) -> None:
    await house.send(quiz(1))
    behind = archiver(house)
    assert (await behind.step(100)).polled == 0
    assert await kept(house) == []
    await work_without_archive(house)
    assert (await behind.step(100)).kept == 1
    assert await kept(house) == [event_id(1)]


async def test_what_is_folded_is_archived_though_more_waits(house: House) -> None:
    await house.send(quiz(1))
    await work_without_archive(house)
    await house.send(quiz(2))
    behind = archiver(house)
    assert (await behind.step(100)).polled == 1
    await work_without_archive(house)
    assert (await behind.step(100)).polled == 1
    assert await kept(house) == [event_id(1), event_id(2)]


async def test_a_repeat_and_a_second_reading_are_archived_once(house: House) -> None:
    await house.send(quiz(1), quiz(1))
    await work_without_archive(house)
    assert (await archiver(house).step(100)).kept == 1
    again = archiver(house, house.log.consumer("another group"))
    assert (await again.step(100)).kept == 0
    assert await kept(house) == [event_id(1)]


async def test_another_event_under_a_used_id_is_not_archived(house: House) -> None:
    await house.send(quiz(1), quiz(1, correct=9), quiz(1, student="bob"))
    await work_without_archive(house)
    assert (await archiver(house).step(100)).kept == 1
    (one,) = await house.archive.of_student("default", "ann")
    assert decode_event(one.value) == quiz(1)
    assert await kept(house, "bob") == []


async def test_what_cannot_be_read_or_breaks_a_rule_is_passed_over(house: House) -> None:
    await house.send(b"no event", quiz(1, when="2023-01-01T00:00:00"), quiz(2))
    await work_without_archive(house)
    report = await archiver(house).step(100)
    assert (report.polled, report.kept) == (3, 1)


async def test_an_event_that_was_given_up_is_archived_for_the_replay_that_mends_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a defect")

    await house.send(quiz(1))
    with monkeypatch.context() as patch:
        patch.setattr("mastery_engine.engine.fold_batch._fold", broken)
        await work_without_archive(house)
    assert [one.event_id for one in (await house.document()).given_up] == [event_id(1)]
    assert (await archiver(house).step(100)).kept == 1


async def test_an_event_whose_record_is_damaged_is_archived(house: House) -> None:
    await house.send(quiz(1))
    await work_without_archive(house)
    await house.store.write_many([Write(keys.processed("default", identity_of(quiz(1))[0]), b"\xc1")])
    assert (await archiver(house).step(100)).kept == 1


async def test_events_that_a_damaged_document_had_to_give_up_are_archived_and_stop_nobody(
    house: House,
) -> None:
    await house.store.write_many([Write(keys.document("default", "ann"), b"\xc1another type")])
    await house.send(quiz(1), quiz(2, student="bob"))
    await work_without_archive(house)
    assert [one.kind for one in await house.all_letters()] == ["processing"]
    assert (await archiver(house).step(100)).kept == 2
    assert await kept(house) == [event_id(1)]


async def test_nothing_of_an_erased_student_is_archived(house: House) -> None:
    await house.send(quiz(1), quiz(2, student="bob"))
    await work_without_archive(house)
    marker = keys.erased(house.pseudonyms.of("default", "ann"))
    document = keys.document("default", "ann")
    await house.store.write_many([Write(marker, b"1"), Write(document, TOMBSTONE)])
    assert (await archiver(house).step(100)).kept == 1
    assert await kept(house) == []
    assert await kept(house, "bob") == [event_id(2)]


class Down:
    """An archive that is down until it is told to be up."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.up = False

    async def add(self, events: Sequence[ArchivedEvent]) -> int:
        if not self.up:
            raise DependencyDown("the archive does not answer")
        return await self.house.archive.add(events)


async def test_an_archive_that_is_down_loses_nothing_and_delays_no_score(house: House) -> None:
    down = Down(house)
    consumer = house.log.consumer(ARCHIVERS)
    ports = ArchiverPorts(
        consumer=consumer,
        folding=house.log.consumer(GROUP),
        store=house.store,
        archive=down,  # type: ignore[arg-type]
        clock=house.clock,
        codec=JsonEvents(),
    )
    steps = Archiver(ports, TenantDirectory(house.store, house.formulas), house.pseudonyms)
    runner = Runner(steps, consumer, house.clock, 100)
    await house.send(quiz(1))
    await work_without_archive(house)
    assert (await house.document()).state.newest > 0
    with pytest.raises(DependencyDown):
        await runner.drain()
    down.up = True
    assert (await runner.drain()).kept == 1
    assert await kept(house) == [event_id(1)]


async def test_a_replay_from_its_archive_gives_the_live_state(house: House) -> None:
    await house.send(quiz(1), quiz(2, student="bob"), quiz(1, correct=3), quiz(3))
    await work_without_archive(house)
    await archiver(house).step(100)
    report = await house.replay().run(DEFAULT, "run", switch=False)
    assert (report.students, report.equal) == (2, 2)
