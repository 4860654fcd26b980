"""Who is restricted (GDPR, Article 18): kept and folded, and read by nobody else than the student.

The record of it is a privacy request; the list of a tenant in the state store follows from these, so that a worker's step reads
it along with its documents, and a lost one is made anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

from mastery_engine.contracts import keys
from mastery_engine.contracts.privacy_request import PrivacyRequest
from mastery_engine.contracts.restricted import decode_restricted, encode_restricted
from mastery_engine.domain.errors import Conflict, DependencyDown
from mastery_engine.ports import ABSENT, Clock, PrivacyRequests, StateStore, Write

REMEMBERED_SECONDS: Final = 1.0
MOST_RESTRICTED: Final = 10_000
_PAGE: Final = 1_000
_TRIES: Final = 100
_NOBODY: Final[frozenset[bytes]] = frozenset()


@final
class Restrictions:
    """The restricted students of each tenant, remembered for a second."""

    def __init__(
        self, store: StateStore, requests: PrivacyRequests, pseudonyms: keys.Pseudonyms, clock: Clock
    ) -> None:
        """Put the parts together."""
        self._store = store
        self._requests = requests
        self._pseudonyms = pseudonyms
        self._clock = clock
        self._remembered: dict[str, tuple[float, frozenset[bytes]]] = {}

    async def among(self, tenant_id: str, students: Sequence[str]) -> set[str]:
        """Those of the students who are restricted; a change elsewhere is known within a second.

        Raises:
            DependencyDown: The store does not answer.
        """
        now = self._clock.monotonic()
        until, restricted = self._remembered.get(tenant_id, (now, _NOBODY))
        if until <= now:
            restricted = await self._read(tenant_id)
            self._remembered[tenant_id] = (now + REMEMBERED_SECONDS, restricted)
        if not restricted:
            return set()
        return {one for one in students if self._pseudonyms.digest(tenant_id, one) in restricted}

    async def note(self, tenant_id: str, student_id: str, *, restricted: bool) -> None:
        """Put a student into the list, or take one out of it.

        Raises:
            Conflict: There are as many as there may be, or the list keeps changing.
            DependencyDown: The store does not answer.
        """
        key, student = keys.restricted(tenant_id), self._pseudonyms.digest(tenant_id, student_id)
        for _ in range(_TRIES):
            (entry,) = await self._store.get_many([key])
            before = await self._recorded(tenant_id) if entry is None else decode_restricted(entry.value)
            after = before | {student} if restricted else before - {student}
            if len(after) > MOST_RESTRICTED:
                raise Conflict(f"a school has at most {MOST_RESTRICTED} restricted students; lift some first")
            write = Write(key, encode_restricted(after), ABSENT if entry is None else entry.version)
            if (await self._store.write_many([write]))[0]:
                self._remembered.pop(tenant_id, None)
                return
        raise DependencyDown("the list of restricted students keeps changing; try again")

    async def _read(self, tenant_id: str) -> frozenset[bytes]:
        """As the store has it; where it has none, as the records do, and put back if there is any."""
        key = keys.restricted(tenant_id)
        (entry,) = await self._store.get_many([key])
        if entry is not None:
            return decode_restricted(entry.value)
        recorded = await self._recorded(tenant_id)
        if recorded:
            await self._store.write_many([Write(key, encode_restricted(recorded), ABSENT)])
        return recorded

    async def _recorded(self, tenant_id: str) -> frozenset[bytes]:
        found: set[bytes] = set()
        after: tuple[int, str] | None = None
        while page := await self._requests.find(
            tenant_id=tenant_id, kind="restriction", state="done", after=after, limit=_PAGE
        ):
            found.update(bytes.fromhex(one.subject) for one in page if one.subject is not None)
            after = (page[-1].asked_ms, page[-1].request_id)
        return frozenset(found)


async def in_force(requests: PrivacyRequests, tenant_id: str, subject: str) -> PrivacyRequest | None:
    """The record of the restriction of a student that is in force, None without one."""
    found = await requests.find(
        tenant_id=tenant_id, kind="restriction", state="done", subject=subject, limit=1
    )
    return found[0] if found else None
