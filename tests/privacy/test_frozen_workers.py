"""A worker stands still in the middle of a step, an erasure passes, and the worker goes on: nothing returns."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mastery_engine.bootstrap.worker_parts import processor_of
from mastery_engine.engine.erasure.burying import Burial
from mastery_engine.engine.process import Processor
from mastery_engine.engine.step import StepLate
from mastery_engine.ports import LogConsumer
from tests.faults.meddling import Meddling
from tests.privacy.leaving import ANNA, BEN, Leaving, admin, event

_MOST_CALLS = 12
PLACES = {
    "before it reads documents": ("store", "get_many"),
    "between reading and writing, and before derived keys and `processed:`": ("store", "write_many"),
    "before archiving": ("archive", "add"),
    "before its outputs go": ("results", "publish"),
}


class Frozen:
    """A worker that runs a happening before the nth call of a method of one of its ports."""

    def __init__(
        self, school: Leaving, place: tuple[str, str], nth: int, happening: Callable[[], Awaitable[None]]
    ) -> None:
        port, method = place
        ours = school.engine.adapters
        self._meddling = Meddling(getattr(ours, port), method, nth, happening)
        self._engine = dataclasses.replace(
            school.engine, adapters=dataclasses.replace(ours, **{port: self._meddling})
        )

    @property
    def calls(self) -> int:
        return self._meddling.calls

    async def drain(self) -> None:
        consumer = self._engine.adapters.log.consumer(self._engine.group)
        processor = processor_of(self._engine, consumer)
        try:
            await _drained(processor, consumer)
        finally:
            await consumer.close()


async def _drained(processor: Processor, consumer: LogConsumer) -> None:
    for _ in range(100):
        try:
            if not (await processor.step(10)).polled:
                return
        except StepLate:
            await consumer.rewind()
    raise AssertionError("the worker never came to its end")


async def _check_gone(school: Leaving, where: str) -> None:
    digest = school.engine.pseudonyms.digest("default", ANNA)
    assert await school.left() - {"log"} == set(), where
    store = school.engine.adapters.store
    async for names in store.scan("processed:"):
        entries = await store.get_many(names)
        assert not [one for one in entries if one is not None and digest in one.value], where
    assert len(await school.left(BEN)) > 3, where


@pytest.mark.parametrize("known", [True, False], ids=["a document before", "the first event"])
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
async def test_a_worker_that_comes_back_after_the_sweep_brings_nothing_back(
    place: tuple[str, str], *, known: bool, make_school: Callable[[], Any]
) -> None:
    for nth in range(1, _MOST_CALLS):
        async with make_school() as school:
            if known:
                await school.append(event(1, ANNA), event(2, BEN))
                await school.fold()
            await school.append(event(3, ANNA), event(4, BEN))

            async def erased(school: Leaving = school) -> None:
                assert (await school.erase()).state == "done"

            worker = Frozen(school, place, nth, erased)
            await worker.drain()
            if worker.calls < nth:
                return
            await _check_gone(school, f"{place}, call {nth}")
    raise AssertionError("more calls than were tried")


@pytest.mark.parametrize("known", [True, False], ids=["a document before", "the first event"])
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
async def test_a_worker_that_comes_back_while_the_eraser_waits_brings_nothing_back(
    place: tuple[str, str], *, known: bool, make_school: Callable[[], Any]
) -> None:
    for nth in range(1, _MOST_CALLS):
        async with make_school() as school:
            if known:
                await school.append(event(1, ANNA), event(2, BEN))
                await school.fold()
            await school.append(event(3, ANNA), event(4, BEN))
            request = await school.engine.erasures.ask(admin(), ANNA)

            async def buried(school: Leaving = school) -> None:
                # As far as the tombstone: the eraser waits, and the worker is in time.
                case = (await school.runner()._cases())[0]
                await Burial(school.ports).bury(case, also_absent=True)

            worker = Frozen(school, place, nth, buried)
            await worker.drain()
            await school.runner().run_once()
            assert (await school.request(request.request_id)).state == "done"
            if worker.calls < nth:
                return
            await _check_gone(school, f"{place}, call {nth}")
    raise AssertionError("more calls than were tried")
