"""Backups of a state that is folded meanwhile: nothing is lost, and nothing counts twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from random import Random
from typing import Any

import pytest

from mastery_engine.contracts import keys
from mastery_engine.contracts.document import TOMBSTONE
from mastery_engine.domain.errors import Conflict, NewerVersion, NotAllowed, NotFound
from mastery_engine.domain.events import Event
from mastery_engine.engine.backup_parts import PartWriter, items_of
from mastery_engine.engine.backup_verify import verify
from mastery_engine.engine.differences import differences
from mastery_engine.ports import Write
from tests.faults.meddling import Meddling
from tests.unit.engine.backup_house import OPERATOR, BackupHouse, MemoryTarget, folded_house, key_of
from tests.unit.engine.house import House, completion, quiz


class Busy:
    """A store beside which somebody folds: before each call and each key, now and then, the next events."""

    def __init__(self, house: BackupHouse, random: Random, waiting: list[Event]) -> None:
        self._house = house
        self._random = random
        self.waiting = waiting

    async def step(self) -> None:
        if self._random.random() < 0.2 and self.waiting:
            some = self.waiting[: self._random.randint(1, 3)]
            del self.waiting[: len(some)]
            await self._house.send(*some)
            if self._random.random() < 0.8:
                await self._house.work()

    async def get_many(self, names: list[str]) -> Any:
        await self.step()
        return await self._house.store.get_many(names)

    async def scan(self, prefix: str) -> AsyncIterator[list[str]]:
        await self.step()
        async for batch in self._house.store.scan(prefix):
            # One by one, so that documents are of different moments.
            for key in batch:
                await self.step()
                yield [key]


@pytest.mark.parametrize("seed", range(60))
async def test_whatever_is_folded_meanwhile_the_restored_state_catches_up_to_the_fold_of_all_events(
    seed: int,
) -> None:
    random = Random(seed)
    events: list[Event] = [
        quiz(number, number % 11, f"2024-03-0{1 + number % 8}T10:00:00", student=f"s{random.randrange(4)}")
        for number in range(1, 50)
    ]
    sent = [*events, *random.sample(events, 20)]
    random.shuffle(sent)
    house = BackupHouse(partitions=3)
    before, during, after = sent[:10], sent[10:55], sent[55:]
    await house.send(*before)
    await house.work()
    busy = Busy(house, random, during)
    await house.back_up(store=busy)
    await house.send(*busy.waiting, *after[:5])
    await house.work()
    house.lose()
    await house.restore()
    await house.send(*after[5:], *random.sample(events, 10))
    while (await house.work()).polled:
        pass
    right = House()
    await right.send(*events)
    await right.work()
    for student in ("s0", "s1", "s2", "s3"):
        ours, theirs = (await house.document(student)).state, (await right.document(student)).state
        assert list(differences(ours, theirs)) == []
    outputs = {one["event_id"] for one in house.outputs()}
    assert len(outputs) == len(events)


async def test_a_backup_tells_what_is_in_it_and_is_whole() -> None:
    house = await folded_house()
    manifest = await house.back_up()
    counts = manifest.counts
    assert (counts.documents, counts.processed, counts.tenants, counts.markers) == (3, 3, 1, 0)
    assert (manifest.tenants, manifest.offsets, manifest.topic_id) == (["default", "school"], {0: 3}, "topic")
    found = await verify(house.target)
    assert (found.manifest, found.damaged) == (manifest, 0)


async def test_what_can_be_made_again_is_left_out() -> None:
    house = await folded_house()
    await house.store.write_many(
        [Write("replay:r:student:x:profile:current_mastery", b"x"), Write("cache:a", b"b")]
    )
    manifest = await house.back_up()
    found = [item.key async for batch in items_of(house.target, manifest.parts[0]) for item in batch]
    assert sorted(found) == sorted(
        [
            key_of("ann"),
            key_of("bob"),
            key_of("ann", "school"),
            keys.tenant("school"),
            *(
                keys.processed("default", bytes.fromhex(f"{0:08}{'00004000'}{'8000'}{n:012x}"))
                for n in (1, 2)
            ),
            keys.processed("school", bytes.fromhex(f"{0:08}{'00004000'}{'8000'}{3:012x}")),
        ]
    )


async def test_it_is_on_record_in_every_school_before_anything_is_read() -> None:
    house = await folded_house()
    await house.back_up()
    for tenant in ("default", "school"):
        (record,) = await house.audit.read(tenant)
        assert (record.entry.action, record.entry.actor) == ("backup.create", "os:op")


async def test_nobody_but_an_operator_may() -> None:
    house = await folded_house()
    await house.back_up()
    for role in ("admin", "teacher", "service", "student"):
        with pytest.raises(NotAllowed):
            await house.restore(
                caller=OPERATOR.__class__(tenant_id="default", subject="x", role=role, request_id="r")
            )


async def test_a_place_that_is_not_empty_is_refused() -> None:
    house = await folded_house()
    house.target.objects["something"] = b""
    with pytest.raises(Conflict, match="not empty"):
        await house.back_up()


async def test_a_backup_during_which_the_topic_was_made_anew_is_refused() -> None:
    house = await folded_house()
    store = Meddling(house.store, "get_many", 2, house.log.recreate)
    with pytest.raises(Conflict, match="made anew meanwhile"):
        await house.back_up(store=store)
    with pytest.raises(NotFound, match="unfinished"):
        await verify(house.target)


async def test_no_backup_is_told_from_an_unfinished_one() -> None:
    with pytest.raises(NotFound, match="no backup"):
        await verify(MemoryTarget())


async def test_one_school_alone_can_be_backed_up() -> None:
    house = await folded_house()
    manifest = await house.back_up(tenant="school")
    assert (manifest.tenants, manifest.counts.documents, manifest.counts.processed) == (["school"], 1, 1)
    with pytest.raises(NotFound, match="nobody"):
        await house.back_up(tenant="nobody")


async def test_an_erased_student_is_not_backed_up_and_the_marker_is() -> None:
    house = await folded_house()
    marker = keys.erased(house.pseudonyms.of("default", "bob"))
    await house.store.write_many([Write(key_of("bob"), TOMBSTONE), Write(marker, b"{}")])
    counts = (await house.back_up()).counts
    assert (counts.documents, counts.markers) == (2, 1)


async def test_a_document_that_is_damaged_is_kept_as_it_is_and_told() -> None:
    house = await folded_house()
    await house.store.write_many([Write(key_of("bob"), b"\xc1 rubbish")])
    await house.back_up()
    assert (await verify(house.target)).damaged == 1
    house.lose()
    assert (await house.restore()).documents == 3
    entry = await house.entry(key_of("bob"))
    assert entry is not None
    assert entry.value == b"\xc1 rubbish"


async def test_a_document_of_a_newer_release_is_refused() -> None:
    house = await folded_house()
    await house.store.write_many([Write(key_of("bob"), b"\x92\x63\x00")])
    with pytest.raises(NewerVersion, match="version 99"):
        await house.back_up()


async def test_parts_have_a_bounded_size() -> None:
    house = await folded_house()
    backed = await house.back_up()
    (part,) = backed.parts
    items = [item async for batch in items_of(house.target, part) for item in batch]

    async def one_by_one() -> AsyncIterator[list[Any]]:
        for item in items:
            yield [item]

    parts = await PartWriter(MemoryTarget(), part_bytes=1).items(one_by_one())
    assert [one.name for one in parts[:2]] == ["state-000001.part", "state-000002.part"]
    assert sum(one.items for one in parts) == len(items)


async def test_records_of_an_old_topic_are_not_taken_for_those_of_the_new_one() -> None:
    house = BackupHouse()
    await house.send(*(completion(number, number % 10) for number in range(1, 8)))
    await house.work()
    await house.log.recreate("another")
    await house.send(quiz(100))
    await house.work()

    async def folds(number: int) -> None:
        await house.send(quiz(number))
        await house.work()

    # Records are read, then the document, then records that are new.
    store = Meddling(house.store, "get_many", 2, partial(folds, 101))
    store = Meddling(store, "get_many", 3, partial(folds, 102))
    manifest = await house.back_up(store=store)
    assert manifest.counts.processed == 8 + 1 + 1
    house.lose()
    await house.restore()
    await house.work()
    await house.send(*(completion(number, number % 10) for number in range(1, 8)), quiz(101), quiz(102))
    await house.work()
    assert (await house.document()).state.events == 10
