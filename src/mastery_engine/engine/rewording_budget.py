"""How many tokens a school's rewordings may take on a day of UTC, counted in the state store, where all replicas look."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, final

from mastery_engine.contracts import keys
from mastery_engine.ports import ABSENT, Clock, Entry, StateStore, Write

KEPT_SECONDS: Final = 2 * 86_400
_ATTEMPTS: Final = 8
_DIGITS: Final = 18


@final
class TokenBudget:
    """Tokens are taken before they are used, and what was not used is given back."""

    def __init__(self, store: StateStore, clock: Clock, most: int) -> None:
        """Count nothing yet.

        Args:
            store: Where the count is kept.
            clock: Tells the day.
            most: Tokens a day and school.
        """
        self._store = store
        self._clock = clock
        self._most = most

    async def take(self, tenant_id: str, tokens: int) -> str | None:
        """Take tokens of today.

        Returns:
            What `settle` wants to be told; None if not as many are left, or others were quicker all the while.

        Raises:
            DependencyDown: The store does not answer.
        """
        day = datetime.fromtimestamp(self._clock.now_ms() / 1_000, UTC).date().isoformat()
        key = keys.rewording_tokens(tenant_id, day)
        return key if await self._add(key, tokens, self._most) else None

    async def settle(self, key: str, taken: int, used: int) -> None:
        """Put what was used in the place of what was taken.

        Raises:
            DependencyDown: The store does not answer; then what was taken stays taken.
        """
        if used != taken:
            await self._add(key, used - taken, None)

    async def _add(self, key: str, tokens: int, most: int | None) -> bool:
        for _ in range(_ATTEMPTS):
            entry = (await self._store.get_many([key]))[0]
            count = _count(entry)
            if count is None:
                return False
            total = max(0, count + tokens)
            if most is not None and total > most:
                return False
            version = ABSENT if entry is None else entry.version
            if (await self._store.write_many([Write(key, str(total).encode(), version, KEPT_SECONDS)]))[0]:
                return True
        return False


def _count(entry: Entry | None) -> int | None:
    """What is counted; None for what is no count, which leaves no tokens rather than all of them."""
    if entry is None:
        return 0
    value = entry.value
    return int(value) if value.isdigit() and len(value) <= _DIGITS else None
