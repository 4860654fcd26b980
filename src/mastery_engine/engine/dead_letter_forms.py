"""Dead letters from records: their ids follow from where a record lies, so redelivery makes no second one."""

from __future__ import annotations

from msgspec.structs import replace

from mastery_engine.contracts.dead_letter import DeadLetter
from mastery_engine.contracts.event_json import identity
from mastery_engine.contracts.keys import derived_id
from mastery_engine.domain.errors import InvalidInput
from mastery_engine.engine.error_kinds import kind_of
from mastery_engine.engine.judge import OURS, Accepted, Refused


def letter_id(topic_id: str, partition: int, offset: int) -> str:
    """Id of the letter of a record."""
    return derived_id("dead-letter", topic_id, str(partition), str(offset))


def letter_of(refused: Refused, topic: str, topic_id: str, now_ms: int) -> DeadLetter:
    """The letter of a record that breaks a rule."""
    record = refused.record
    event = refused.event
    if event is None:
        tenant_id, student_id, event_id = identity(record.value)
    else:
        tenant_id, student_id, event_id = event.tenant_id, event.student_id, event.event_id
    return DeadLetter(
        letter_id=letter_id(topic_id, record.partition, record.offset),
        topic=topic,
        topic_id=topic_id,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        headers=record.headers,
        payload=record.value,
        kind="processing" if refused.error.reason in OURS else "validation",
        reason=refused.error.reason,
        message=refused.error.message,
        attempts=1,
        failed_at_ms=now_ms,
        tenant_id=tenant_id,
        student_id=student_id,
        event_id=event_id,
    )


def given_up_letter(
    accepted: Accepted, topic: str, topic_id: str, error: Exception, attempts: int, now_ms: int
) -> DeadLetter:
    """The letter of a valid event that could not be folded."""
    kind = "timeout" if kind_of(error) == "timeout" else "processing"
    message = f"{type(error).__name__}: {error}"
    refused = Refused(accepted.record, InvalidInput(message, reason="given_up"), accepted.event)
    return replace(letter_of(refused, topic, topic_id, now_ms), kind=kind, attempts=attempts)
