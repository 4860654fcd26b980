"""Keys to bytes, with versions and expiry."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final, Protocol

from msgspec import Struct

ABSENT: Final = ""
"""Expected version of a key that must not exist yet."""


class Entry(Struct, frozen=True, gc=False):
    """A stored value and its version."""

    value: bytes
    version: str


class Write(Struct, frozen=True, gc=False):
    """One change of one key.

    Attributes:
        key: Up to 500 characters.
        value: New value; None removes the key.
        expected: Version that the key must have, `ABSENT` if it must not exist, None to write whatever is there.
        ttl_seconds: Seconds until the key expires, counted from now; None keeps it.
    """

    key: str
    value: bytes | None
    expected: str | None = None
    ttl_seconds: int | None = None


class StateStore(Protocol):
    """Keys to bytes, with versions (ETags) and expiry. Each write is atomic by itself, a batch is not."""

    async def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        """Entries in the order of the keys, None where there is none or it has expired."""
        ...

    async def write_many(self, writes: Sequence[Write]) -> list[bool]:
        """Apply each write by itself, in order; False where the version was not the expected one (nothing written)."""
        ...

    def scan(self, prefix: str) -> AsyncIterator[list[str]]:
        """Keys with that prefix, each at least once, in batches; those written meanwhile may or may not be told."""
        ...

    def expired(self) -> AsyncIterator[list[str]]:
        """Keys that have expired and are still there, in batches; none of a store that removes them by itself."""
        ...

    async def purge(self) -> int:
        """Remove what has expired and is still there; returns how many keys. A store may do so by itself."""
        ...

    async def ping(self) -> None:
        """Return if the store answers."""
        ...

    async def close(self) -> None:
        """Let go of everything; idempotent."""
        ...
