"""Where keys come from, and what one does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

Verifies = Callable[[bytes, bytes], bool]
"""Whether a signature (second) is this key's, of these bytes (first), by the one algorithm that the key has."""


class KeySource(Protocol):
    """Keys of one kind: secrets that signer and verifier share, or an issuer's public ones."""

    @property
    def algorithms(self) -> frozenset[str]:
        """Algorithms that its keys have; no other source has any of them."""
        ...

    async def candidates(self, algorithm: str, kid: str | None) -> Sequence[Verifies]:
        """Keys that may have signed, few.

        Args:
            algorithm: One of `algorithms`.
            kid: Which key the token names, None if none.

        Raises:
            DependencyDown: Nobody can tell just now.
        """
        ...

    async def ping(self) -> None:
        """Return if there are keys to verify with; DependencyDown if not."""
        ...

    async def close(self) -> None:
        """Let go of everything; idempotent."""
        ...
