"""Requests that may be sent again: reserved, answered alike, refused with another body, freed after a crash."""

from __future__ import annotations

import asyncio

import pytest

from mastery_engine.adapters.memory import MemoryStateStore
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.domain.errors import Conflict, InvalidInput
from mastery_engine.engine.access import Caller
from mastery_engine.engine.idempotency import (
    KEPT_SECONDS,
    RESERVED_SECONDS,
    WAIT_SECONDS,
    Idempotency,
    Kept,
    Reservation,
    UnderWay,
)
from tests.api.school import StillClock
from tests.unit.engine.jobs_house import caller

BODY = b'{"student_id": "amal"}'
SENDER = caller("tutor", "service")


class House:
    def __init__(self) -> None:
        self.clock = StillClock()
        self.store = MemoryStateStore(self.clock)
        self.known = Idempotency(self.store, Pseudonyms(b"k" * 32), self.clock)

    async def reserve(self, key: str = "key-1", body: bytes = BODY, who: Caller = SENDER) -> Reservation:
        begun = await self.known.begin(who, key, body)
        assert isinstance(begun, Reservation)
        return begun

    async def kept(self, key: str = "key-1", body: bytes = BODY, who: Caller = SENDER) -> Kept:
        begun = await self.known.begin(who, key, body)
        assert isinstance(begun, Kept)
        return begun


@pytest.fixture
async def house() -> House:
    return House()


async def test_what_was_answered_is_known_for_a_day(house: House) -> None:
    reservation = await house.reserve()
    await house.known.finish(reservation, "position")
    house.clock.ms += KEPT_SECONDS * 1_000 - 1
    kept = await house.kept()
    assert (kept.token, kept.at_ms) == ("position", reservation.kept.at_ms)
    house.clock.ms += 1
    await house.reserve()


async def test_another_body_is_refused_while_the_first_is_under_way_and_after(house: House) -> None:
    reservation = await house.reserve()
    for _ in range(2):
        with pytest.raises(Conflict, match="another body"):
            await house.known.begin(SENDER, "key-1", BODY + b" ")
        await house.known.finish(reservation, "")


async def test_everybody_has_keys_of_their_own(house: House) -> None:
    await house.reserve()
    await house.reserve("key-2")
    await house.reserve(who=caller("tutor", "admin"))
    await house.reserve(who=caller("other", "service"))
    await house.reserve(who=caller("tutor", "service", "north"))


async def test_the_second_of_two_at_once_waits_for_the_answer_of_the_first(house: House) -> None:
    reservation = await house.reserve()
    second = asyncio.create_task(house.kept())
    for _ in range(3):
        await asyncio.sleep(0)
    assert not second.done()
    await house.known.finish(reservation, "position")
    assert (await second).token == "position"


async def test_it_waits_no_longer_than_it_should(house: House) -> None:
    await house.reserve()
    with pytest.raises(UnderWay):
        await house.known.begin(SENDER, "key-1", BODY)
    assert house.clock.slept == pytest.approx(WAIT_SECONDS)


async def test_of_many_at_once_one_does_the_work(house: House) -> None:
    async def send() -> bool:
        begun = await house.known.begin(SENDER, "key-1", BODY)
        if isinstance(begun, Reservation):
            await asyncio.sleep(0)
            await house.known.finish(begun, "position")
        return isinstance(begun, Reservation)

    assert sum(await asyncio.gather(*(send() for _ in range(50)))) == 1


async def test_a_reservation_of_who_died_frees_itself_and_its_late_answer_is_not_kept(house: House) -> None:
    late = await house.reserve()
    house.clock.ms += RESERVED_SECONDS * 1_000
    await house.known.finish(late, "late")
    again = await house.reserve()
    await house.known.finish(late, "late")
    await house.known.release(late)
    await house.known.finish(again, "position")
    assert (await house.kept()).token == "position"


async def test_work_that_was_not_done_lets_the_key_be_used_again(house: House) -> None:
    await house.known.release(await house.reserve())
    await house.reserve(body=b"another one")


@pytest.mark.parametrize("key", ["", "a" * 256, "with space", "ümlaut", "line\n", "\x7f"])
async def test_a_key_that_is_none_is_refused_and_not_repeated(house: House, key: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await house.known.begin(SENDER, key, BODY)
    assert not key or key not in refused.value.message


@pytest.mark.parametrize("key", ["!", "~" * 255, "a||b:{c}"])
async def test_any_visible_characters_are_a_key(house: House, key: str) -> None:
    await house.reserve(key)


async def test_what_is_kept_holds_neither_key_nor_body_nor_caller(house: House) -> None:
    await house.known.finish(await house.reserve("amal-quiz"), "position")
    names = [name async for batch in house.store.scan("") for name in batch]
    (entry,) = await house.store.get_many(names)
    assert entry is not None
    assert [len(name) for name in names] == [len("idempotency:") + 32 + 1 + 64]
    assert not [word for word in ("amal", "tutor") if word in names[0] or word.encode() in entry.value]
