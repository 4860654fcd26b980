"""Asking for an erasure, looking after requests, and lifting the marker of one that is done."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final, final

from msgspec.structs import replace

from mastery_engine.contracts import keys
from mastery_engine.contracts.erasure import Erasure, marker_of
from mastery_engine.contracts.privacy_request import PrivacyRequest, RequestKind
from mastery_engine.contracts.sealed_id import seal
from mastery_engine.domain.errors import Conflict, NotFound
from mastery_engine.engine.access import Access, Caller
from mastery_engine.engine.erasure.burying import Burial, counted_before
from mastery_engine.engine.erasure.parts import Case, ErasurePorts
from mastery_engine.engine.policy import Action
from mastery_engine.engine.restrictions import Restrictions
from mastery_engine.ports import OpenRequests, Write

_TRIES: Final = 100


@final
class Erasures:
    """The requests to erase, and what became of them."""

    def __init__(self, ports: ErasurePorts, access: Access, restrictions: Restrictions) -> None:
        """Put the parts together."""
        self._ports = ports
        self._restrictions = restrictions
        self._access = access
        self._burial = Burial(ports)

    async def ask(self, caller: Caller, student_id: str) -> PrivacyRequest:
        """Ask for the erasure of a student; durable, in force, and the student hidden from all readers, when this returns.

        Other processes hide the student within a second. Whether the system knows the student does not matter, and is not told.
        One that waits already is told again.

        Raises:
            NotAllowed: The caller's role may not.
            NotFound: There is no such tenant.
            DependencyDown: A store does not answer; ask again.
        """
        await self._access.permit(caller, "privacy.erase", [student_id], self._today())
        await self._ports.tenants.get(caller.tenant_id)
        return await self.begin(caller, student_id)

    async def begin(self, caller: Caller, student_id: str) -> PrivacyRequest:
        """The same for somebody who is allowed to, and on record."""
        ports, tenant_id = self._ports, caller.tenant_id
        subject = ports.pseudonyms.of(tenant_id, student_id)
        by = ports.pseudonyms.of(tenant_id, caller.subject)
        open_ones = await ports.requests.find(
            tenant_id=tenant_id, kind="erasure", state="open", subject=subject, limit=1
        )
        request = open_ones[0] if open_ones else self._request(tenant_id, "erasure", subject, by)
        if not open_ones:
            # Kept before anything else is done: whoever carries it out begins from it.
            sealed = seal(ports.pseudonyms, request.request_id, student_id)
            request = replace(request, sealed=sealed)
            await ports.requests.add(request)
        await put_in_force(ports, tenant_id, subject, by)
        await self._restrictions.note_erasing(tenant_id, subject, erasing=True)
        case = Case(request, student_id, counted_before(request))
        try:
            await self._burial.bury(case, also_absent=False)
        except Conflict:
            # The eraser has ended it meanwhile, and finds nothing of it in the list any more.
            await self._restrictions.note_erasing(tenant_id, subject, erasing=False)
        return case.request

    async def ask_tenant(self, caller: Caller) -> PrivacyRequest:
        """Ask for the erasure of the caller's whole tenant.

        Raises:
            NotAllowed: The caller's role may not.
            NotFound: There is no such tenant.
            DependencyDown: A store does not answer; ask again.
        """
        ports, tenant_id = self._ports, caller.tenant_id
        await self._access.permit(caller, "privacy.erase_tenant", (), self._today())
        await self._access.record(caller, "privacy.erase_tenant", (), allowed=True)
        open_ones = await ports.requests.find(
            tenant_id=tenant_id, kind="tenant_erasure", state="open", limit=1
        )
        if open_ones:
            return open_ones[0]
        await ports.tenants.get(tenant_id)
        by = ports.pseudonyms.of(tenant_id, caller.subject)
        request = self._request(tenant_id, "tenant_erasure", None, by)
        await ports.requests.add(request)
        return request

    async def list(
        self, caller: Caller, *, after: tuple[int, str] | None = None, limit: int = 100
    ) -> list[PrivacyRequest]:
        """Requests of the caller's tenant of any kind, newest first.

        Raises:
            NotAllowed: The caller's role may not.
        """
        await self._permit(caller, "privacy.read")
        await self._access.record(caller, "privacy.read", (), allowed=True)
        return list(
            await self._ports.requests.find(
                tenant_id=caller.tenant_id, after=after, newest_first=True, limit=limit
            )
        )

    async def show(self, caller: Caller, request_id: str) -> PrivacyRequest:
        """One request.

        Raises:
            NotAllowed: The caller's role may not.
            NotFound: There is none of that id in the caller's tenant.
        """
        await self._permit(caller, "privacy.read")
        request = await self._get(caller, "privacy.read", request_id)
        await self._record(caller, "privacy.read", request)
        return request

    async def lift(self, caller: Caller, request_id: str) -> PrivacyRequest:
        """Lift the marker of an erasure that is done: new events of the student count again, older ones stay refused.

        Raises:
            NotAllowed: The caller's role may not.
            NotFound: There is none of that id in the caller's tenant.
            Conflict: It is no erasure, or not done yet.
        """
        ports = self._ports
        await self._permit(caller, "privacy.lift")
        request = await self._get(caller, "privacy.lift", request_id)
        await self._record(caller, "privacy.lift", request)
        if request.kind != "erasure" or request.subject is None:
            raise Conflict(
                f"request {request_id} is of the kind {request.kind}; only an erasure has a marker"
            )
        if request.state == "open":
            raise Conflict(f"erasure {request_id} is not done yet; its marker can be lifted once it is")
        open_ones = await ports.requests.find(
            tenant_id=caller.tenant_id, kind="erasure", state="open", subject=request.subject, limit=1
        )
        if open_ones:
            raise Conflict(
                f"erasure {open_ones[0].request_id} of the same student is not done yet; the marker can be lifted then"
            )
        by = ports.pseudonyms.of(caller.tenant_id, caller.subject)
        erasure = await ports.ledger.lift(caller.tenant_id, request.subject, ports.clock.now_ms(), by)
        if erasure is None or erasure.lifted_ms is None:
            raise Conflict(f"erasure {request_id} is not done yet; its marker can be lifted once it is")
        await _put_marker(ports, erasure)
        await self._restrictions.note_erasing(caller.tenant_id, request.subject, erasing=False)
        for _ in range(_TRIES):
            lifted = replace(request, state="lifted", changed_ms=ports.clock.now_ms())
            if request.state == "lifted" or await ports.requests.replace(lifted, request):
                return lifted
            request = await self._get(caller, "privacy.lift", request_id)
        raise Conflict(f"request {request_id} keeps changing; look at it again")

    async def oldest_open(self) -> list[OpenRequests]:
        """What is open, by kind, over all tenants, and since when; for those who watch over the service."""
        return await self._ports.requests.open_requests()

    async def _permit(self, caller: Caller, action: Action) -> None:
        await self._access.permit(caller, action, (), self._today())

    async def _record(self, caller: Caller, action: Action, request: PrivacyRequest) -> None:
        hashes = () if request.subject is None else (request.subject,)
        detail = {"request_id": request.request_id}
        await self._access.record(caller, action, (), allowed=True, detail=detail, hashes=hashes)

    async def _get(self, caller: Caller, action: Action, request_id: str) -> PrivacyRequest:
        request = await self._ports.requests.get(request_id)
        if request is None or request.tenant_id != caller.tenant_id:
            # Without the id: it may be anything.
            await self._access.record(caller, action, (), allowed=False)
            raise NotFound(f"no request {request_id[:36]!r}; list them with: mastery privacy requests")
        return request

    def _request(self, tenant_id: str, kind: RequestKind, subject: str | None, by: str) -> PrivacyRequest:
        now_ms = self._ports.clock.now_ms()
        return PrivacyRequest(
            request_id=keys.derived_id("privacy", kind, tenant_id, subject or "", str(now_ms)),
            tenant_id=tenant_id,
            kind=kind,
            subject=subject,
            asked_ms=now_ms,
            asked_by=by,
            changed_ms=now_ms,
        )

    def _today(self) -> date:
        return datetime.fromtimestamp(self._ports.clock.now_ms() / 1_000, tz=UTC).date()


async def put_in_force(ports: ErasurePorts, tenant_id: str, subject: str, by: str) -> Erasure:
    """Put an erasure into the ledger and its marker into the state store; both may be there already."""
    erasure = await ports.ledger.ask(tenant_id, subject, ports.clock.now_ms(), by)
    await _put_marker(ports, erasure)
    return erasure


async def _put_marker(ports: ErasurePorts, erasure: Erasure) -> None:
    await ports.store.write_many([Write(keys.erased(erasure.student), marker_of(erasure))])
