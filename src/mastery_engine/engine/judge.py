"""Judging what comes in: a record becomes an event that may count, or a refusal with every problem named.

Doors judge before they accept, the worker judges again by the time at which the record entered the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

from msgspec import Struct

from mastery_engine.contracts.event_json import JsonEvents, encode_event
from mastery_engine.contracts.outcome import DIGEST_BYTES
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.events import Event, LearningEvent
from mastery_engine.domain.rules import AcceptanceRules
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.ports import EventCodec, Record

OURS: Final = frozenset({"damaged_record", "given_up"})
"""Reasons for which the sender is not to blame."""


class Accepted(Struct, frozen=True, gc=False):
    """A record whose event may count.

    Attributes:
        event_id: UUID, 16 bytes.
        digest: Content hash, by which another event under the same id is told.
        day: Number of the event's day in the tenant's time zone.
    """

    record: Record
    event: LearningEvent
    event_id: bytes
    digest: bytes
    day: int


class Refused(NamedTuple):
    """A record that cannot count, and why.

    Attributes:
        event: What it holds, where that could be read.
    """

    record: Record
    error: InvalidInput
    event: LearningEvent | None = None


class Judge:
    """Applies schema, business rules and tenants' settings."""

    def __init__(self, tenants: TenantDirectory, codec: EventCodec | None = None) -> None:
        """Use the tenants' settings.

        Args:
            tenants: Their directory.
            codec: Of the log's values; JSON by default.
        """
        self._tenants = tenants
        self._codec = codec or JsonEvents()
        self._rules: dict[str, AcceptanceRules] = {}

    async def judge(self, records: Sequence[Record]) -> tuple[list[Accepted], list[Refused]]:
        """Judge each record as of its own append time, in order.

        Raises:
            DependencyDown: Tenants cannot be read, or a schema that a record needs.
        """
        refused: list[Refused] = []
        decoded: list[tuple[Record, LearningEvent]] = []
        read = await self._codec.decode([record.value for record in records])
        for record, event in zip(records, read, strict=True):
            if isinstance(event, InvalidInput):
                refused.append(Refused(record, event))
            else:
                decoded.append((record, event))
        tenants = await self._tenants.find(event.tenant_id for _, event in decoded)
        accepted: list[Accepted] = []
        for record, event in decoded:
            try:
                rules = self._rules_of(event, tenants)
                self._check(event, rules, record.appended_ms)
            except InvalidInput as error:
                refused.append(Refused(record, error, event))
            else:
                event_id, digest = identity_of(event)
                accepted.append(
                    Accepted(record, event, event_id, digest, rules.calendar.day(event.timestamp))
                )
        return accepted, refused

    async def check(self, events: Iterable[LearningEvent], now_ms: int) -> list[InvalidInput | None]:
        """Judge events at a door; None for each that may enter the log."""
        events = list(events)
        tenants = await self._tenants.find(event.tenant_id for event in events)
        verdicts: list[InvalidInput | None] = []
        for event in events:
            try:
                self._check(event, self._rules_of(event, tenants), now_ms)
            except InvalidInput as error:
                verdicts.append(error)
            else:
                verdicts.append(None)
        return verdicts

    def _rules_of(self, event: Event, tenants: dict[str, Tenant]) -> AcceptanceRules:
        rules = self._rules.get(event.tenant_id)
        if rules is None:
            tenant = tenants.get(event.tenant_id)
            if tenant is None:
                rule = f"must be a tenant that exists; make it with: mastery tenant create {event.tenant_id}"
                raise InvalidInput.of(Problem("tenant_id", event.tenant_id, rule), reason="unknown_tenant")
            rules = self._rules[event.tenant_id] = tenant.rules()
        return rules

    @staticmethod
    def _check(event: LearningEvent, rules: AcceptanceRules, entered_ms: int) -> None:
        problems = rules.problems(event, entered_ms)
        if problems:
            raise InvalidInput.of(*problems, reason="rule")


def identity_of(event: Event) -> tuple[bytes, bytes]:
    """Event id as 16 bytes, and the hash of the event's content."""
    return bytes.fromhex(event.event_id.replace("-", "")), digest_of(encode_event(event))


def digest_of(encoded: bytes) -> bytes:
    """The hash of an event's content, from its canonical JSON."""
    return blake2b(encoded, digest_size=DIGEST_BYTES).digest()
