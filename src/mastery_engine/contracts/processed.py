"""Reading `processed:` records as a store gives them back, damaged ones too."""

from __future__ import annotations

import msgspec

from mastery_engine.contracts.outcome import PROCESSED_VERSION, Processed, decode_processed
from mastery_engine.domain.errors import NewerVersion


def read_processed(event_id: bytes, value: bytes) -> Processed | None:
    """The record of this event, or None for one that is damaged: it says that the id counted, and not for what.

    Args:
        event_id: As the record's key has it, 16 bytes.
        value: What the store holds.

    Raises:
        NewerVersion: A newer release wrote it.
    """
    try:
        record = decode_processed(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        _refuse_newer(value)
        return None
    return record if record.outcome.event_id == event_id else None


def _refuse_newer(value: bytes) -> None:
    """A newer release may have another layout altogether, behind a number of its own."""
    try:
        fields = msgspec.msgpack.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    if isinstance(fields, list) and fields and isinstance(fields[0], int) and fields[0] > PROCESSED_VERSION:
        raise NewerVersion(
            f"a processed record has version {fields[0]}, this release knows {PROCESSED_VERSION}; upgrade"
        )
