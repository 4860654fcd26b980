"""Dead letters go from their topic into the store of record, once each."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from mastery_engine.domain.errors import InvalidInput
from mastery_engine.engine.letter_filing import LetterFiling
from mastery_engine.ports import DeadLetter, NewRecord
from tests.unit.engine.house import House, quiz

FILERS = "filers"


class JsonLetters:
    async def read(self, values: Sequence[bytes]) -> list[DeadLetter | InvalidInput]:
        return [_letter(value) for value in values]


def _letter(value: bytes) -> DeadLetter | InvalidInput:
    try:
        return msgspec.json.decode(value, type=DeadLetter)
    except msgspec.DecodeError as error:
        return InvalidInput(str(error))


async def letters_in_the_topic(house: House, times: int = 1) -> list[DeadLetter]:
    """Letters of a worker, sent on to a topic of their own."""
    await house.send(b"no event", quiz(1), b"neither")
    await house.work(archive=None)
    letters = await house.all_letters()
    fresh = House()
    house.log, house.letters = fresh.log, fresh.letters
    await house.log.append(
        [NewRecord(one.letter_id.encode(), msgspec.json.encode(one)) for one in letters * times]
    )
    return letters


def filing(house: House) -> LetterFiling:
    return LetterFiling(house.log.consumer(FILERS), house.letters, JsonLetters())


async def test_letters_are_filed_whole() -> None:
    house = House()
    sent = await letters_in_the_topic(house)
    report = await filing(house).step(100)
    assert (report.polled, report.kept) == (2, 2)
    assert await house.all_letters() == sent


async def test_a_letter_sent_again_is_filed_once() -> None:
    house = House()
    sent = await letters_in_the_topic(house, times=3)
    assert (await filing(house).step(100)).kept == 2
    assert await house.all_letters() == sent


async def test_what_is_committed_is_not_read_again() -> None:
    house = House()
    await letters_in_the_topic(house)
    await filing(house).step(100)
    assert (await filing(house).step(100)).polled == 0


async def test_what_is_no_letter_stops_nobody() -> None:
    house = House()
    await letters_in_the_topic(house)
    await house.log.append([NewRecord(b"k", b"no letter")])
    report = await filing(house).step(100)
    assert (report.polled, report.kept) == (3, 2)
