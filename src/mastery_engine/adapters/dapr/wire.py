"""Entries and writes as the sidecar's messages have them, and back.

The version of an entry is the component's ETag and a checksum of the value. The ETag counts the writes of a key from 1, so that
it comes again when a key was gone and is made anew; with the checksum it says of which value it spoke.
"""

from __future__ import annotations

import re
from typing import Final
from zlib import crc32

from dapr.proto.common.v1.common_pb2 import Etag, StateItem
from dapr.proto.runtime.v1.state_pb2 import BulkStateItem, TransactionalStateOperation

from mastery_engine.ports import Entry, Write

NOT_OURS: Final = "not-ours"
"""Version of what is no HASH of value and version under a key of ours."""
_NOT_OURS_VALUE: Final = b"\xc1another type"
"""Stands for its value; 0xC1 begins no MessagePack value, so nobody takes it for one of ours."""
# No ETag is ever negative, so this one fits only where nothing is. 0 would replace a key that was never written first-write,
# and one that was once written so can never be replaced without its ETag.
_NOTHING_THERE: Final = "-1"
_VERSION: Final = re.compile(r"([1-9]\d{0,17})-[0-9a-f]{8}")
_FOREIGN: Final = ("WRONGTYPE", "required hash field")
_TTL: Final = "ttlInSeconds"
# The component takes this for "for good"; without it an earlier expiry would stay, or its own default be set.
_FOR_GOOD: Final = {_TTL: "-1"}


def entry_of(item: BulkStateItem) -> Entry | None:
    """What the sidecar tells of a key; None if there is nothing.

    Raises:
        ValueError: It could not be read; the text is the sidecar's.
    """
    if item.error:
        if any(sign in item.error for sign in _FOREIGN):
            return Entry(_NOT_OURS_VALUE, NOT_OURS)
        raise ValueError(item.error)
    if item.etag:
        return Entry(item.data, f"{item.etag}-{crc32(item.data):08x}")
    # An empty value has an ETag too; what has none is no HASH.
    return Entry(_NOT_OURS_VALUE, NOT_OURS) if item.data else None


def etag_of(version: str) -> str:
    """The ETag with which a save is sent that expects a version that was just seen there."""
    found = _VERSION.fullmatch(version)
    return found[1] if found else _NOTHING_THERE


def item_of(write: Write, value: bytes) -> StateItem:
    """A save, with an ETag if a version is expected."""
    lifetime = _FOR_GOOD if write.ttl_seconds is None else {_TTL: str(max(1, write.ttl_seconds))}
    if write.expected is None:
        return StateItem(key=write.key, value=value, metadata=lifetime)
    return StateItem(key=write.key, value=value, metadata=lifetime, etag=Etag(value=etag_of(write.expected)))


def operation_of(write: Write) -> TransactionalStateOperation:
    """A write that expects no version, as a part of a transaction."""
    if write.value is None:
        return TransactionalStateOperation(operationType="delete", request=StateItem(key=write.key))
    return TransactionalStateOperation(operationType="upsert", request=item_of(write, write.value))


def size_of(write: Write) -> int:
    """About how many bytes a write takes."""
    return len(write.value or b"") + 4 * len(write.key) + 64
