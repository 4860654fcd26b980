"""Keys of the state as the archive knows them, for a store that cannot list its own."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Final, final

from mastery_engine.contracts import keys
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.ports import Archive, StateStore

_BATCH: Final = 1_000
_STUDENTS: Final = re.compile(
    rf"(?:school:(?P<tenant>[^:]+):)?{re.escape(keys.learner(keys.DEFAULT_TENANT, ''))}"
)


@final
class ArchivedKeys:
    """Documents of the students, and the tenants, that have an event in the archive; nothing else can be asked for."""

    def __init__(self, archive: Archive, store: StateStore) -> None:
        """Use an archive.

        Args:
            archive: Asked when keys are.
            store: Tells which of them are there: some may have expired, or not have been folded yet.
        """
        self._archive = archive
        self._store = store

    async def scan(self, prefix: str) -> AsyncIterator[list[str]]:
        """Keys with that prefix.

        Raises:
            ConfigurationError: The archive cannot know them.
        """
        found = await self._keys(prefix)
        for first in range(0, len(found), _BATCH):
            batch = found[first : first + _BATCH]
            entries = await self._store.get_many(batch)
            yield [key for key, entry in zip(batch, entries, strict=True) if entry is not None]

    async def _keys(self, prefix: str) -> list[str]:
        if prefix == keys.tenant(""):
            return [keys.tenant(tenant_id) for tenant_id in await self._archive.tenants()]
        found = _STUDENTS.fullmatch(prefix)
        if found is None:
            raise ConfigurationError(
                "through a Dapr sidecar these keys cannot be listed; say where they lie: "
                "MASTERY_STORE_URL=dapr://COMPONENT?keys=redis://HOST:PORT/DATABASE"
            )
        tenant_id = found["tenant"] or keys.DEFAULT_TENANT
        return [keys.document(tenant_id, student) for student in await self._archive.students(tenant_id)]
