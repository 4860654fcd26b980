"""Who is restricted (GDPR, Article 18): kept and folded, and read by nobody else than the student; and who is being erased.

The record of a restriction is a privacy request; the list of a tenant in the state store follows from these, so that a worker's
step reads it along with its documents, and a lost one is made anew. The list of those whose erasure was asked for lets every
process hide them at once, whatever it still has in its memory; a lost one is not missed for longer than such memory lasts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, final

from msgspec import Struct

from mastery_engine.contracts import keys
from mastery_engine.contracts.privacy_request import PrivacyRequest
from mastery_engine.contracts.restricted import decode_restricted, encode_restricted
from mastery_engine.domain.errors import Conflict, DependencyDown
from mastery_engine.ports import ABSENT, Clock, Entry, PrivacyRequests, StateStore, Write

REMEMBERED_SECONDS: Final = 1.0
MOST_RESTRICTED: Final = 10_000
_PAGE: Final = 1_000
_TRIES: Final = 100
_NOBODY: Final[frozenset[bytes]] = frozenset()


class Lists(Struct, frozen=True):
    """Keyed hashes of a tenant's students who are restricted, and of those who are being erased."""

    restricted: frozenset[bytes] = _NOBODY
    erasing: frozenset[bytes] = _NOBODY


class Hidden(Struct, frozen=True):
    """Those of some students who are restricted, and those who are being erased."""

    restricted: frozenset[str] = frozenset()
    erasing: frozenset[str] = frozenset()


_NO_LISTS: Final = Lists()
_NONE_HIDDEN: Final = Hidden()


@final
class Restrictions:
    """The restricted students of each tenant, and those who are being erased, remembered for a second."""

    def __init__(
        self, store: StateStore, requests: PrivacyRequests, pseudonyms: keys.Pseudonyms, clock: Clock
    ) -> None:
        """Put the parts together."""
        self._store = store
        self._requests = requests
        self._pseudonyms = pseudonyms
        self._clock = clock
        self._remembered: dict[str, tuple[float, Lists]] = {}
        self._changes = 0

    async def among(self, tenant_id: str, students: Sequence[str]) -> Hidden:
        """Those of the students who are restricted or being erased; a change elsewhere is known within a second.

        Raises:
            DependencyDown: The store does not answer.
        """
        now = self._clock.monotonic()
        until, lists = self._remembered.get(tenant_id, (now, _NO_LISTS))
        if until <= now:
            changes = self._changes
            lists = await self._read(tenant_id)
            if changes == self._changes:
                # Else it may have been read before a change of ours was written, which would not hold for a second.
                self._remembered[tenant_id] = (now + REMEMBERED_SECONDS, lists)
        if not lists.restricted and not lists.erasing:
            return _NONE_HIDDEN
        digests = {one: self._pseudonyms.digest(tenant_id, one) for one in students}
        return Hidden(
            restricted=frozenset(one for one, digest in digests.items() if digest in lists.restricted),
            erasing=frozenset(one for one, digest in digests.items() if digest in lists.erasing),
        )

    async def note_erasing(self, tenant_id: str, subject: str, *, erasing: bool) -> None:
        """See the function; in this process it holds at once."""
        await note_erasing(self._store, tenant_id, subject, erasing=erasing)
        self._forget(tenant_id)

    async def note(self, tenant_id: str, student_id: str, *, restricted: bool) -> None:
        """Put a student into the list, or take one out of it.

        Raises:
            Conflict: There are as many as there may be, or the list keeps changing.
            DependencyDown: The store does not answer.
        """
        student = self._pseudonyms.digest(tenant_id, student_id)

        async def changed(entry: Entry | None) -> bytes | None:
            before = await self._recorded(tenant_id) if entry is None else decode_restricted(entry.value)
            after = before | {student} if restricted else before - {student}
            if len(after) > MOST_RESTRICTED:
                raise Conflict(f"a school has at most {MOST_RESTRICTED} restricted students; lift some first")
            return encode_restricted(after)

        await _change(self._store, keys.restricted(tenant_id), changed)
        self._forget(tenant_id)

    def _forget(self, tenant_id: str) -> None:
        self._changes += 1
        self._remembered.pop(tenant_id, None)

    async def _read(self, tenant_id: str) -> Lists:
        """As the store has them; where it has none of the restricted, as the records do, and put back if there is any."""
        key = keys.restricted(tenant_id)
        entry, going = await self._store.get_many([key, keys.erasing(tenant_id)])
        erasing = _NOBODY if going is None else decode_restricted(going.value)
        if entry is not None:
            return Lists(decode_restricted(entry.value), erasing)
        recorded = await self._recorded(tenant_id)
        if recorded:
            await self._store.write_many([Write(key, encode_restricted(recorded), ABSENT)])
        return Lists(recorded, erasing)

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


async def note_erasing(store: StateStore, tenant_id: str, subject: str, *, erasing: bool) -> None:
    """Put somebody whose erasure was asked for into the tenant's list, or take one out of it; safe to repeat.

    Args:
        store: Where the lists are.
        tenant_id: Whose student.
        subject: Keyed hash of the student.
        erasing: Whether the erasure is under way.

    Raises:
        DependencyDown: The store does not answer, or the list keeps changing.
    """
    student = bytes.fromhex(subject)

    async def changed(entry: Entry | None) -> bytes | None:
        before = _NOBODY if entry is None else decode_restricted(entry.value)
        after = before | {student} if erasing else before - {student}
        return encode_restricted(after) if after else None

    await _change(store, keys.erasing(tenant_id), changed)


async def _change(
    store: StateStore, key: str, changed: Callable[[Entry | None], Awaitable[bytes | None]]
) -> None:
    """Change a list, looking again where somebody else did so meanwhile; what stays as it is is not written."""
    for _ in range(_TRIES):
        (entry,) = await store.get_many([key])
        value = await changed(entry)
        if value == (None if entry is None else entry.value):
            return
        if (await store.write_many([Write(key, value, ABSENT if entry is None else entry.version)]))[0]:
            return
    raise DependencyDown("a list of hidden students keeps changing; try again")
