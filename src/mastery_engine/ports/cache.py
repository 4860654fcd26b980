"""Copies of values that live elsewhere, shared by processes and thrown away at will."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Cached(NamedTuple):
    """What a cache has of a key.

    Attributes:
        value: The copy; None where there is none.
        lease: Allows to fill the key; empty where there is a copy, or somebody else is about to fill it.
    """

    value: bytes | None
    lease: str = ""


class Fill(NamedTuple):
    """A copy for a key.

    Attributes:
        lease: From `get_many`, which was asked before the value was read where it lives.
    """

    key: str
    value: bytes
    lease: str


class Cache(Protocol):
    """Keys to copies that expire.

    Whoever finds nothing gets a lease, reads the value where it lives, and fills the key with it. A removal ends the lease
    too, so what was read before a change never takes the place of what the change has removed.
    """

    async def get_many(self, keys: Sequence[str]) -> list[Cached]:
        """Copies or leases, in the order of the keys, which are all different."""
        ...

    async def fill_many(self, fills: Sequence[Fill]) -> None:
        """Keep those whose lease still holds, and pass over the others."""
        ...

    async def remove_many(self, keys: Sequence[str]) -> None:
        """Remove copies, and end leases."""
        ...

    async def ping(self) -> None:
        """Return if the cache answers."""
        ...

    async def close(self) -> None:
        """Let go of everything; idempotent."""
        ...
