"""What the client's errors mean here."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from confluent_kafka import KafkaError, KafkaException

from mastery_engine.adapters.kafka.connection import KafkaConnection
from mastery_engine.domain.errors import ConfigurationError, DependencyDown, MasteryError

_SETTINGS: Final = frozenset(
    {
        KafkaError._AUTHENTICATION,
        KafkaError._SSL,
        KafkaError._INVALID_ARG,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.UNSUPPORTED_SASL_MECHANISM,
    }
)
_MISSING: Final = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC})
FENCED: Final = frozenset(
    {
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.STALE_MEMBER_EPOCH,
        KafkaError.FENCED_MEMBER_EPOCH,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError.UNRELEASED_INSTANCE_ID,
        KafkaError._FATAL,
        KafkaError._MAX_POLL_EXCEEDED,
        KafkaError._ASSIGNMENT_LOST,
        KafkaError._STATE,
        KafkaError._NO_OFFSET,
    }
)
"""Errors of a commit by which a member learns that its partitions are somebody else's by now."""


@contextmanager
def kafka_errors(connection: KafkaConnection, doing: str) -> Generator[None]:
    """Translate what the client raises.

    Args:
        connection: Named in the message.
        doing: What was tried, e.g. `append to mastery.requests`.

    Raises:
        ConfigurationError: A setting is to blame.
        DependencyDown: Kafka did not do it; try again.
    """
    try:
        yield
    except KafkaException as error:
        raise meaning(error.args[0], connection, doing) from None


def meaning(error: KafkaError, connection: KafkaConnection, doing: str) -> MasteryError:
    """The error as the engine knows it."""
    code, tried = error.code(), f"cannot {doing} by {connection.security_protocol} at {connection.servers}"
    if code in _SETTINGS:
        return ConfigurationError(
            f"{tried}: {error.str()}; look at MASTERY_KAFKA_SECURITY_PROTOCOL and MASTERY_KAFKA_SASL_…"
        )
    if code in _MISSING:
        return DependencyDown(f"{tried}: there is no such topic; make it with: mastery topics apply")
    return DependencyDown(f"{tried}: {error.str()}")
