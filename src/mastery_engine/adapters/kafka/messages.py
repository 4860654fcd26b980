"""Records as the client gives them."""

from __future__ import annotations

import time
from typing import Final, cast

import structlog
from confluent_kafka import KafkaError, Message

from mastery_engine.ports import Record

Headers = tuple[tuple[str, bytes], ...]
_UNREADABLE: Final = frozenset({KafkaError._BAD_COMPRESSION, KafkaError._BAD_MSG})
_log: Final = structlog.get_logger(__name__)


def record_of(message: Message) -> Record:
    """The record of a message that is no error; what has no key or value has an empty one."""
    headers = cast("list[tuple[str, bytes | None]] | None", message.headers())
    told: Headers = () if not headers else tuple((name, value or b"") for name, value in headers)
    return Record(
        cast("int", message.partition()),
        cast("int", message.offset()),
        message.timestamp()[1],
        message.key() or b"",
        message.value() or b"",
        told,
    )


def is_unreadable(message: Message) -> bool:
    """Whether an error tells of one record, which is the same whenever it is fetched again, and not of a connection."""
    error, offset = message.error(), message.offset()
    return error is not None and error.code() in _UNREADABLE and offset is not None and offset >= 0


def unreadable(message: Message, behind: int) -> Record:
    """In place of a record that the client cannot read, one that says so; it would stand in the way for ever.

    Records packed together cannot be read together, and the error is always of the first; they are passed over one by one.

    Args:
        message: The error.
        behind: The offset behind what was read or passed over before.
    """
    error, partition = cast("KafkaError", message.error()), cast("int", message.partition())
    offset = max(cast("int", message.offset()), behind)
    _log.error(
        "a record cannot be read",
        topic=message.topic(),
        partition=partition,
        offset=offset,
        reason=error.str(),
    )
    return Record(
        partition, offset, round(time.time() * 1_000), b"", f"unreadable: {error.str()}".encode(), ()
    )
