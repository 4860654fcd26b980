"""Looking after Kafka's topics, by the settings."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from mastery_engine.adapters.kafka.admin import KafkaAdmin
from mastery_engine.adapters.kafka.topics import Topics, TopicState
from mastery_engine.bootstrap.kafka import connection_of, topics_of
from mastery_engine.config import Settings


async def look_at_topics(settings: Settings) -> list[TopicState]:
    """Each topic as it is.

    Raises:
        ConfigurationError: The settings name no Kafka, or it refuses the user.
        DependencyDown: It does not answer.
    """
    async with _topics(settings) as topics:
        return await topics.look()


async def apply_topics(settings: Settings, *, grow: bool) -> list[TopicState]:
    """Make what is missing.

    Args:
        settings: What is in force.
        grow: Add partitions where there are fewer than wanted.

    Raises:
        ConfigurationError: As for looking; or Kafka cannot make a topic so.
        DependencyDown: It does not answer.
    """
    async with _topics(settings) as topics:
        return await topics.apply(grow=grow)


@asynccontextmanager
async def _topics(settings: Settings) -> AsyncGenerator[Topics]:
    admin = KafkaAdmin(connection_of(settings))
    try:
        yield topics_of(settings, admin)
    finally:
        await admin.close()
