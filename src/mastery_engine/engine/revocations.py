"""Tokens that must hold no longer, though they are signed and not expired: one by its id, or all of somebody's up to a moment.

Each token is checked, and nearly none costs a read: beside the notes stands one mark for the tenant, which changes with each
revocation. A process reads the mark once a second, and keeps what it knows of a token while the mark stays the same. So a
revocation holds everywhere within a second. Without the store there is no answer (DependencyDown), rather than an open door.

Order of the writes: mark, note, mark. Whoever looks between them sees the note by the second mark; if the second one is never
written, what was kept meanwhile is looked at again after a minute.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final, NamedTuple, final
from uuid import uuid4

from mastery_engine.contracts import keys
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.contracts.revocation import HOLDS_WITHIN_SECONDS, Revocation
from mastery_engine.domain.calendar import moment_of
from mastery_engine.domain.errors import Conflict, NotAuthenticated
from mastery_engine.engine.access import Access, Caller
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.ports import ABSENT, Clock, Entry, StateStore, Write

MARK_SECONDS: Final = HOLDS_WITHIN_SECONDS
"""How long the mark is not looked at again: a revoked token may be taken for as long."""
KEPT_SECONDS: Final = 60.0
KEPT_TOKENS: Final = 20_000
LONGEST_SECONDS: Final = 32 * 86_400
"""How long a note is kept: longer than any token may live."""
_ATTEMPTS: Final = 10
_MS: Final = 1_000


class _Mark(NamedTuple):
    value: bytes | None
    read_at: float


class _Known(NamedTuple):
    mark: bytes
    looked_at: float
    token_revoked: bool
    not_before: int | None


@final
class Revocations:
    """Notes revocations, and refuses what they are about."""

    def __init__(
        self,
        store: StateStore,
        tenants: TenantDirectory,
        access: Access,
        pseudonyms: Pseudonyms,
        clock: Clock,
    ) -> None:
        """Put the parts together."""
        self._store = store
        self._tenants = tenants
        self._access = access
        self._pseudonyms = pseudonyms
        self._clock = clock
        self._marks: dict[str, _Mark] = {}
        self._reading: dict[str, asyncio.Task[bytes | None]] = {}
        self._known: OrderedDict[tuple[str, str, str | None], _Known] = OrderedDict()

    async def check(self, tenant_id: str, subject: str, token_id: str | None, issued_at: float) -> None:
        """Return if a token was not revoked.

        Args:
            tenant_id: The token's.
            subject: Its `sub`.
            token_id: Its `jti`, None without one.
            issued_at: Its `iat`, Unix seconds.

        Raises:
            NotAuthenticated: It was.
            DependencyDown: The store does not answer, so nobody can tell.
        """
        mark = await self._mark(tenant_id)
        if mark is None:
            return
        known = await self._look(mark, tenant_id, subject, token_id)
        # In whole seconds, as the moment is: an `iat` with a fraction would be later than the very second it lies in.
        if known.token_revoked or (known.not_before is not None and int(issued_at) <= known.not_before):
            raise NotAuthenticated("the token was revoked; get a new one", "revoked")

    async def revoke_token(self, caller: Caller, token_id: str, expires_at: int | None = None) -> Revocation:
        """Revoke one token of the caller's tenant.

        Args:
            caller: Who asks.
            token_id: Its `jti`.
            expires_at: Its `exp`, Unix seconds; None keeps the note as long as any token may live, and so does one that has
                passed: who revokes a token thinks that it holds, and may have mistaken its end.

        Raises:
            NotAllowed: The caller's role may not.
            NotFound: There is no such tenant.
            DependencyDown: Store or audit trail does not answer; revoke it again.
        """
        await self._permit(caller, ())
        key = keys.revoked_token(caller.tenant_id, token_id)
        detail = {"token": key.rpartition(":")[2]}
        await self._access.record(caller, "tokens.revoke", (), allowed=True, detail=detail)
        now = self._now()
        # Some minutes more than its life: the verifier's leeway, and clocks.
        left = 0 if expires_at is None else expires_at - now + 300
        seconds = min(left, LONGEST_SECONDS) if left > 0 else LONGEST_SECONDS
        await self._note(caller.tenant_id, Write(key, b"1", ttl_seconds=seconds))
        return Revocation(tenant_id=caller.tenant_id, token_id=token_id, kept_until=now + seconds)

    async def revoke_subject(self, caller: Caller, subject: str, not_before: int | None = None) -> Revocation:
        """Revoke all tokens of somebody in the caller's tenant that were issued up to a moment.

        Args:
            caller: Who asks.
            subject: Their `sub`.
            not_before: That moment, Unix seconds; None means now, and so does a later one, since nobody's tokens are to be
                refused before they are made. An earlier one than was noted before changes nothing.

        Raises:
            NotAllowed: The caller's role may not.
            NotFound: There is no such tenant.
            Conflict: Others revoked the same tokens all the while.
            DependencyDown: Store or audit trail does not answer; revoke them again.
        """
        now = self._now()
        moment = now if not_before is None else min(not_before, now)
        await self._permit(caller, (subject,), {"not_before": str(moment)})
        key = keys.revoked_subject(caller.tenant_id, self._pseudonyms.of(caller.tenant_id, subject))
        for _ in range(_ATTEMPTS):
            entry = (await self._store.get_many([key]))[0]
            moment = max(moment, _moment(entry) or 0)
            version = ABSENT if entry is None else entry.version
            write = Write(key, str(moment).encode(), version, LONGEST_SECONDS)
            if await self._note(caller.tenant_id, write):
                return Revocation(
                    tenant_id=caller.tenant_id,
                    subject=subject,
                    not_before=moment,
                    kept_until=now + LONGEST_SECONDS,
                )
        raise Conflict("others revoked the same tokens all the while; look whether it is still needed")

    async def _permit(
        self, caller: Caller, subjects: tuple[str, ...], detail: dict[str, str] | None = None
    ) -> None:
        today = moment_of(self._clock.now_ms()).date()
        await self._access.permit(caller, "tokens.revoke", subjects, today, detail)
        await self._tenants.get(caller.tenant_id)

    async def _note(self, tenant_id: str, note: Write) -> bool:
        for write in (self._new_mark(tenant_id), note, self._new_mark(tenant_id)):
            written = (await self._store.write_many([write]))[0]
            if not written:
                return False
        self._marks.pop(tenant_id, None)
        return True

    def _new_mark(self, tenant_id: str) -> Write:
        return Write(keys.newest_revocation(tenant_id), uuid4().bytes, ttl_seconds=LONGEST_SECONDS)

    async def _mark(self, tenant_id: str) -> bytes | None:
        """The tenant's mark, at most a second old; those who need it at the same time share one look."""
        mark = self._marks.get(tenant_id)
        if mark is not None and self._clock.monotonic() - mark.read_at < MARK_SECONDS:
            return mark.value
        reading = self._reading.get(tenant_id)
        if reading is None:
            reading = asyncio.create_task(self._read_mark(tenant_id), name="look for revocations")
            self._reading[tenant_id] = reading
        return await asyncio.shield(reading)

    async def _read_mark(self, tenant_id: str) -> bytes | None:
        # Its age counts from before the read: what is revoked while the store answers is seen a second later.
        began = self._clock.monotonic()
        try:
            entry = (await self._store.get_many([keys.newest_revocation(tenant_id)]))[0]
        finally:
            self._reading.pop(tenant_id, None)
        value = None if entry is None else entry.value
        self._marks[tenant_id] = _Mark(value, began)
        return value

    async def _look(self, mark: bytes, tenant_id: str, subject: str, token_id: str | None) -> _Known:
        whose = (tenant_id, subject, token_id)
        known, now = self._known.get(whose), self._clock.monotonic()
        if known is not None and known.mark == mark and now - known.looked_at < KEPT_SECONDS:
            self._known.move_to_end(whose)
            return known
        wanted = [keys.revoked_subject(tenant_id, self._pseudonyms.of(tenant_id, subject))]
        if token_id is not None:
            wanted.append(keys.revoked_token(tenant_id, token_id))
        of_subject, *of_token = await self._store.get_many(wanted)
        found = _Known(mark, now, any(entry is not None for entry in of_token), _moment(of_subject))
        self._known[whose] = found
        self._known.move_to_end(whose)
        while len(self._known) > KEPT_TOKENS:
            self._known.popitem(last=False)
        return found

    def _now(self) -> int:
        return self._clock.now_ms() // _MS


def _moment(entry: Entry | None) -> int | None:
    return None if entry is None else int(entry.value)
