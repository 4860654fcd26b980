"""Records as the client gives them."""

from __future__ import annotations

from typing import cast

from confluent_kafka import Message

from mastery_engine.ports import Record

Headers = tuple[tuple[str, bytes], ...]


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
