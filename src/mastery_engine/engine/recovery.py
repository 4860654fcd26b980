"""What a state store that was lost gets back from the records: schools, and who is erased."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping
from typing import Final, final

from mastery_engine.contracts import keys
from mastery_engine.contracts.erasure import Erasure, marker_of
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.ports import ABSENT, ErasureLedger, StateStore, Write

_LEDGER_BATCH: Final = 1_000


@final
class Recovery:
    """Writes them where they are missing; a marker that is there is brought to how the ledger has it."""

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
            names = [keys.erased(one.student) for one in erased]
            for one, name, entry in zip(erased, names, await self._store.get_many(names), strict=True):
                marker = marker_of(one)
                if entry is None or entry.value != marker:
                    version = ABSENT if entry is None else entry.version
                    written = await self._store.write_many([Write(name, marker, version)])
                    missing += entry is None and written[0]
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

    async def markers(self) -> AsyncGenerator[tuple[str, bytes]]:
        """Keyed hash and marker of each student whom the store keeps out; a ledger that was restored may not know all."""
        prefix = keys.erased("")
        async for names in self._store.scan(prefix):
            for name, entry in zip(names, await self._store.get_many(names), strict=True):
                if entry is not None:
                    yield name.removeprefix(prefix), entry.value

    async def latest_of(self, students: Mapping[str, Collection[str]]) -> dict[str, Erasure]:
        """The latest erasure of those of the students who have one, by keyed hash.

        Args:
            students: Keyed hashes by tenant.
        """
        found: dict[str, Erasure] = {}
        for tenant_id, hashes in students.items():
            found.update(await self._erasures.find(tenant_id, sorted(hashes)))
        return found


def is_gone(erasure: Erasure, since_ms: int) -> bool:
    """Whether an erasure is in force, or has removed what was there at a moment."""
    return erasure.lifted_ms is None or (erasure.done_ms or erasure.asked_ms) >= since_ms
