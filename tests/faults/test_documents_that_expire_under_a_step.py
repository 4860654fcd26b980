"""Through a Dapr sidecar, a save with the ETag of a document that is gone by now makes it anew."""

from __future__ import annotations

from collections.abc import Sequence

from mastery_engine.contracts import keys
from mastery_engine.contracts.document import TOMBSTONE
from mastery_engine.ports import Write
from tests.faults.meddling import Happening
from tests.unit.engine.house import House, quiz
from tools.simulation.dapr_store import DaprLikeStore

DOCUMENT = keys.document("default", "ann")


class Between(DaprLikeStore):
    """Something happens once, between the look and the write of a document."""

    happening: Happening | None = None

    async def write_many(self, writes: Sequence[Write]) -> list[bool]:
        happening = self.happening
        if happening is None or DOCUMENT not in {write.key for write in writes}:
            return await super().write_many(writes)
        self.happening = None
        assert all(await self.look(writes))
        await happening()
        return await self.arrive(writes, repeats=False)


async def house_with_a_document() -> tuple[House, Between]:
    house = House()
    store = Between(house.clock, 0)
    house.store = store
    await house.send(quiz(1))
    await house.work()
    return house, store


async def test_a_document_that_expires_there_is_what_it_would_be_had_it_expired_later() -> None:
    house, store = await house_with_a_document()

    async def expire() -> None:
        await store.arrive([Write(DOCUMENT, None)])

    store.happening = expire
    await house.send(quiz(2))
    report = await house.work()
    document = await house.document()
    assert report.conflicts == 0
    assert document.state.events == 2
    assert {output["caused_by"] for output in house.outputs()} == {quiz(1).event_id, quiz(2).event_id}


async def test_a_tombstone_that_comes_there_stays() -> None:
    house, store = await house_with_a_document()

    async def erase() -> None:
        entry = await house.entry(DOCUMENT)
        assert entry is not None
        assert await store.arrive([Write(DOCUMENT, TOMBSTONE, entry.version)], repeats=False) == [True]

    store.happening = erase
    await house.send(quiz(2))
    report = await house.work()
    assert report.conflicts == 1
    entry = await house.entry(DOCUMENT)
    assert entry is not None
    assert entry.value == TOMBSTONE


async def test_a_write_that_is_told_as_refused_though_it_was_done_counts_once() -> None:
    house, store = await house_with_a_document()

    async def repeat() -> None:
        """The sidecar loses Redis's answer, and tries again."""
        await store.arrive(seen[:1], repeats=False)

    seen: list[Write] = []
    look = store.look

    async def looked(writes: Sequence[Write]) -> list[bool]:
        seen.extend(writes)
        return await look(writes)

    store.look = looked
    store.happening = repeat
    await house.send(quiz(2))
    report = await house.work()
    assert report.conflicts == 1
    assert (await house.document()).state.events == 2
    assert [output["caused_by"] for output in house.outputs()].count(quiz(2).event_id) == 1
