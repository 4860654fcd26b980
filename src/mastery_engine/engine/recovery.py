"""What a state store that was lost gets back from the records: schools, and who is erased."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Final, final

import msgspec

from mastery_engine.contracts import keys
from mastery_engine.contracts.erasure import Erasure
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.ports import ABSENT, ErasureLedger, StateStore, Write

_LEDGER_BATCH: Final = 1_000


@final
class Recovery:
    """Writes them where they are missing; what is there stays as it is."""

    def __init__(self, store: StateStore, tenants: TenantDirectory, erasures: ErasureLedger) -> None:
        """Put the parts together."""
        self._store = store
        self._tenants = tenants
        self._erasures = erasures

    async def recover(self) -> int:
        """Put schools and erasure markers back; returns how many markers were missing.

        Before anything is folded or rebuilt: an event of a school that nobody knows is refused, and an erased student
        without a marker comes back with the next event.

        Raises:
            DependencyDown: The store or the records do not answer.
        """
        # Listing them puts back those that the store lacks.
        await self._tenants.list()
        missing = 0
        async for erased in self.erasures():
            writes = [
                Write(keys.erased(one.student), marker_of(one), ABSENT)
                for one in erased
                if one.lifted_ms is None
            ]
            if writes:
                missing += sum(await self._store.write_many(writes))
        return missing

    async def keep(self) -> None:
        """See that the records have the schools that the store has."""
        await self._tenants.keep()

    async def erasures(self) -> AsyncGenerator[list[Erasure]]:
        """The latest erasure of every student who has one, in batches."""
        after = ""
        while found := await self._erasures.latest(after, _LEDGER_BATCH):
            yield found
            after = found[-1].student


def marker_of(erasure: Erasure) -> bytes:
    """Value of an erasure's marker; that it is there is what counts."""
    return msgspec.json.encode({"v": 1, "asked_ms": erasure.asked_ms})
