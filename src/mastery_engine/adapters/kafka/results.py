"""Outputs into `mastery.results`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import final

from mastery_engine.adapters.kafka.publisher import KafkaPublisher
from mastery_engine.ports import NewRecord, OutputMessage

Encode = Callable[[Sequence[OutputMessage]], Awaitable[list[bytes]]]
"""The values of messages as they go over the wire, in order."""


@final
class KafkaResults:
    """Outputs keyed by learner, with the headers `event_id` and `event_type` and those of the message."""

    def __init__(self, topic: str, publisher: KafkaPublisher, encode: Encode) -> None:
        """Publish into a topic.

        Args:
            topic: Its name, prefix and all.
            publisher: Of the process; closed by whoever made it.
            encode: Gives the values.
        """
        self._topic = topic
        self._publisher = publisher
        self._encode = encode

    async def publish(self, messages: Sequence[OutputMessage]) -> None:
        values = await self._encode(messages)
        await self._publisher.publish(
            self._topic,
            [
                NewRecord(message.key, value, message.headers)
                for message, value in zip(messages, values, strict=True)
            ],
        )
