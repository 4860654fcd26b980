"""Documents of tomorrow, damaged ones, restless ones, and those of erased students."""

from __future__ import annotations

import random
from typing import Any

import pytest
import structlog

from mastery_engine.contracts import keys
from mastery_engine.contracts.document import TOMBSTONE
from mastery_engine.contracts.tenant import DEFAULT
from mastery_engine.domain.errors import DependencyDown, NewerVersion
from mastery_engine.ports import Write
from tests.faults.meddling import poison
from tests.unit.engine.house import House, quiz, visit

KEY = keys.document("default", "ann")


async def test_a_document_of_a_newer_release_is_waited_for_and_said() -> None:
    house = House()
    await house.send(quiz(1))
    await house.work()
    entry = await house.entry(KEY)
    assert entry is not None
    newer = entry.value.replace(b"\x99\x01", b"\x99\x09", 1)
    await house.store.write_many([Write(KEY, newer)])
    await house.send(quiz(2))
    with pytest.raises(NewerVersion, match="version 9"):
        await house.work()
    assert await house.all_letters() == []
    kept = await house.entry(KEY)
    assert kept is not None
    assert kept.value == newer


async def test_a_damaged_document_costs_its_own_student_only() -> None:
    house = House()
    await house.store.write_many([Write(KEY, b"\xc1 rubbish")])
    await house.send(quiz(1), quiz(2, student="bob"))
    with structlog.testing.capture_logs():
        report = await house.work()
    assert (report.folded, report.refused) == (1, 1)
    letter = (await house.all_letters())[0]
    assert "damaged" in letter.message
    assert "mastery replay" in letter.message
    assert len(await house.archive.of_student("default", "ann")) == 1


async def _with_a_document_like_a_real_one() -> tuple[House, bytes]:
    house = House()
    days = range(1, 9)
    await house.send(*[quiz(day, day, f"2024-03-0{day}T10:00:00", course=f"C{day % 3}") for day in days])
    await house.send(visit(20, "2024-03-02T10:00:00", "2024-02-20", "2024-02-21"))
    await house.work()
    entry = await house.entry(KEY)
    assert entry is not None
    return house, entry.value


@pytest.mark.parametrize("seed", range(100))
async def test_whatever_bytes_of_a_document_are_damaged_the_worker_goes_on_and_a_replay_mends(
    seed: int,
) -> None:
    house, sound = await _with_a_document_like_a_real_one()
    chance = random.Random(seed)
    value = bytearray(sound)
    for _ in range(chance.choice((1, 1, 3))):
        value[chance.randrange(3, len(value))] = chance.randrange(256)
    await house.store.write_many([Write(KEY, bytes(value))])
    await house.send(quiz(30), quiz(31, student="bob"))
    with structlog.testing.capture_logs():
        await house.work()
        await house.processor().complete()
        assert (await house.document("bob")).state.events == 1
        report = await house.replay().run(DEFAULT, "r", switch=True)
    assert report.students == 2
    assert (await house.replay().run(DEFAULT, "r", switch=True)).equal == 2
    await house.send(quiz(32))
    assert (await house.work()).folded == 1


async def test_a_document_that_never_rests_is_given_back_to_the_worker() -> None:
    house = House()
    await house.send(quiz(1))

    class Restless:
        def __getattr__(self, name: str) -> Any:
            return getattr(house.store, name)

        async def write_many(self, writes: list[Write]) -> list[bool]:
            return [False for _ in writes]

    with pytest.raises(DependencyDown, match="kept changing"):
        await house.work(store=Restless())
    with poison(1), pytest.raises(DependencyDown, match="kept changing"):
        await house.work(store=Restless())


async def test_events_of_an_erased_student_are_dropped_and_counted() -> None:
    house = House()
    marker = keys.erased(house.pseudonyms.of("default", "ann"))
    await house.store.write_many([Write(marker, b"1")])
    await house.send(quiz(1), quiz(2, student="bob"))
    report = await house.work()
    assert (report.erased, report.folded) == (1, 1)
    assert await house.entry(KEY) is None
    assert await house.archive.of_student("default", "ann") == []
    assert await house.all_letters() == []


async def test_a_tombstone_stays_whatever_comes() -> None:
    house = House()
    await house.store.write_many([Write(KEY, TOMBSTONE)])
    await house.send(quiz(1))
    assert (await house.work()).erased == 1
    assert await house.processor().complete() == 0
    entry = await house.entry(KEY)
    assert entry is not None
    assert entry.value == TOMBSTONE
