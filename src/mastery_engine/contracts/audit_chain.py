"""The hash chain of the audit trail: what each record's hash covers, and how a chain is checked."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final, Protocol, cast

import msgspec

FIRST_PREVIOUS: Final = "0" * 64
"""What stands for the hash before the first record."""


class Link(Protocol):
    """A record in its place in a chain."""

    @property
    def sequence(self) -> int:
        """Counts from 1."""
        ...

    @property
    def previous(self) -> str:
        """Hash of the record before."""
        ...

    @property
    def hash(self) -> str:
        """Its own hash."""
        ...

    @property
    def entry(self) -> msgspec.Struct:
        """What was recorded."""
        ...


def canonical(entry: msgspec.Struct) -> bytes:
    """JSON with sorted keys, without spaces.

    Fields that are None or an empty collection are left out, so that a field added later with such a default
    changes no hash of what was recorded before.
    """
    fields = cast("dict[str, Any]", msgspec.to_builtins(entry))
    told = {name: value for name, value in fields.items() if value is not None and value not in ([], (), {})}
    return msgspec.json.encode(told, order="sorted")


def link(previous: str, sequence: int, entry: msgspec.Struct) -> str:
    """SHA-256, hex, of the hash before, the sequence and the canonical entry, a line each."""
    return sha256(b"%b\n%d\n%b" % (previous.encode(), sequence, canonical(entry))).hexdigest()


def verify(records: Iterable[Link], previous: str = FIRST_PREVIOUS, after: int = 0) -> int | None:
    """Check a chain, or a part of one, in order.

    Args:
        records: Records that follow the sequence `after`, none left out.
        previous: Hash of the record with the sequence `after`.
        after: Sequence of the last record checked before; 0 to begin with the first.

    Returns:
        The first sequence at which the chain is broken (changed, missing or out of place); None if it holds.
    """
    expected = after + 1
    for record in records:
        sound = (
            record.sequence == expected
            and record.previous == previous
            and record.hash == link(previous, expected, record.entry)
        )
        if not sound:
            return expected
        previous = record.hash
        expected += 1
    return None
