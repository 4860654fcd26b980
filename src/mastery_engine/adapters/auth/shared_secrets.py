"""HS256: secrets that those who sign and those who verify share, several at a time while one follows another."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import Final, final

from jwt.algorithms import HMACAlgorithm

from mastery_engine.adapters.auth.key_source import Verifies
from mastery_engine.domain.errors import ConfigurationError

ALGORITHM: Final = "HS256"
SHORTEST_SECRET_BYTES: Final = 32
_NAME_CHARACTERS: Final = 16


def name_of(secret: bytes) -> str:
    """The `kid` of a secret: follows from it, and tells no more of it than a signature does."""
    return hashlib.sha256(b"kid of a mastery secret\n" + secret).hexdigest()[:_NAME_CHARACTERS]


@final
class SharedSecrets:
    """Every active secret; all verify."""

    algorithms: frozenset[str] = frozenset({ALGORITHM})

    def __init__(self, secrets: Sequence[bytes]) -> None:
        """Take the secrets.

        Args:
            secrets: At least one, each at least 32 bytes.

        Raises:
            ConfigurationError: One is too short, or there is none.
        """
        if not secrets or any(len(secret) < SHORTEST_SECRET_BYTES for secret in secrets):
            raise ConfigurationError(f"the secret of tokens has fewer than {SHORTEST_SECRET_BYTES} bytes")
        hmac = HMACAlgorithm(HMACAlgorithm.SHA256)
        # It compares in constant time.
        self._keys = {name_of(secret): partial(_holds, hmac, secret) for secret in secrets}

    async def candidates(self, algorithm: str, kid: str | None) -> Sequence[Verifies]:
        """The one that is named; a `kid` of the signer's own wording names none, so that all may have signed."""
        del algorithm
        named = self._keys.get(kid) if kid is not None else None
        return [named] if named is not None else list(self._keys.values())

    async def ping(self) -> None:
        """Return: they are here."""

    async def close(self) -> None:
        """Do nothing."""


def _holds(hmac: HMACAlgorithm, secret: bytes, signed: bytes, signature: bytes) -> bool:
    return hmac.verify(signed, secret, signature)
