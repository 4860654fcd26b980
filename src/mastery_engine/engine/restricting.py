"""Setting a restriction of processing and lifting it, each step of it safe to repeat."""

from __future__ import annotations

from typing import Final, final

import msgspec

from mastery_engine.contracts import keys
from mastery_engine.contracts.answers import RestrictionView
from mastery_engine.contracts.document import TOMBSTONE, decode_document
from mastery_engine.contracts.privacy_request import PrivacyRequest
from mastery_engine.contracts.student_export import iso
from mastery_engine.domain.calendar import moment_of
from mastery_engine.domain.errors import Conflict, DependencyDown
from mastery_engine.engine.access import Access, Caller
from mastery_engine.engine.restrictions import Restrictions, in_force
from mastery_engine.engine.student_keys import derived_keys
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.ports import Clock, PrivacyRequests, StateStore, Write

_KEYS_A_BATCH: Final = 1_000
_TRIES: Final = 100


@final
class Restricting:
    """Sets restrictions and lifts them."""

    def __init__(
        self,
        restrictions: Restrictions,
        requests: PrivacyRequests,
        store: StateStore,
        tenants: TenantDirectory,
        access: Access,
        pseudonyms: keys.Pseudonyms,
        clock: Clock,
    ) -> None:
        """Put the parts together."""
        self._restrictions = restrictions
        self._requests = requests
        self._store = store
        self._tenants = tenants
        self._access = access
        self._pseudonyms = pseudonyms
        self._clock = clock

    async def restrict(self, caller: Caller, student_id: str) -> RestrictionView:
        """Restrict a student, known or not: recorded first, then in force for readers and workers, then the derived keys go.

        Who is restricted already stays so, and what an interrupted call left is finished.

        Raises:
            NotAllowed: The caller's role may not.
            NotFound: There is no such tenant.
            Conflict: A school has too many.
            DependencyDown: A store does not answer; again, and it goes on.
        """
        tenant_id, subject = await self._begin(caller, student_id, "set")
        known = await in_force(self._requests, tenant_id, subject)
        if known is None:
            now_ms = self._clock.now_ms()
            known = PrivacyRequest(
                request_id=keys.derived_id("restriction", tenant_id, subject, str(now_ms)),
                tenant_id=tenant_id,
                kind="restriction",
                subject=subject,
                asked_ms=now_ms,
                asked_by=self._pseudonyms.of(tenant_id, caller.subject),
                state="done",
                changed_ms=now_ms,
            )
            await self._requests.add(known)
        try:
            await self._settle(tenant_id, student_id, restricted=True)
        except Conflict:
            # Else a list made anew would have one too many.
            failed = msgspec.structs.replace(known, state="failed", changed_ms=self._clock.now_ms())
            await self._requests.replace(failed, known)
            raise
        await self._remove_derived(tenant_id, student_id)
        return RestrictionView(
            student_id=student_id, restricted=True, since=iso(known.asked_ms), request_id=known.request_id
        )

    async def lift(self, caller: Caller, student_id: str) -> RestrictionView:
        """Lift the restriction of a student; of who has none, nothing changes.

        Outputs that were kept back are not sent later; derived keys come with the next event.

        Raises:
            NotAllowed: The caller's role may not.
            NotFound: There is no such tenant.
            DependencyDown: A store does not answer; again, and it goes on.
        """
        tenant_id, subject = await self._begin(caller, student_id, "lift")
        last: str | None = None
        while (known := await in_force(self._requests, tenant_id, subject)) is not None:
            last = known.request_id
            lifted = msgspec.structs.replace(known, state="lifted", changed_ms=self._clock.now_ms())
            await self._requests.replace(lifted, known)
        await self._settle(tenant_id, student_id, restricted=False)
        return RestrictionView(student_id=student_id, restricted=False, since=None, request_id=last)

    async def _begin(self, caller: Caller, student_id: str, step: str) -> tuple[str, str]:
        today = moment_of(self._clock.now_ms()).date()
        await self._access.permit(caller, "restriction.write", [student_id], today, {"step": step})
        await self._tenants.get(caller.tenant_id)
        return caller.tenant_id, self._pseudonyms.of(caller.tenant_id, student_id)

    async def _settle(self, tenant_id: str, student_id: str, *, restricted: bool) -> None:
        """Bring the list to what the records say: of two who set and lift at once, whoever writes it last looks again.

        Raises:
            Conflict: See `Restrictions.note`.
            DependencyDown: A store does not answer, or others set and lift it all the while.
        """
        subject = self._pseudonyms.of(tenant_id, student_id)
        for _ in range(_TRIES):
            await self._restrictions.note(tenant_id, student_id, restricted=restricted)
            recorded = await in_force(self._requests, tenant_id, subject) is not None
            if recorded == restricted:
                return
            restricted = recorded
        raise DependencyDown("the restriction is being set and lifted by others all the while; try again")

    async def _remove_derived(self, tenant_id: str, student_id: str) -> None:
        """Take away what others may read of the student in the store by itself."""
        (entry,) = await self._store.get_many([keys.document(tenant_id, student_id)])
        if entry is None or entry.value == TOMBSTONE:
            return
        names = list(derived_keys(tenant_id, student_id, decode_document(entry.value).state))
        for first in range(0, len(names), _KEYS_A_BATCH):
            await self._store.write_many([Write(name, None) for name in names[first : first + _KEYS_A_BATCH]])
