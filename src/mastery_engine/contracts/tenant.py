"""Settings of a tenant (a school)."""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec import Struct

from mastery_engine.contracts.keys import DEFAULT_TENANT
from mastery_engine.domain.calendar import Calendar
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.formulas import DEFAULT_FORMULA
from mastery_engine.domain.rules import AcceptanceRules

DEFAULT_RETENTION_DAYS: Final = 90
SHORTEST_RETENTION_DAYS: Final = 30
LONGEST_RETENTION_DAYS: Final = 36_500
_TENANT_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")


class Tenant(Struct, frozen=True, kw_only=True):
    """A school and how its events are taken.

    Attributes:
        tenant_id: Its id.
        retention_days: Days that personal learning data is kept; None, for public or pseudonymous data,
            keeps it all.
        time_zone: IANA name; days are cut in it. Fixed, since every kept day was cut by it.
        formula: Formula of its students, unless a feature flag says otherwise.
        created_ms: When it was made, Unix milliseconds.
    """

    tenant_id: str
    retention_days: int | None = DEFAULT_RETENTION_DAYS
    time_zone: str = "UTC"
    formula: str = DEFAULT_FORMULA
    created_ms: int = 0

    def check(self) -> None:
        """Refuse settings that cannot be.

        Raises:
            InvalidInput: Every setting that breaks a rule.
        """
        problems: list[Problem] = []
        if not _TENANT_ID.fullmatch(self.tenant_id):
            rule = "must be 1 to 50 of a-z, 0-9, _ and -, and begin with a letter or digit"
            problems.append(Problem("tenant_id", self.tenant_id[:100], rule))
        days = self.retention_days
        if days is not None and not SHORTEST_RETENTION_DAYS <= days <= LONGEST_RETENTION_DAYS:
            rule = f"must be {SHORTEST_RETENTION_DAYS} to {LONGEST_RETENTION_DAYS} days, or none"
            problems.append(Problem("retention_days", str(days), rule))
        try:
            Calendar(self.time_zone)
        except InvalidInput as error:
            problems += error.problems
        if problems:
            raise InvalidInput.of(*problems)

    def rules(self) -> AcceptanceRules:
        """What the settings say of the events that are taken."""
        return AcceptanceRules(Calendar(self.time_zone), self.retention_days)


DEFAULT: Final = Tenant(tenant_id=DEFAULT_TENANT)
_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(Tenant)


def encode_tenant(tenant: Tenant) -> bytes:
    """The settings as JSON."""
    return _encoder.encode(tenant)


def decode_tenant(value: bytes) -> Tenant:
    """Settings from JSON."""
    return _decoder.decode(value)
