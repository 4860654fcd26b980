"""Which event of a run of taking in came first with its id: that one counts, whatever partitions the others go to.

Between partitions the log knows no first one; whoever appends does. What is folded is found in the `processed:` records,
so ids are held only until then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, final

from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.events import LearningEvent

_BITS: Final = 1 << 23
_SECOND: Final = 31
"""How far the second of an id's two bits is taken from its hash."""

_Name = tuple[str, str]


@final
class FirstComers:
    """The ids that stand for an event of this run which is not known to be folded yet.

    Memory: the ids held, and 1 MiB that remembers all others well enough to know which are worth looking up.
    """

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._held: dict[_Name, bytes] = {}
        self._batches: list[tuple[list[_Name], Mapping[int, int]]] = []
        self._batch: list[_Name] = []
        self._bits = bytearray(_BITS >> 3)

    def __len__(self) -> int:
        """How many ids are held."""
        return len(self._held)

    def claim(self, event: LearningEvent, digest: bytes) -> InvalidInput | None:
        """Let an event that is about to be appended have its id.

        Args:
            event: It keeps every rule: one that does not leaves its id free.
            digest: Hash of its content, the student included.

        Returns:
            None if the id is free or stands for this very event; else the refusal.
        """
        name = (event.tenant_id, event.event_id)
        first = self._held.get(name)
        if first is None:
            self._held[name] = digest
            self._batch.append(name)
            self._remember(name)
        elif first != digest:
            rule = "stands for another event, which came first; an event has an id of its own"
            return InvalidInput.of(Problem("event_id", event.event_id, rule), reason="event_id_reused")
        return None

    def appended(self, ends: Mapping[int, int]) -> None:
        """End a batch of claims.

        Args:
            ends: By partition, the offset behind the batch's last record.
        """
        if self._batch:
            self._batches.append((self._batch, ends))
            self._batch = []

    def forget(self, committed: Mapping[int, int]) -> None:
        """Let go of the batches that are folded, the `processed:` records of which are written.

        Args:
            committed: By partition, the offset before which everything is folded.
        """
        waiting: list[tuple[list[_Name], Mapping[int, int]]] = []
        for names, ends in self._batches:
            if all(committed.get(partition, 0) >= end for partition, end in ends.items()):
                for name in names:
                    del self._held[name]
            else:
                waiting.append((names, ends))
        self._batches = waiting

    def may_be_folded(self, event: LearningEvent) -> bool:
        """Whether this id may have been claimed in this run and let go of; False is certain, True nearly so."""
        name = (event.tenant_id, event.event_id)
        one, two = _places(name)
        # Written out, since every event of an import asks: most have nothing at the first place.
        bits = self._bits
        return (
            bits[one >> 3] >> (one & 7) & 1 == 1
            and bits[two >> 3] >> (two & 7) & 1 == 1
            and name not in self._held
        )

    def _remember(self, name: _Name) -> None:
        one, two = _places(name)
        self._bits[one >> 3] |= 1 << (one & 7)
        self._bits[two >> 3] |= 1 << (two & 7)


def _places(name: _Name) -> tuple[int, int]:
    hashed = hash(name)
    return hashed & (_BITS - 1), hashed >> _SECOND & (_BITS - 1)
