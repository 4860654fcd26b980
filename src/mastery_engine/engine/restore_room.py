"""Room for a restored state: is there any, and making it."""

from __future__ import annotations

from typing import Final, final

from mastery_engine.contracts import keys
from mastery_engine.contracts.stored_keys import SCHOOL
from mastery_engine.domain.errors import Conflict
from mastery_engine.ports import StateStore, Write

_KINDS: Final = ("student:", "processed:", "replay:")
"""What a school has: documents and what is derived from them, `processed:` records, notes of replays.

Markers, limits, revoked tokens and the lists of who is hidden stay, of every school: what keeps somebody out keeps them out.
"""


@final
class RestoreRoom:
    """The part of a state store that a restore fills."""

    def __init__(self, store: StateStore, tenant_id: str | None) -> None:
        """Name it.

        Args:
            store: Whose.
            tenant_id: One school; None means all.
        """
        self._store = store
        if tenant_id is None:
            self._filled = [*_KINDS[:2], SCHOOL]
            self._cleared = [*_KINDS, SCHOOL, keys.tenant("")]
        else:
            prefix = keys.tenant_prefix(tenant_id)
            self._filled = [prefix + kind for kind in _KINDS[:2]]
            # Rebuilt state of `default` lies beside that of others, and goes by itself.
            self._cleared = [prefix + kind for kind in _KINDS if prefix or kind != "replay:"]

    async def is_empty(self) -> bool:
        """Whether there is no key of a student."""
        for prefix in self._filled:
            async for found in self._store.scan(prefix):
                if any(_is_of(key, _KINDS[:2]) for key in found):
                    return False
        return True

    async def check(self) -> None:
        """Refuse a store that holds students.

        Raises:
            Conflict: It does.
        """
        if not await self.is_empty():
            raise Conflict(
                "the state store holds students; end whoever folds, and empty it of what a backup holds with --replace"
            )

    async def clear(self) -> int:
        """Remove them all; returns how many keys."""
        removed = 0
        for prefix in self._cleared:
            async for names in self._store.scan(prefix):
                found = [key for key in names if _is_of(key, _KINDS)]
                await self._store.write_many([Write(key, None) for key in found])
                removed += len(found)
        return removed


def _is_of(key: str, kinds: tuple[str, ...]) -> bool:
    """Whether a key is of these kinds, in whatever school; what has no school of its own was asked for by its prefix."""
    return not key.startswith(SCHOOL) or key[len(keys.tenant_prefix(keys.tenant_of(key))) :].startswith(kinds)
