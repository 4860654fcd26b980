"""What has outlived its school's retention, days of the archive and dead letters: what would go, and its going."""

from __future__ import annotations

from datetime import date
from typing import final

from msgspec import Struct
from msgspec.structs import replace

from mastery_engine.contracts.tenant import SHORTEST_RETENTION_DAYS, Tenant
from mastery_engine.domain.calendar import DAY_MS, moment_of
from mastery_engine.engine.access import Access, Caller
from mastery_engine.engine.old_letters import OldLetters
from mastery_engine.engine.tenants import TenantDirectory, no_tenant
from mastery_engine.ports import Archive, ArchivedDay, Clock


class OldDays(Struct, frozen=True, kw_only=True):
    """A school's days that have outlived its retention.

    Attributes:
        tenant_id: The school.
        retention_days: Its retention, None if it keeps everything.
        first_kept: The first day that stays, None if all do.
        days: Those that go, with their events.
        dropped: How many events went; None where it was only looked at.
        letters: Dead letters that are too old.
        dropped_letters: How many of them went; None where it was only looked at.
    """

    tenant_id: str
    retention_days: int | None
    first_kept: date | None
    days: list[ArchivedDay]
    dropped: int | None = None
    letters: int = 0
    dropped_letters: int | None = None


def first_kept_day(tenant: Tenant, now_ms: int) -> int | None:
    """Number of the first day (UTC) that a tenant's retention keeps; None if it keeps everything.

    Settings that ask for less than the shortest retention, which none can be made with, get the shortest.
    """
    if tenant.retention_days is None:
        return None
    return now_ms // DAY_MS - max(tenant.retention_days, SHORTEST_RETENTION_DAYS)


@final
class ArchiveRetention:
    """Looks at old days, and drops them as the worker and the archiver do by themselves once an hour."""

    def __init__(
        self,
        archive: Archive,
        tenants: TenantDirectory,
        access: Access,
        clock: Clock,
        letters: OldLetters | None = None,
    ) -> None:
        """Put the parts together; without letters, only the archive is looked at."""
        self._letters = letters
        self._archive = archive
        self._tenants = tenants
        self._access = access
        self._clock = clock

    async def look(self, caller: Caller, tenant_id: str | None = None) -> list[OldDays]:
        """What would go now; nothing is changed.

        Args:
            caller: Who asks.
            tenant_id: One school; None means the caller's own, and for an operator all.

        Raises:
            NotAllowed: The caller's role may not.
            NotFound: There is no such school, or it is not the caller's.
        """
        await self._access.permit(caller, "archive.drop", (), moment_of(self._clock.now_ms()).date())
        if caller.role != "operator":
            if tenant_id not in {None, caller.tenant_id}:
                raise no_tenant(tenant_id or "")
            tenant_id = caller.tenant_id
        chosen = await self._tenants.list() if tenant_id is None else [await self._tenants.get(tenant_id)]
        return [await self._old_days(tenant) for tenant in chosen]

    async def drop(self, caller: Caller, tenant_id: str | None = None) -> list[OldDays]:
        """The same, and it goes, once that is on record in the school's audit trail.

        Raises:
            NotAllowed: As for `look`.
            NotFound: As for `look`.
            DependencyDown: The archive or the audit trail does not answer; again, and it goes on.
        """
        return [await self._drop(caller, old) for old in await self.look(caller, tenant_id)]

    async def _old_days(self, tenant: Tenant) -> OldDays:
        first_kept = first_kept_day(tenant, self._clock.now_ms())
        days = [] if first_kept is None else await self._archive.droppable(tenant.tenant_id, first_kept)
        return OldDays(
            tenant_id=tenant.tenant_id,
            retention_days=tenant.retention_days,
            first_kept=None if first_kept is None else moment_of(first_kept * DAY_MS).date(),
            days=days,
            letters=0 if self._letters is None else await self._letters.count(tenant, self._clock.now_ms()),
        )

    async def _drop(self, caller: Caller, old: OldDays) -> OldDays:
        if old.first_kept is None or not (old.days or old.letters):
            return replace(old, dropped=0, dropped_letters=0)
        detail = {
            "before": old.first_kept.isoformat(),
            "days": str(len(old.days)),
            "events": str(sum(day.events for day in old.days)),
        }
        if old.letters:
            detail["letters"] = str(old.letters)
        in_school = replace(caller, tenant_id=old.tenant_id)
        await self._access.record(in_school, "archive.drop", (), allowed=True, detail=detail)
        first_kept = old.first_kept.toordinal() - moment_of(0).date().toordinal()
        dropped, letters = await self._archive.drop_before(old.tenant_id, first_kept), 0
        if self._letters is not None:
            letters = await self._letters.drop(await self._tenants.get(old.tenant_id), self._clock.now_ms())
        return replace(old, dropped=dropped, dropped_letters=letters)
