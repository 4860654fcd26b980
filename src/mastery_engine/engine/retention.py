"""What has outlived its school's retention: what would go, and its going, each school's on its own record.

Days of the archive and dead letters go by age; keys of the state store at the end of the lifetime they were written with, after
which nobody can read them. A store that removes these by itself has none to tell of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final, final

from msgspec import Struct
from msgspec.structs import replace

from mastery_engine.contracts.keys import tenant_of
from mastery_engine.contracts.tenant import SHORTEST_RETENTION_DAYS, Tenant
from mastery_engine.domain.calendar import DAY_MS, moment_of
from mastery_engine.engine.access import Access, Caller
from mastery_engine.engine.old_letters import OldLetters
from mastery_engine.engine.policy import Action
from mastery_engine.engine.tenants import TenantDirectory, no_tenant
from mastery_engine.ports import Archive, ArchivedDay, Clock, StateStore

ITSELF: Final = "retention"
"""Who is on record, with the role of a service, where nobody has asked."""
_ACTION: Final[Action] = "archive.drop"


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
        keys: Keys of the state store that nobody can read any more.
        dropped_keys: How many of them went; None where none was to: they leave for all schools at once.
    """

    tenant_id: str
    retention_days: int | None
    first_kept: date | None
    days: list[ArchivedDay]
    dropped: int | None = None
    letters: int = 0
    dropped_letters: int | None = None
    keys: int = 0
    dropped_keys: int | None = None


def first_kept_day(tenant: Tenant, now_ms: int) -> int | None:
    """Number of the first day (UTC) that a tenant's retention keeps; None if it keeps everything.

    Settings that ask for less than the shortest retention, which none can be made with, get the shortest.
    """
    if tenant.retention_days is None:
        return None
    return now_ms // DAY_MS - max(tenant.retention_days, SHORTEST_RETENTION_DAYS)


@final
class Retention:
    """Looks at what is too old, and drops it: when somebody asks, and by itself."""

    def __init__(
        self,
        archive: Archive,
        tenants: TenantDirectory,
        access: Access,
        clock: Clock,
        letters: OldLetters | None = None,
        store: StateStore | None = None,
    ) -> None:
        """Put the parts together; without letters or a store, these are not looked at."""
        self._letters = letters
        self._store = store
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
        return await self._look(await self._chosen(caller, tenant_id))

    async def drop(self, caller: Caller, tenant_id: str | None = None) -> list[OldDays]:
        """The same, and it goes, once that is on record in the school's audit trail.

        Raises:
            NotAllowed: As for `look`.
            NotFound: As for `look`.
            DependencyDown: The archive or the audit trail does not answer; again, and it goes on.
        """
        chosen = await self._chosen(caller, tenant_id)
        whole = caller.role == "operator" and tenant_id is None
        return await self._drop(lambda tenant: replace(caller, tenant_id=tenant), chosen, keys=whole)

    async def drop_by_itself(self) -> list[OldDays]:
        """The same for all schools, asked for by the clock: on record as done by the service.

        Raises:
            DependencyDown: As for `drop`.
        """
        request_id = f"{ITSELF}-{self._clock.now_ms()}"

        def service(tenant_id: str) -> Caller:
            return Caller(tenant_id=tenant_id, subject=ITSELF, role="service", request_id=request_id)

        return await self._drop(service, await self._tenants.list(), keys=True)

    async def _chosen(self, caller: Caller, tenant_id: str | None) -> list[Tenant]:
        await self._access.permit(caller, _ACTION, (), moment_of(self._clock.now_ms()).date())
        if caller.role != "operator":
            if tenant_id not in {None, caller.tenant_id}:
                raise no_tenant(tenant_id or "")
            tenant_id = caller.tenant_id
        return await self._tenants.list() if tenant_id is None else [await self._tenants.get(tenant_id)]

    async def _look(self, chosen: Sequence[Tenant]) -> list[OldDays]:
        keys = await self._expired_keys()
        return [await self._old_days(tenant, keys) for tenant in chosen]

    async def _expired_keys(self) -> Mapping[str, int]:
        found: Counter[str] = Counter()
        if self._store is not None:
            async for names in self._store.expired():
                found.update(map(tenant_of, names))
        return found

    async def _old_days(self, tenant: Tenant, keys: Mapping[str, int]) -> OldDays:
        now_ms = self._clock.now_ms()
        first_kept = first_kept_day(tenant, now_ms)
        days = [] if first_kept is None else await self._archive.droppable(tenant.tenant_id, first_kept)
        return OldDays(
            tenant_id=tenant.tenant_id,
            retention_days=tenant.retention_days,
            first_kept=None if first_kept is None else moment_of(first_kept * DAY_MS).date(),
            days=days,
            letters=0 if self._letters is None else await self._letters.count(tenant, now_ms),
            keys=keys.get(tenant.tenant_id, 0),
        )

    async def _drop(
        self, caller_in: Callable[[str], Caller], chosen: Sequence[Tenant], *, keys: bool
    ) -> list[OldDays]:
        old = await self._look(chosen)
        gone = [
            await self._drop_of(caller_in(tenant.tenant_id), tenant, one, keys=keys)
            for tenant, one in zip(chosen, old, strict=True)
        ]
        if keys and self._store is not None:
            await self._store.purge()
        return gone

    async def _drop_of(self, caller: Caller, tenant: Tenant, old: OldDays, *, keys: bool) -> OldDays:
        """Days and letters of a school; its keys are put on record here, and go once all schools' are."""
        dropped_keys = old.keys if keys else None
        if detail := _detail(old, dropped_keys):
            await self._access.record(caller, _ACTION, (), allowed=True, detail=detail)
        dropped = letters = 0
        if old.first_kept is not None and old.days:
            first_kept = old.first_kept.toordinal() - moment_of(0).date().toordinal()
            dropped = await self._archive.drop_before(old.tenant_id, first_kept)
        if self._letters is not None and old.letters:
            letters = await self._letters.drop(tenant, self._clock.now_ms())
        return replace(old, dropped=dropped, dropped_letters=letters, dropped_keys=dropped_keys)


def _detail(old: OldDays, keys: int | None) -> dict[str, str]:
    """What goes, for the record; nothing if nothing does."""
    detail: dict[str, str] = {}
    if old.first_kept is not None and (old.days or old.letters):
        detail = {
            "before": old.first_kept.isoformat(),
            "days": str(len(old.days)),
            "events": str(sum(day.events for day in old.days)),
        }
    if old.letters:
        detail["letters"] = str(old.letters)
    if keys:
        detail["keys"] = str(keys)
    return detail
