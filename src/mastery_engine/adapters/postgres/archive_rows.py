"""Rows of the archive in the binary format of COPY, the fastest way in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from struct import Struct
from typing import Final

from mastery_engine.ports import ArchivedEvent

COPY: Final = (
    "COPY archived_events (timestamp_ms, record_offset, appended_ms, day, tenant_no, topic_no, partition, event_id, "
    "student_id, event_text, corrected_by, value) FROM STDIN (FORMAT BINARY)"
)
EPOCH: Final = date(1970, 1, 1)
# PostgreSQL counts its days from 2000-01-01.
_OWN_EPOCH: Final = 10_957
_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER: Final = b"\xff\xff"
_ABSENT: Final = b"\xff\xff\xff\xff"
# The number of fields; then each field's length before it.
_FIXED: Final = Struct("!h iq iq iq ii ii ii ii i16s")
_LENGTH: Final = Struct("!i")
_FIELDS: Final = 12


def date_of(day: int) -> date:
    """The date of a day's number."""
    return EPOCH + timedelta(days=day)


def part_of(day: int) -> str:
    """Name of the partition of a day."""
    return f"archived_events_{date_of(day):%Y%m%d}"


def copied(rows: Iterable[tuple[ArchivedEvent, bytes, str | None]], numbers: dict[str, int]) -> bytes:
    """Events as one stream for `COPY`.

    Args:
        rows: Each event with its id as `event_ids.packed` gives it.
        numbers: Of tenants and topic ids.
    """
    parts: list[bytes] = [_HEADER]
    for event, event_id, event_text in rows:
        parts.append(
            _FIXED.pack(
                _FIELDS,
                8,
                event.timestamp,
                8,
                event.offset,
                8,
                event.appended_ms,
                4,
                event.day - _OWN_EPOCH,
                4,
                numbers[event.tenant_id],
                4,
                numbers[event.topic_id],
                4,
                event.partition,
                16,
                event_id,
            )
        )
        student = event.student_id.encode()
        parts += (
            _LENGTH.pack(len(student)),
            student,
            _text(event_text),
            _text(event.corrected_by),
            _LENGTH.pack(len(event.value)),
            event.value,
        )
    parts.append(_TRAILER)
    return b"".join(parts)


def _text(text: str | None) -> bytes:
    if text is None:
        return _ABSENT
    encoded = text.encode()
    return _LENGTH.pack(len(encoded)) + encoded
