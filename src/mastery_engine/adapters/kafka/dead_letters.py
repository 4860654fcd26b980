"""Dead letters into `mastery.dlq`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, final

from mastery_engine.adapters.kafka.producer import KafkaProducer
from mastery_engine.ports import DeadLetter, NewRecord

MOST_REMEMBERED: Final = 10_000
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
        values = await self._encode(list(fresh.values()))
        records = [
            NewRecord(letter_id.encode(), value, (("letter_id", letter_id.encode()),))
            for letter_id, value in zip(fresh, values, strict=True)
        ]
        await self._producer.send(self._topic, records)
        self._sent |= dict.fromkeys(fresh)
        while len(self._sent) > MOST_REMEMBERED:
            del self._sent[next(iter(self._sent))]
        return len(fresh)
