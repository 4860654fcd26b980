"""Verifying tokens: the parts, then the key, then the signature, then the claims, each only if what came before holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

from mastery_engine.adapters.auth.claims import Claims, Policy, claims_of
from mastery_engine.adapters.auth.compact import invalid, take_apart
from mastery_engine.adapters.auth.key_source import KeySource
from mastery_engine.ports import Clock

_MS: Final = 1_000


@final
class TokenVerifier:
    """Verifies tokens of one issuer for one audience.

    Which algorithms there are is a matter of the keys: each has exactly one. The `alg` of a token is compared with them and
    never gives a key another use, so that nothing signed with a public key as if it were a secret holds.
    """

    def __init__(self, sources: Sequence[KeySource], policy: Policy, clock: Clock) -> None:
        """Take what tokens are verified with.

        Args:
            sources: Of keys, no two of one algorithm.
            policy: Which claims are taken.
            clock: Tells what has expired.
        """
        self._sources = {algorithm: source for source in sources for algorithm in source.algorithms}
        self._policy = policy
        self._clock = clock

    async def verify(self, token: str) -> Claims:
        """Claims of a token that holds: signature, `exp`, `iat`, `nbf`, `iss`, `aud`, `sub`, `role` and `tenant_id`.

        Raises:
            NotAuthenticated: It does not; more than that is told only of a token whose signature holds.
            DependencyDown: The issuer's keys are not known just now.
        """
        parts = take_apart(token)
        algorithm = parts.header.alg
        source = self._sources.get(algorithm)
        if source is None:
            raise invalid("algorithm")
        keys = await source.candidates(algorithm, parts.header.kid)
        if not keys:
            raise invalid("key")
        if not any(verifies(parts.signed, parts.signature) for verifies in keys):
            raise invalid("signature")
        return claims_of(parts.payload, self._policy, self._clock.now_ms() / _MS)

    async def close(self) -> None:
        """Let go of the keys."""
        for source in set(self._sources.values()):
            await source.close()
