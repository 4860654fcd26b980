"""Evidence by day, as a learner's history keeps it: packed until it is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, final

from mastery_engine.domain.evidence import Evidence

DAYS_A_CHUNK: Final = 16
_NEVER: Final = 1 << 62

Chunk = dict[int, Any]
"""Place in the chunk (day % 16) to `Evidence`, or to its packed form until somebody touches that day."""


@final
class Days:
    """Evidence by day number, in chunks of 16 days; chunks and their days are unpacked when first touched.

    So a year of history costs a batch next to nothing when only its last day changes.
    """

    __slots__ = ("_oldest", "_opened", "_packed", "_unpack_chunk", "_unpack_day")

    def __init__(
        self,
        packed: dict[int, Any] | None = None,
        unpack_chunk: Callable[[Any], Chunk] | None = None,
        unpack_day: Callable[[int, Any], Evidence] | None = None,
    ) -> None:
        """Take over packed chunks.

        Args:
            packed: Chunk number (day // 16) to whatever `unpack_chunk` understands.
            unpack_chunk: Turns a packed chunk into packed days by place.
            unpack_day: Turns day number and packed day into evidence.
        """
        self._packed: dict[int, Any] = packed if packed is not None else {}
        self._unpack_chunk = unpack_chunk
        self._unpack_day = unpack_day
        self._opened: dict[int, Chunk] = {}
        # No day is older, so most new days know at once that none leaves the window.
        self._oldest = min(self._packed) * DAYS_A_CHUNK if self._packed else _NEVER

    def add(self, day: int, evidence: Evidence) -> None:
        """Merge evidence into that of the day; it is taken over and must not be changed afterwards."""
        number, place = divmod(day, DAYS_A_CHUNK)
        chunk = self._opened.get(number)
        if chunk is None:
            chunk = self._open(number)
        held = chunk.get(place)
        if held is None:
            chunk[place] = evidence
            if day < self._oldest:  # noqa: PLR1730 - max() and min() cost more than the rest of it
                self._oldest = day
        else:
            self._unpacked(number, place).merge(evidence)

    def items(self) -> Iterator[tuple[int, Evidence]]:
        """Day numbers and their evidence, oldest first."""
        for number in sorted(self._opened.keys() | self._packed.keys()):
            for place in sorted(self._open(number)):
                yield number * DAYS_A_CHUNK + place, self._unpacked(number, place)

    def newest_first(self) -> Iterator[int]:
        """Day numbers, newest first; the evidence of none is unpacked."""
        for number in sorted(self._opened.keys() | self._packed.keys(), reverse=True):
            for place in sorted(self._open(number), reverse=True):
                yield number * DAYS_A_CHUNK + place

    def pop_before(self, day: int) -> list[Evidence]:
        """Remove and return the evidence of every day before `day`, oldest first."""
        gone: list[Evidence] = []
        while self._oldest < day:
            number, place = divmod(self._oldest, DAYS_A_CHUNK)
            chunk = self._open(number)
            if place in chunk:
                gone.append(self._unpacked(number, place))
                del chunk[place]
            if chunk:
                self._oldest = number * DAYS_A_CHUNK + min(chunk)
            else:
                del self._opened[number]
                numbers = self._opened.keys() | self._packed.keys()
                self._oldest = min(numbers) * DAYS_A_CHUNK if numbers else _NEVER
        return gone

    def parts(self) -> tuple[dict[int, Any], dict[int, Chunk]]:
        """Chunks never opened, as they came, and opened chunks, for the codec."""
        return self._packed, self._opened

    def _open(self, number: int) -> Chunk:
        chunk = self._opened.get(number)
        if chunk is None:
            packed = self._packed.get(number)
            unpack = self._unpack_chunk
            chunk = {} if packed is None or unpack is None else unpack(packed)
            # Only now: of a damaged chunk every reader is told, and none gets a history without its days.
            self._packed.pop(number, None)
            self._opened[number] = chunk
        return chunk

    def _unpacked(self, number: int, place: int) -> Evidence:
        chunk = self._opened[number]
        evidence = chunk[place]
        if type(evidence) is not Evidence:
            assert self._unpack_day is not None  # noqa: S101 - packed days come with their codec
            evidence = chunk[place] = self._unpack_day(number * DAYS_A_CHUNK + place, evidence)
        return evidence
