"""Adapters on Kafka, from the settings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from mastery_engine.adapters.kafka.admin import KafkaAdmin
from mastery_engine.adapters.kafka.connection import KafkaConnection
from mastery_engine.adapters.kafka.dead_letters import KafkaDeadLetterSink
from mastery_engine.adapters.kafka.follower import KafkaFollower
from mastery_engine.adapters.kafka.log import KafkaEventLog
from mastery_engine.adapters.kafka.producer import KafkaProducer
from mastery_engine.adapters.kafka.publisher import KafkaPublisher
from mastery_engine.adapters.kafka.results import KafkaResults
from mastery_engine.adapters.kafka.topics import Topics
from mastery_engine.adapters.registry.codec import AvroCodec
from mastery_engine.adapters.registry.registry import SchemaRegistry
from mastery_engine.config import KAFKA_SCHEME, Settings, without_secrets
from mastery_engine.contracts.topics import TopicNames
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.ports import LogFollower

PRODUCTION_REPLICAS: Final = 3


@dataclass(frozen=True, slots=True)
class KafkaAdapters:
    """What stands on Kafka and its registry."""

    log: KafkaEventLog
    letter_log: KafkaEventLog
    results_log: KafkaEventLog
    results: KafkaResults
    dead_letter_sink: KafkaDeadLetterSink
    codec: AvroCodec
    topics: Topics
    follow_results: Callable[[], Awaitable[LogFollower]]

    async def check(self) -> None:
        """To be asked before a process folds.

        Raises:
            ConfigurationError: A topic is not as it must be, or a schema of what goes out is not registered.
            DependencyDown: Kafka does not answer.
        """
        await self.topics.check()
        await self.codec.check()


def on_kafka(settings: Settings, stack: AsyncExitStack) -> KafkaAdapters:
    """Adapters on Kafka; nothing is asked of it yet, and `stack` closes them.

    Raises:
        ConfigurationError: A setting is missing or names no brokers.
    """
    connection, names = connection_of(settings), TopicNames(settings.kafka_prefix)
    codec = AvroCodec(registry_of(settings), names)
    producer, publisher, admin = (
        KafkaProducer(connection),
        KafkaPublisher(connection),
        KafkaAdmin(connection),
    )
    stack.push_async_callback(admin.close)
    stack.push_async_callback(publisher.close)
    stack.push_async_callback(producer.close)
    stack.push_async_callback(codec.close)
    log = KafkaEventLog(names.requests, producer, admin)
    letter_log = KafkaEventLog(names.dead_letters, producer, admin)
    results_log = KafkaEventLog(names.results, producer, admin)
    for one in (log, letter_log, results_log):
        stack.push_async_callback(one.close)
    return KafkaAdapters(
        log=log,
        letter_log=letter_log,
        results_log=results_log,
        results=KafkaResults(names.results, publisher, codec.encode_outputs),
        dead_letter_sink=KafkaDeadLetterSink(names.dead_letters, producer, codec.encode_letters),
        codec=codec,
        topics=topics_of(settings, admin),
        follow_results=lambda: KafkaFollower(names.results, admin).open(),
    )


def topics_of(settings: Settings, admin: KafkaAdmin) -> Topics:
    """The topics that the settings want."""
    replicas = settings.kafka_replication or (PRODUCTION_REPLICAS if settings.env == "production" else 1)
    return Topics(admin, TopicNames(settings.kafka_prefix), settings.kafka_partitions, replicas)


def registry_of(settings: Settings) -> SchemaRegistry:
    """The schema registry.

    Raises:
        ConfigurationError: There is no URL of one.
    """
    if not settings.registry_url.startswith(("http://", "https://")):
        raise ConfigurationError(
            f"MASTERY_REGISTRY_URL = {without_secrets(settings.registry_url)!r} names no schema registry, which events on "
            "Kafka need; write it like http://HOST:PORT"
        )
    return SchemaRegistry(settings.registry_url, without_secrets(settings.registry_url))


def connection_of(settings: Settings) -> KafkaConnection:
    """The connection that the settings describe.

    Raises:
        ConfigurationError: The URL names no brokers, or a user is asked for and not given.
    """
    servers = settings.log_url.removeprefix(KAFKA_SCHEME).rstrip("/")
    if not settings.log_url.startswith(KAFKA_SCHEME) or not all(map(_is_address, servers.split(","))):
        raise ConfigurationError(
            f"MASTERY_LOG_URL = {without_secrets(settings.log_url)!r} names no brokers; "
            "write it like kafka://HOST:PORT or kafka://HOST:PORT,HOST:PORT"
        )
    password = settings.kafka_sasl_password
    if settings.kafka_security_protocol.startswith("sasl") and not (
        settings.kafka_sasl_username and password
    ):
        raise ConfigurationError(
            f"MASTERY_KAFKA_SECURITY_PROTOCOL = {settings.kafka_security_protocol} needs "
            "MASTERY_KAFKA_SASL_USERNAME and MASTERY_KAFKA_SASL_PASSWORD"
        )
    return KafkaConnection(
        servers=servers,
        security_protocol=settings.kafka_security_protocol,
        sasl_mechanism=settings.kafka_sasl_mechanism,
        sasl_username=settings.kafka_sasl_username,
        sasl_password="" if password is None else password.get_secret_value(),
        ca_file=settings.kafka_ca_file,
        group_protocol=settings.kafka_group_protocol,
    )


def _is_address(address: str) -> bool:
    host, colon, port = address.rpartition(":")
    fits = port.isdecimal() and len(port) <= len("65535") and 0 < int(port) <= 65_535  # noqa: PLR2004 - a port
    return bool(host and colon) and "@" not in host and "/" not in host and fits
