"""An issuer's public keys, remembered: no token waits for the issuer unless its key is not known yet.

- Keys older than five minutes are fetched again beside the requests, which go on with those that there are. What the issuer has
  withdrawn stops holding then.
- A `kid` that is not known makes one look at once, for a new key signs before anybody has asked; at most one in 30 seconds,
  so that made-up ones hammer nobody.
- A `kid` that is not known is refused only if the issuer was asked and answered; else nobody can tell.
- While the issuer does not answer, its last keys go on being used for a bounded time. They are kept in memory only: a store
  that others can write must not say who may come in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, final

import structlog

from mastery_engine.adapters.auth.jwks import PublicKey
from mastery_engine.adapters.auth.key_source import Verifies
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.ports import Clock

REFRESH_SECONDS: Final = 300.0
AGAIN_SECONDS: Final = 30.0
"""Least time between two looks while there are keys."""
FIRST_AGAIN_SECONDS: Final = 2.0
"""The same while there are none."""
_log: Final = structlog.get_logger(__name__)


@final
class IssuerKeys:
    """Public keys of one issuer."""

    algorithms: frozenset[str] = frozenset({"RS256", "ES256"})

    def __init__(
        self,
        fetch: Callable[[], Awaitable[list[PublicKey]]],
        close: Callable[[], Awaitable[None]],
        clock: Clock,
        stale_seconds: float,
    ) -> None:
        """Put the parts together; nothing is fetched yet.

        Args:
            fetch: Gives the keys as they are now, or raises DependencyDown.
            close: Lets go of what fetches.
            clock: For ages.
            stale_seconds: How long keys are used after they were last fetched.
        """
        self._fetch = fetch
        self._close = close
        self._clock = clock
        self._stale_seconds = stale_seconds
        self._keys: list[PublicKey] = []
        self._fetched_at = 0.0
        self._asked_at: float | None = None
        self._failure: str | None = None
        self._asking: asyncio.Task[None] | None = None

    async def candidates(self, algorithm: str, kid: str | None) -> Sequence[Verifies]:
        """The key of that name; without a name, the issuer's only one of that algorithm.

        Raises:
            DependencyDown: There are none that may be used; or none of that name, and the issuer did not answer when it was
                asked last, so that nobody can tell.
        """
        await self.ping()
        found = self._find(algorithm, kid)
        if not found and kid is not None and (self._asking is not None or self._may_ask(AGAIN_SECONDS)):
            await asyncio.shield(self._ask())
            found = self._find(algorithm, kid)
        if not found and kid is not None and self._failure is not None:
            # It may be one that the issuer has signed by since: a client that hears 401 would throw a good token away.
            raise DependencyDown(self._failure)
        return found

    async def ping(self) -> None:
        """Return if there are keys that may be used; fetch them first where there are none.

        Raises:
            DependencyDown: There are none, and the issuer gives none.
        """
        if not self._usable:
            if self._asking is not None or self._may_ask(FIRST_AGAIN_SECONDS):
                await asyncio.shield(self._ask())
            if not self._usable:
                raise DependencyDown(self._failure or "the issuer of tokens has given no keys yet")
        elif (self._failure is not None or self._age >= REFRESH_SECONDS) and self._may_ask(AGAIN_SECONDS):
            self._ask()

    def trouble(self) -> str | None:
        """Why the last keys are used; None while the issuer answers whenever it is asked, or while there are none."""
        if not self._usable or self._failure is None:
            return None
        return f"its keys are {self._age:.0f} s old and hold for {self._stale_seconds:.0f} s; {self._failure}"

    async def close(self) -> None:
        """Stop fetching; idempotent."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking})
            self._asking = None
        await self._close()

    @property
    def _age(self) -> float:
        return self._clock.monotonic() - self._fetched_at

    @property
    def _usable(self) -> bool:
        return bool(self._keys) and self._age < self._stale_seconds

    def _find(self, algorithm: str, kid: str | None) -> list[Verifies]:
        fitting = [
            key.verifies for key in self._keys if key.algorithm == algorithm and kid in {None, key.kid}
        ]
        return fitting[:1] if kid is not None or len(fitting) == 1 else []

    def _may_ask(self, seconds: float) -> bool:
        return self._asked_at is None or self._clock.monotonic() - self._asked_at >= seconds

    def _ask(self) -> asyncio.Task[None]:
        """The one look that is under way, begun if there is none."""
        if self._asking is None:
            self._asked_at = self._clock.monotonic()
            self._asking = asyncio.create_task(self._look(), name="fetch the issuer's keys")
        return self._asking

    async def _look(self) -> None:
        try:
            self._keys = await self._fetch()
        except DependencyDown as error:
            # The keys that there are stay: an issuer that stumbles must not lock everybody out.
            self._failure = error.message
            _log.warning("the issuer's keys were not fetched", reason=error.message)
        else:
            self._fetched_at, self._failure = self._clock.monotonic(), None
        finally:
            self._asking = None
