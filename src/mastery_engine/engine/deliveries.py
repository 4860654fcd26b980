"""Events that a sidecar's pub/sub brings: into the log as at any door, or dead letters, since a log of ours had taken them."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final, Literal, NamedTuple, final

import msgspec
import structlog

from mastery_engine.contracts.cloud_event import CloudEvent, open_cloud_event
from mastery_engine.contracts.dead_letter import DeadLetter
from mastery_engine.contracts.event_json import identity
from mastery_engine.contracts.keys import derived_id
from mastery_engine.contracts.tracing import TRACEPARENT, Headers, trace_of
from mastery_engine.domain.errors import InvalidInput
from mastery_engine.engine.ingest import Ingest
from mastery_engine.ports import Clock, DeadLetterSink

NOT_TOLD: Final = -1
"""In the place of a partition or an offset that the sidecar did not tell."""
Taken = Literal["appended", "dead_letter"]
_log: Final = structlog.get_logger(__name__)


class Origin(NamedTuple):
    """Where a delivery comes from, as far as the sidecar tells it.

    Attributes:
        component: Name of the sidecar's pub/sub component.
        traceparent: Trace of the delivery, for an event that names none.
    """

    component: str
    partition: int = NOT_TOLD
    offset: int = NOT_TOLD
    key: bytes = b""
    traceparent: str | None = None


@final
class Deliveries:
    """Takes what a sidecar brings, one event at a time."""

    def __init__(self, ingest: Ingest, letters: DeadLetterSink, topic: str, clock: Clock) -> None:
        """Put the parts together.

        Args:
            ingest: Judges and appends.
            letters: Takes what cannot count.
            topic: What the sidecar has subscribed to.
            clock: Stamps dead letters.
        """
        self._ingest = ingest
        self._letters = letters
        self._topic = topic
        self._clock = clock

    async def take(self, body: bytes, origin: Origin) -> Taken:
        """Append the event, or keep the delivery as a dead letter; either is durable when this returns.

        Args:
            body: A CloudEvent in JSON.
            origin: Where it comes from.

        Raises:
            DependencyDown: Log, registry or the place of the dead letters does not answer; the same may be brought again.
        """
        opened = open_cloud_event(body)
        headers = opened.headers()
        if origin.traceparent is not None and TRACEPARENT not in dict(headers):
            headers = (*headers, (TRACEPARENT, origin.traceparent.encode()))
        error = opened.error or await self._refusal(opened, headers)
        if error is None:
            return "appended"
        await self._keep(opened, headers, origin, error)
        return "dead_letter"

    async def keep_cut(self, beginning: bytes, size: int, origin: Origin) -> None:
        """Keep the beginning of a delivery that is too large to be held; errors as for `take`."""
        where = "" if origin.offset == NOT_TOLD else f" at {self._topic}/{origin.partition}@{origin.offset}"
        message = f"a delivery has at most {len(beginning):,} bytes; this one, of {size:,}, lies whole{where} in the topic"
        cut = CloudEvent(payload=beginning, attributes={})
        await self._keep(cut, (), origin, InvalidInput(message, reason="too_large"))

    async def _refusal(self, opened: CloudEvent, headers: Headers) -> InvalidInput | None:
        """Append the event; or why it may not count."""
        try:
            (receipt,) = await self._ingest.take_raw([opened.payload], trace=trace_of(headers))
        except InvalidInput as error:
            return error
        return receipt.error

    async def _keep(self, opened: CloudEvent, headers: Headers, origin: Origin, error: InvalidInput) -> None:
        tenant_id, student_id, event_id = identity(opened.payload)
        letter = DeadLetter(
            letter_id=self._letter_id(opened, origin),
            topic=self._topic,
            topic_id=origin.component,
            partition=origin.partition,
            offset=origin.offset,
            key=origin.key,
            headers=headers,
            payload=opened.payload,
            kind="validation",
            reason=error.reason,
            message=error.message,
            attempts=1,
            failed_at_ms=self._clock.now_ms(),
            tenant_id=tenant_id,
            student_id=student_id,
            event_id=event_id,
        )
        await self._letters.add([letter])
        _log.warning("delivery kept as a dead letter", letter_id=letter.letter_id, reason=error.reason)

    def _letter_id(self, opened: CloudEvent, origin: Origin) -> str:
        """The same at each delivery: by what the sender called it, or by its place; and by what is in it."""
        names = [opened.attributes.get(name, "") for name in ("source", "id")]
        if not any(names):
            names = [str(origin.partition), str(origin.offset)]
        # A sender may put a line's end into a name: joined, two of them could look alike.
        told = msgspec.json.encode(names).decode()
        digest = blake2b(opened.payload, digest_size=16).hexdigest()
        return derived_id("dead-letter", self._topic, told, digest)
