"""What the client's errors mean here."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final, TypeVar

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
_SHAPES: Final = frozenset(
    {
        KafkaError.INVALID_REPLICATION_FACTOR,
        KafkaError.INVALID_PARTITIONS,
        KafkaError.INVALID_CONFIG,
        KafkaError.POLICY_VIOLATION,
    }
)
SILENT: Final = frozenset(
    {
        KafkaError._TIMED_OUT,
        KafkaError._MSG_TIMED_OUT,
        KafkaError._TRANSPORT,
        KafkaError._RESOLVE,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._BAD_MSG,
    }
)
"""Nobody answers there, or not as a broker does."""
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


_PASSING: Final = frozenset(
    {
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError._WAIT_COORD,
    }
)
"""A group's coordinator is being found or moved: over in a moment."""
COMING: Final = _PASSING | {KafkaError.STALE_MEMBER_EPOCH, KafkaError.REBALANCE_IN_PROGRESS}
"""The partitions are being shared out anew, too; a member learns of its new epoch in the background."""
_MOMENT_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.1
T = TypeVar("T")


def in_a_moment(call: Callable[[], T], passing: frozenset[int] = _PASSING) -> T:
    """Call again while the error is one that passes by itself, for five seconds. Blocks.

    Raises:
        KafkaException: Another error, or it did not pass.
    """
    deadline = time.monotonic() + _MOMENT_SECONDS
    while True:
        try:
            return call()
        except KafkaException as error:
            if error.args[0].code() not in passing or time.monotonic() > deadline:
                raise
        time.sleep(_PAUSE_SECONDS)


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
            f"{tried}: {error.str()}; look at MASTERY_KAFKA_SECURITY_PROTOCOL, MASTERY_KAFKA_SASL_… and MASTERY_KAFKA_CA_FILE"
        )
    if code in _SHAPES:
        return ConfigurationError(
            f"{tried}: {error.str()}; look at MASTERY_KAFKA_REPLICATION and MASTERY_KAFKA_PARTITIONS"
        )
    if code in _MISSING:
        return DependencyDown(f"{tried}: there is no such topic; make it with: mastery topics apply")
    if code in SILENT:
        return DependencyDown(
            f"{tried}: {error.str()}; see that Kafka runs there, and look at MASTERY_LOG_URL and "
            "MASTERY_KAFKA_SECURITY_PROTOCOL"
        )
    return DependencyDown(f"{tried}: {error.str()}")
