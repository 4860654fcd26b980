"""Students of a tenant whose data is restricted (GDPR, Article 18): a value of the state store that a worker's step reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mastery_engine.domain.errors import NewerVersion

VERSION: Final = 1
HASH_BYTES: Final = 16


def encode_restricted(students: Iterable[bytes]) -> bytes:
    """Keyed hashes of students, 16 bytes each, in one order, behind the version of this layout."""
    return bytes([VERSION]) + b"".join(sorted(students))


def decode_restricted(value: bytes) -> frozenset[bytes]:
    """The keyed hashes again.

    Raises:
        NewerVersion: A newer release wrote them.
    """
    if value[0] > VERSION:
        raise NewerVersion(
            f"the list of restricted students has version {value[0]}, this release knows {VERSION}; upgrade"
        )
    return frozenset(value[at : at + HASH_BYTES] for at in range(1, len(value), HASH_BYTES))
