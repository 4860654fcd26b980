"""How long keys live: seconds from now, from a tenant's retention R."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.calendar import DAY_MS, Calendar

DAY_SECONDS: Final = 86_400
RECENT_ACTIVITY_DAYS: Final = 30
_SHORTEST_SECONDS: Final = 60


class Lifetimes:
    """Times to live; None keeps a key for good."""

    def __init__(self, processed_seconds: int | None = None) -> None:
        """Choose the life of `processed:` records.

        Args:
            processed_seconds: Twice the log's retention; None makes it the archive's, a tenant's retention.
        """
        self._processed_seconds = processed_seconds

    def document(self, tenant: Tenant, newest_ms: int, now_ms: int) -> int | None:
        """R after the last event; R from now for a document without one."""
        if tenant.retention_days is None:
            return None
        since_ms = newest_ms if newest_ms >= 0 else now_ms
        return max(_SHORTEST_SECONDS, (since_ms - now_ms) // 1000 + tenant.retention_days * DAY_SECONDS)

    def day(self, tenant: Tenant, day: int, now_ms: int) -> int | None:
        """R after that day has ended where the school is; 0 or less where that has passed already."""
        if tenant.retention_days is None:
            return None
        return (_end_of(tenant.time_zone, day) + tenant.retention_days * DAY_MS - now_ms) // 1000

    def recent_activity(self) -> int:
        """30 days, whatever the tenant's retention: older activity is not recent."""
        return RECENT_ACTIVITY_DAYS * DAY_SECONDS

    def processed(self, tenant: Tenant) -> int | None:
        """See `processed_seconds`."""
        if self._processed_seconds is not None:
            return self._processed_seconds
        return None if tenant.retention_days is None else tenant.retention_days * DAY_SECONDS


@lru_cache(maxsize=8_192)
def _end_of(time_zone: str, day: int) -> int:
    """The first millisecond after the day."""
    return Calendar(time_zone).end_of(day) + 1
