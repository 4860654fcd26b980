"""Who follows which learner in this process, and since when: changes are fanned out, and never queued.

A change only marks those who follow; each reads the newest state when it can. So a slow reader costs a flag, and a
hundred changes that it missed are one.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from typing import Final, Literal, NamedTuple, final

from mastery_engine.contracts import keys
from mastery_engine.ports import Record

MOST_REMEMBERED: Final = 20_000
Missed = Literal["nothing", "something", "unknown"]
"""What became of a learner since an id; unknown where this process cannot tell."""


class _Place(NamedTuple):
    """Where a record of the results lies."""

    partition: int
    offset: int


@final
class Follower:
    """One who follows a learner.

    Attributes:
        changed: Set when there may be something new; whoever reads clears it first.
        ending: Whether this process wants to end.
    """

    def __init__(self) -> None:
        """Nothing new yet."""
        self.changed = asyncio.Event()
        self.ending = False


@final
class LiveHub:
    """Fans changes out.

    The id of an update is the place of the newest result of that learner that this process has seen, with the id of the topic:
    the same in every process, so that a stream may be resumed anywhere.
    """

    def __init__(self, topic_id: str = "", *, counts: bool = False, most: int = MOST_REMEMBERED) -> None:
        """Nobody follows yet.

        Args:
            topic_id: See `began`.
            counts: There are no results to read: writes of this process are all there is, and are counted in their place.
            most: Of how many learners the newest place is remembered.
        """
        self._epoch = topic_id
        self._counts = counts
        self._most = most
        self._followers: dict[str, set[Follower]] = {}
        self._newest: OrderedDict[str, _Place] = OrderedDict()
        # By partition: of whom nothing is remembered, nothing came after this offset.
        self._floors: dict[int, int] = {0: 0} if counts else {}
        self._count = 0
        self._ending = False

    @property
    def open(self) -> int:
        """How many follow."""
        return sum(map(len, self._followers.values()))

    @contextmanager
    def follow(self, document_key: str) -> Generator[Follower]:
        """Follow a learner; leaves nothing behind."""
        follower = Follower()
        follower.ending = self._ending
        self._followers.setdefault(document_key, set()).add(follower)
        try:
            yield follower
        finally:
            others = self._followers[document_key]
            others.discard(follower)
            if not others:
                del self._followers[document_key]

    def place(self, document_key: str) -> str | None:
        """Id of what this process knows of a learner; None where it has not seen a result of it yet."""
        found = self._newest.get(document_key)
        return None if found is None else f"{self._epoch}.{found.partition}.{found.offset}"

    def missed(self, document_key: str, since: str) -> Missed:
        """What became of a learner since an id that it once had here or in another process."""
        place = self._place_of(since)
        if place is None:
            return "unknown"
        newest = self._newest.get(document_key)
        if newest is None:
            floor = self._floors.get(place.partition)
            return "unknown" if floor is None or place.offset < floor else "nothing"
        if newest.partition != place.partition:
            return "unknown"
        return "something" if place.offset < newest.offset else "nothing"

    def began(self, topic_id: str) -> None:
        """The results are followed from now on; what came before has not been seen."""
        self._epoch = topic_id
        self._newest.clear()
        self._floors.clear()

    def take(self, records: Sequence[Record]) -> None:
        """Results have come; caches are evicted already."""
        for record in records:
            key = keys.document_of(record.key.decode("utf-8", "replace"))
            self._note(key, _Place(record.partition, record.offset))
            self._wake(key)

    def changed(self, document_keys: Collection[str]) -> None:
        """This process has written documents."""
        for key in document_keys:
            if self._counts:
                self._count += 1
                self._note(key, _Place(0, self._count))
            self._wake(key)

    def lost(self) -> None:
        """Something may have been missed: everybody looks anew."""
        for key in self._followers:
            self._wake(key)

    def end(self) -> None:
        """Let everybody go, and whoever still comes."""
        self._ending = True
        for followers in self._followers.values():
            for one in followers:
                one.ending = True
                one.changed.set()

    def _wake(self, document_key: str) -> None:
        for one in self._followers.get(document_key, ()):
            one.changed.set()

    def _note(self, document_key: str, place: _Place) -> None:
        self._floors.setdefault(place.partition, place.offset - 1)
        self._newest[document_key] = place
        self._newest.move_to_end(document_key)
        if len(self._newest) > self._most:
            _, forgotten = self._newest.popitem(last=False)
            floor = self._floors.get(forgotten.partition, 0)
            self._floors[forgotten.partition] = max(floor, forgotten.offset)

    def _place_of(self, told: str) -> _Place | None:
        epoch, *numbers = told.rsplit(".", 2)
        if epoch != self._epoch or len(numbers) != len(_Place._fields):
            return None
        if not all(one.isdecimal() and one.isascii() and len(one) < 20 for one in numbers):  # noqa: PLR2004 - 64 bits
            return None
        return _Place(*map(int, numbers))
