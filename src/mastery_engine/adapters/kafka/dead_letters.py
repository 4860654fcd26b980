"""Dead letters into `mastery.dlq`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, final

from msgspec.structs import replace

from mastery_engine.adapters.kafka.producer import KafkaProducer
from mastery_engine.ports import DeadLetter, NewRecord

MOST_REMEMBERED: Final = 10_000
MOST_BYTES: Final = 8 << 20
_MOST_KEY_BYTES: Final = 1 << 20
_MOST_HEADER_BYTES: Final = 2 << 20
_A_HEADER: Final = 8
"""Bytes that one takes at most beside its name and value."""
Encode = Callable[[Sequence[DeadLetter]], Awaitable[list[bytes]]]
"""The values of letters as they go over the wire, in order."""


@final
class KafkaDeadLetterSink:
    """Sends letters, keyed by their ids; one that this process has sent already is not sent again."""

    def __init__(self, topic: str, producer: KafkaProducer, encode: Encode) -> None:
        """Send into a topic.

        Args:
            topic: Its name, prefix and all.
            producer: Of the process; closed by whoever made it.
            encode: Gives the values.
        """
        self._topic = topic
        self._producer = producer
        self._encode = encode
        self._sent: dict[str, None] = {}

    async def add(self, letters: Sequence[DeadLetter]) -> int:
        fresh = {letter.letter_id: letter for letter in letters if letter.letter_id not in self._sent}
        if not fresh:
            return 0
        values = await self._encode([*map(_fitting, fresh.values())])
        records = [
            NewRecord(letter_id.encode(), value, (("letter_id", letter_id.encode()),))
            for letter_id, value in zip(fresh, values, strict=True)
        ]
        await self._producer.send(self._topic, records)
        self._sent |= dict.fromkeys(fresh)
        while len(self._sent) > MOST_REMEMBERED:
            del self._sent[next(iter(self._sent))]
        return len(fresh)


def _fitting(letter: DeadLetter) -> DeadLetter:
    """The letter, cut where its record, which a sender had compressed, is too large for one: it must block nobody.

    Payload, key and headers count together; a record that came uncompressed is always kept whole.
    """
    headers = sum(len(name.encode()) + len(value) + _A_HEADER for name, value in letter.headers)
    size = len(letter.payload) + len(letter.key) + headers
    if size <= MOST_BYTES:
        return letter
    where = f"{letter.topic}/{letter.partition}@{letter.offset}"
    told = f"{letter.message} (cut: the record of {size:,} bytes lies whole at {where})"
    return replace(
        letter,
        payload=letter.payload[:MOST_BYTES],
        key=letter.key[:_MOST_KEY_BYTES],
        headers=letter.headers if headers <= _MOST_HEADER_BYTES else (),
        message=told,
    )
