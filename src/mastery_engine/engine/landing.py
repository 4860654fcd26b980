"""Where events landed in the log, and which of them became dead letters, whoever folded them.

A process that folds counts its own dead letters. One that only appended has to look them up: once its events
are folded, every record of theirs that could not be counted lies among the dead letters, under its position.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final, final

from mastery_engine.ports import DeadLetters, Position

PAGE: Final = 200
"""Letters looked at in one read; each may be as large as an event may be."""


@final
class Landing:
    """Positions of one sender's events, kept as ranges: those of a batch lie side by side."""

    def __init__(self) -> None:
        """Start with none."""
        self._starts: dict[int, list[int]] = {}
        self._ends: dict[int, list[int]] = {}

    def add(self, positions: Iterable[Position]) -> None:
        """Note positions; in each partition they come in order, as the log gives them."""
        for partition, offset in positions:
            starts = self._starts.setdefault(partition, [])
            ends = self._ends.setdefault(partition, [])
            if ends and ends[-1] == offset:
                ends[-1] = offset + 1
            else:
                starts.append(offset)
                ends.append(offset + 1)

    def holds(self, partition: int, offset: int) -> bool:
        """Whether an event landed there."""
        place = bisect_right(self._starts.get(partition, ()), offset) - 1
        return place >= 0 and offset < self._ends[partition][place]

    async def dead_letters(self, letters: DeadLetters, topic_id: str) -> int:
        """How many of the events became dead letters, whatever has become of the letters since.

        Args:
            letters: Of record.
            topic_id: Of the log in which the events lie, all of them folded.

        Raises:
            DependencyDown: The letters cannot be read.
        """
        found, after = 0, None
        while self._starts and (page := await letters.find(after=after, limit=PAGE)):
            found += sum(
                letter.topic_id == topic_id and self.holds(letter.partition, letter.offset) for letter in page
            )
            after = page[-1].letter_id
        return found
