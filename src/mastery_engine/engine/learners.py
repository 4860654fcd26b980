"""States of learners for those who only read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, final

from mastery_engine.contracts.document import TOMBSTONE, decode_document
from mastery_engine.domain.learner import LearnerState
from mastery_engine.ports import Entry, StateStore


class Learners(Protocol):
    """Gives states of learners. They may be shared, so nobody changes them."""

    async def many(self, document_keys: Sequence[str]) -> list[LearnerState | None]:
        """States in the order of the keys, None for who has no event or was erased.

        Raises:
            DamagedDocument: A document cannot be read.
            NewerVersion: A newer release wrote it.
            DependencyDown: The store does not answer.
        """
        ...

    async def refresh(self, document_keys: Sequence[str]) -> None:
        """What is read of them from now on is as the store has it now, or newer."""
        ...


@final
class StoredLearners:
    """States as the store has them."""

    def __init__(self, store: StateStore) -> None:
        """Read a store."""
        self._store = store

    async def many(self, document_keys: Sequence[str]) -> list[LearnerState | None]:
        """See `Learners`."""
        return [state_of(entry) for entry in await self._store.get_many(document_keys)]

    async def refresh(self, document_keys: Sequence[str]) -> None:
        """Nothing is held here."""


def state_of(entry: Entry | None) -> LearnerState | None:
    """The state in an entry of the store; None for who has no event or was erased."""
    if entry is None or entry.value == TOMBSTONE:
        return None
    state = decode_document(entry.value).state
    return state if state.newest_day >= 0 else None
