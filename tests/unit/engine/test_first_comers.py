"""Of the events of one run with one id, the first that keeps the rules counts; the others are told at the door."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from mastery_engine.bootstrap import CONSUMER_GROUP
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.errors import Conflict, InvalidInput, NotFound
from mastery_engine.engine import intake as intake_module
from mastery_engine.engine.first_comers import FirstComers
from mastery_engine.engine.ingest import Receipt
from mastery_engine.engine.intake import Intake
from mastery_engine.engine.work import Worker
from tests.unit.engine.house import event_id, quiz
from tests.unit.engine.small_school import School, caller, open_school


@pytest.fixture
async def school() -> AsyncIterator[School]:
    async with open_school() as opened:
        yield opened


def fates(receipts: Sequence[Receipt]) -> list[str]:
    return [
        "already" if one.already else "accepted" if one.error is None else one.error.reason
        for one in receipts
    ]


async def correct(school: School, student: str) -> float:
    components = (await school.engine.queries.profile(caller(), student)).current.components
    assert components is not None
    return components["quiz"].value


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize(("one", "two"), [("ann", "bob"), ("bob", "ann"), ("cy", "di"), ("di", "cy")])
async def test_of_two_students_the_first_counts_whatever_partitions_they_go_to(
    school: School, one: str, two: str, *, fresh: bool
) -> None:
    first, second = quiz(1, 5, student=one), quiz(1, 5, student=two)
    async with school.engine.intake().open() as taking:
        receipts = await taking.take([first, second], fresh=fresh)
        assert fates(receipts) == ["accepted", "event_id_reused"]
        assert fates(await taking.take([second], fresh=fresh)) == ["event_id_reused"]
    assert receipts[1].error is not None
    assert receipts[1].error.message == (
        f"event_id = {event_id(1)}: stands for another event, which came first; an event has an id of its own"
    )
    assert await correct(school, one) == 0.5
    assert (taking.total.folded, taking.total.refused) == (1, 0)


@pytest.mark.parametrize("fresh", [False, True])
async def test_an_id_of_any_batch_before_is_known_though_what_is_folded_is_not_held(
    school: School, *, fresh: bool
) -> None:
    async with school.engine.intake().open() as taking:
        for number in range(1, 6):
            assert fates(await taking.take([quiz(number, 5)], fresh=fresh)) == ["accepted"]
        for number in range(1, 6):
            assert fates(await taking.take([quiz(number, 6)], fresh=fresh)) == ["event_id_reused"]
            other = quiz(number, 5, student="bob")
            assert fates(await taking.take([other], fresh=fresh)) == ["event_id_reused"]
    assert (taking.total.folded, taking.total.refused) == (5, 0)
    assert await correct(school, "ann") == 0.5


async def test_a_repeat_is_not_refused_and_counts_once(school: School) -> None:
    async with school.engine.intake().open() as taking:
        assert fates(await taking.take([quiz(1, 5), quiz(1, 5)])) == ["accepted", "accepted"]
        assert fates(await taking.take([quiz(2), quiz(1, 5)], fresh=True)) == ["accepted", "accepted"]
    assert (taking.total.folded, taking.total.repeats, taking.total.refused) == (2, 2, 0)


async def test_an_id_whose_first_event_was_refused_is_free_for_the_next(school: School) -> None:
    unread = InvalidInput("not JSON", reason="not_json")
    async with school.engine.intake().open() as taking:
        receipts = await taking.take([unread, quiz(1, 11), quiz(1, 10), quiz(1, 9)])
        assert fates(receipts) == ["not_json", "rule", "accepted", "event_id_reused"]
    assert await correct(school, "ann") == 1.0


async def test_an_id_is_each_schools_own(school: School) -> None:
    await school.engine.tenants.create(Tenant(tenant_id="south"))
    async with school.engine.intake().open() as taking:
        assert fates(await taking.take([quiz(1, 5), quiz(1, 6, tenant="south")])) == ["accepted"] * 2
    assert taking.total.folded == 2


class Elsewhere:
    """Another process that folds, whenever this one lets time pass."""

    def __init__(self, school: School) -> None:
        self.school = school

    @asynccontextmanager
    async def folding(self) -> AsyncGenerator[Worker]:
        raise Conflict("the process 7 already folds")
        yield  # pragma: no cover - a generator

    async def sleep(self, seconds: float) -> None:
        del seconds
        async with self.school.engine.folding() as worker:
            await worker.drain()


@pytest.fixture
def beside(school: School) -> Intake:
    elsewhere = Elsewhere(school)
    school.clock.sleep = elsewhere.sleep
    engine, adapters = school.engine, school.engine.adapters
    return Intake(
        engine.ingest,
        adapters.log,
        adapters.store,
        engine.pseudonyms,
        school.clock,
        elsewhere.folding,
        CONSUMER_GROUP,
    )


async def test_what_another_process_has_not_folded_yet_is_known(school: School, beside: Intake) -> None:
    async with beside.open() as taking:
        for number in range(1, 4):
            assert fates(await taking.take([quiz(number, 5)])) == ["accepted"]
        assert fates(await taking.take([quiz(1, 6), quiz(2, 5, student="bob")])) == ["event_id_reused"] * 2
        assert not taking.folds_here
    assert await correct(school, "ann") == 0.5


async def test_where_too_much_waits_for_another_process_it_waits_too(
    school: School, beside: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "MOST_WAITING", 2)
    async with beside.open() as taking:
        await taking.take([quiz(1, 5), quiz(2, 5)])
        await taking.take([quiz(3, 5)])
        with pytest.raises(NotFound):
            await correct(school, "ann")
        await taking.take([quiz(4, 5)])
        assert await correct(school, "ann") == 0.5


def test_ids_are_held_until_their_batch_is_folded_in_every_partition() -> None:
    first = FirstComers()
    assert first.claim(quiz(1), b"1") is None
    assert first.claim(quiz(1), b"1") is None
    first.appended({0: 5, 1: 2})
    assert first.claim(quiz(1), b"1") is None
    first.appended({0: 6})
    assert first.claim(quiz(2), b"2") is None
    first.appended({1: 3})
    first.forget({0: 5})
    assert len(first) == 2
    first.forget({0: 5, 1: 2})
    assert len(first) == 1
    assert first.may_be_folded(quiz(1))
    assert not first.may_be_folded(quiz(2))
    assert not first.may_be_folded(quiz(3))
    assert first.claim(quiz(1), b"other") is None
    refused = first.claim(quiz(2), b"other")
    assert refused is not None
    assert refused.reason == "event_id_reused"
