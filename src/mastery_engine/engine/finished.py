"""What this process has finished lately, so that it need not ask the store again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import final


@final
class Finished:
    """Names added lately, in bounded memory.

    The last `kept` are sure to be known; twice as many are held at most, and those of one call more.
    """

    __slots__ = ("_kept", "_new", "_old")

    def __init__(self, kept: int) -> None:
        """Start empty.

        Args:
            kept: How many of the last names are sure to be known.
        """
        self._kept = kept
        self._new: set[bytes] = set()
        self._old: set[bytes] = set()

    def add(self, names: Iterable[bytes]) -> None:
        """Remember names."""
        self._new.update(names)
        if len(self._new) >= self._kept:
            self._old, self._new = self._new, set()

    def __contains__(self, name: bytes) -> bool:
        return name in self._new or name in self._old
