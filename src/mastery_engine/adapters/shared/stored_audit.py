"""Rows of the audit trail as what they say, whatever somebody has made of them."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from mastery_engine.contracts.audit_seals import UNREADABLE_END, ChainEnd
from mastery_engine.ports import UNREADABLE, AuditEntry, AuditRecord, IndexRow

_ENTRY: Final = msgspec.json.Decoder(AuditEntry)
_MOST: Final = 1 << 62
_NO_SEAL: Final = "unreadable"


def record_of(sequence: Any, previous: Any, own: Any, entry: Any) -> AuditRecord:
    """A stored record; one that cannot be read is told as such, so that whoever checks the trail can name it."""
    place = sequence if isinstance(sequence, int) else UNREADABLE_END
    try:
        return AuditRecord(
            sequence=place, previous=_hex(previous), hash=_hex(own), entry=_ENTRY.decode(entry)
        )
    except (msgspec.MsgspecError, UnicodeError, TypeError, RecursionError):
        return AuditRecord(
            sequence=place, previous=_hex(previous), hash=_hex(own), entry=UNREADABLE, readable=False
        )


def end_of(sequence: Any, digest: Any, day: Any, seal: Any) -> ChainEnd:
    """A stored end of a chain; see `AuditTrail.end` for one that cannot be read."""
    sound = isinstance(sequence, int) and 0 <= sequence < _MOST and (day is None or isinstance(day, int))
    if not sound:
        return ChainEnd(UNREADABLE_END, _hex(digest), None, _NO_SEAL)
    return ChainEnd(sequence, _hex(digest), day, None if seal is None else text_of(seal))


def line_of(term: Any, sequence: Any) -> IndexRow:
    """A stored line of the index."""
    return IndexRow(text_of(term), sequence if isinstance(sequence, int) else UNREADABLE_END)


def text_of(value: Any) -> str:
    """A stored text, which may have come as its bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _hex(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else ""
