"""Taking events in: judged at the door, appended to the log, each with an answer of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

import msgspec
from msgspec import Struct

from mastery_engine.contracts import keys
from mastery_engine.contracts.event_json import (
    JsonEvents,
    encode_event,
    event_from,
    event_or_refusal,
    event_type,
)
from mastery_engine.contracts.tracing import EVENT_ID, EVENT_TYPE, Trace
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.events import LearningEvent
from mastery_engine.engine.first_comers import FirstComers
from mastery_engine.engine.judge import Judge, digest_of
from mastery_engine.ports import Clock, EventCodec, EventLog, NewRecord, Position


class Receipt(Struct, frozen=True, kw_only=True):
    """What became of one event at the door: where it lies in the log, or why it was refused.

    Attributes:
        index: Place in what was sent, from 0.
        event_id: Id of the event, None if it could not be read.
        position: Where it lies, None if it was refused.
        error: Why it was refused, None if it was accepted.
        already: It was folded before, so it was not appended again.
    """

    index: int
    event_id: str | None
    position: Position | None = None
    error: InvalidInput | None = None
    already: bool = False


@final
class Ingest:
    """Takes events into the log."""

    def __init__(self, log: EventLog, judge: Judge, clock: Clock, codec: EventCodec | None = None) -> None:
        """Put the parts together.

        Args:
            log: Where the events go.
            judge: Says which may.
            clock: By whose time they are judged.
            codec: Of the log's values; JSON by default.
        """
        self._codec = codec or JsonEvents()
        self._log = log
        self._judge = judge
        self._clock = clock

    async def take_events(
        self, events: Sequence[LearningEvent], first: FirstComers | None = None
    ) -> list[Receipt]:
        """Judge and append typed events; see `take`.

        Args:
            events: Good ones, for all that their types can tell.
            first: Knows the ids of those before them, and refuses an event whose id stands for another one.
        """
        return await self._take([*events], first)

    async def take_raw(
        self, raws: Sequence[bytes], tenant_id: str | None = None, trace: Trace | None = None
    ) -> list[Receipt]:
        """Judge and append events as JSON; see `take`.

        Args:
            raws: One JSON object each, UTF-8.
            tenant_id: Takes the place of the events' own tenant.
            trace: Where they come from; it goes with their records.
        """
        return await self._take([_decoded(raw, tenant_id) for raw in raws], trace=trace)

    async def take(self, items: Sequence[object], tenant_id: str, now_ms: int | None = None) -> list[Receipt]:
        """Judge and append decoded JSON objects that a caller of one tenant sent.

        Args:
            items: Decoded JSON; what is no object is refused.
            tenant_id: The caller's tenant: the one of events that name none; another one is refused.
            now_ms: As of when they are judged, Unix milliseconds; None means now.

        Returns:
            A receipt for each item, in order; the good ones are accepted whatever the others are.

        Raises:
            DependencyDown: The log does not answer; nothing was accepted.
        """
        return await self._take([_of_tenant(item, tenant_id) for item in items], now_ms=now_ms)

    async def judge(self, items: Sequence[object], tenant_id: str, now_ms: int) -> list[Receipt]:
        """Judge the same again, as of then, and append nothing: the receipts of `take`, without positions.

        Args:
            items: See `take`.
            tenant_id: See `take`.
            now_ms: See `take`.
        """
        events = [_of_tenant(item, tenant_id) for item in items]
        return _receipts(events, await self._refusals(events, now_ms), {})

    async def _append(self, events: Sequence[LearningEvent], trace: Trace | None) -> list[Position]:
        values = await self._codec.encode(events)
        records = [record_of(event, value, trace) for event, value in zip(events, values, strict=True)]
        return await self._log.append(records)

    async def _take(
        self,
        events: Sequence[LearningEvent | InvalidInput],
        first: FirstComers | None = None,
        trace: Trace | None = None,
        now_ms: int | None = None,
    ) -> list[Receipt]:
        refusals = await self._refusals(events, self._clock.now_ms() if now_ms is None else now_ms)
        chosen: dict[int, LearningEvent] = {}
        for place, event in enumerate(events):
            if place not in refusals and not isinstance(event, InvalidInput):
                reused = None if first is None else first.claim(event, digest_of(encode_event(event)))
                if reused is None:
                    chosen[place] = event
                else:
                    refusals[place] = reused
        positions = await self._append([*chosen.values()], trace) if chosen else []
        return _receipts(events, refusals, dict(zip(chosen, positions, strict=True)))

    async def _refusals(
        self, events: Sequence[LearningEvent | InvalidInput], now_ms: int
    ) -> dict[int, InvalidInput]:
        good = [(place, event) for place, event in enumerate(events) if not isinstance(event, InvalidInput)]
        verdicts = await self._judge.check([event for _, event in good], now_ms)
        refusals: dict[int, InvalidInput] = {
            place: error for place, error in enumerate(events) if isinstance(error, InvalidInput)
        }
        refusals.update(
            {place: error for (place, _), error in zip(good, verdicts, strict=True) if error is not None}
        )
        return refusals


def _receipts(
    events: Sequence[LearningEvent | InvalidInput],
    refusals: Mapping[int, InvalidInput],
    lies: Mapping[int, Position],
) -> list[Receipt]:
    return [
        Receipt(
            index=place,
            event_id=None if isinstance(event, InvalidInput) else event.event_id,
            position=lies.get(place),
            error=refusals.get(place),
        )
        for place, event in enumerate(events)
    ]


def record_of(event: LearningEvent, value: bytes, trace: Trace | None = None) -> NewRecord:
    """The record of an event, whose value is given, with the headers that tell readers what it is before they decode it."""
    key = keys.learner(event.tenant_id, event.student_id).encode()
    told = ((EVENT_TYPE, event_type(event).encode()), (EVENT_ID, event.event_id.encode()))
    return NewRecord(key, value, told if trace is None else (*told, *trace.headers()))


def _decoded(raw: bytes, tenant_id: str | None) -> LearningEvent | InvalidInput:
    event = event_or_refusal(raw)
    if tenant_id is None or isinstance(event, InvalidInput):
        return event
    return msgspec.structs.replace(event, tenant_id=tenant_id)


def _of_tenant(item: object, tenant_id: str) -> LearningEvent | InvalidInput:
    if not isinstance(item, dict):
        return InvalidInput.of(Problem("", str(item)[:100], "must be a JSON object"), reason="not_an_object")
    fields: dict[str, object] = {"tenant_id": tenant_id, **item}
    if fields["tenant_id"] != tenant_id:
        rule = "must be the tenant of the token"
        return InvalidInput.of(
            Problem("tenant_id", str(fields["tenant_id"])[:100], rule), reason="other_tenant"
        )
    try:
        return event_from(fields)
    except InvalidInput as error:
        return error
