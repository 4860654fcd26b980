"""Which of a sender's events became dead letters, whoever folded them."""

from __future__ import annotations

import pytest

from mastery_engine.adapters.memory import MemoryDeadLetters
from mastery_engine.engine import landing
from mastery_engine.engine.landing import Landing
from mastery_engine.ports import DeadLetter, Position


def letter(number: int, partition: int, offset: int, topic_id: str = "t") -> DeadLetter:
    return DeadLetter(
        letter_id=f"{number:04}",
        topic="mastery.requests",
        topic_id=topic_id,
        partition=partition,
        offset=offset,
        key=b"",
        headers=(),
        payload=b"{",
        kind="validation",
        reason="invalid",
        message="is not JSON",
        attempts=1,
        failed_at_ms=0,
    )


def test_positions_are_held_and_their_neighbours_are_not() -> None:
    landed = Landing()
    landed.add(Position(0, offset) for offset in (3, 4, 5, 9))
    landed.add([Position(0, 10), Position(2, 0)])
    held = [(partition, offset) for partition in range(3) for offset in range(12)]
    assert [place for place in held if landed.holds(*place)] == [
        *((0, offset) for offset in (3, 4, 5, 9, 10)),
        (2, 0),
    ]


async def test_only_letters_of_the_senders_records_in_that_log_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing, "PAGE", 2)
    letters = MemoryDeadLetters()
    places = [(0, 3), (0, 6), (0, 10), (2, 0), (1, 3)]
    await letters.add([letter(number, *place) for number, place in enumerate(places)])
    await letters.add([letter(9, 0, 4, topic_id="of another log")])
    landed = Landing()
    assert await landed.dead_letters(letters, "t") == 0
    landed.add(Position(0, offset) for offset in (3, 4, 5, 9, 10))
    landed.add([Position(2, 0)])
    assert await landed.dead_letters(letters, "t") == 3
