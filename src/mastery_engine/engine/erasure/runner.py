"""Carrying out the erasures that wait, in steps of which each may be done again after a crash.

1. In force: the ledger, and the marker in the state store. From here on whoever has no document drops the student's events, and
   the archive and the dead letters take nothing. The asking has done this and hidden the student already, unless it crashed.
2. A tombstone in place of the document, by compare-and-set, also where there was none. Whoever writes a document that was
   read before meets a conflict, and then the tombstone.
3. Wait until no step that had begun before writes any more (`WAIT_SECONDS`). Whoever goes on after a crash waits anew.
4. Sweep.
5. Sweep again: for what had been on its way.
6. Remove the tombstone, if it still is one. The marker stays.
7. Look everywhere; where something is left, sweep and look again, three times, and then leave it to the next run.
8. Done, in the ledger and in the request, with the report; the sealed id goes. Where a copy of the ledger is kept, it has
   the erasure before: whoever is told that it is done may be sure that no restore brings the student back.

A ledger that has come back from earlier days learns from its copy first, when a runner begins, what it has forgotten.

Erasures that wait together are carried out together, with one wait. Of several processes one works, under a lease in the state
store; two that both believe to have it do no harm, since every step may be done twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

import structlog

from mastery_engine.contracts.sealed_id import unseal
from mastery_engine.domain.errors import ConfigurationError, Conflict, DependencyDown
from mastery_engine.engine.erasure.asking import put_in_force
from mastery_engine.engine.erasure.burying import Burial, counted_before
from mastery_engine.engine.erasure.finding import adopt
from mastery_engine.engine.erasure.parts import WAIT_SECONDS, Case, ErasurePorts
from mastery_engine.engine.erasure.report import report_of
from mastery_engine.engine.erasure.sweep import Look, Sweep
from mastery_engine.engine.erasure.tenant import TenantErasure
from mastery_engine.engine.restrictions import note_erasing
from mastery_engine.ports import ABSENT, Write

LEASE_KEY: Final = "privacy:eraser"
LEASE_SECONDS: Final = 60
AT_ONCE: Final = 1_000
LOOKS: Final = 3
LEARN_AGAIN_SECONDS: Final = 60.0
_WAIT_PART_SECONDS: Final = 10.0
_log: Final = structlog.get_logger(__name__)


@final
class ErasureRunner:
    """Carries out what waits."""

    def __init__(self, ports: ErasurePorts, owner: str, wait_seconds: float = WAIT_SECONDS) -> None:
        """Put the parts together.

        Args:
            ports: What is erased from.
            owner: Name of this runner, which no other has.
            wait_seconds: Of step 3.
        """
        self._ports = ports
        self._owner = owner.encode()
        self._wait_seconds = wait_seconds
        self._sweep = Sweep(ports)
        self._burial = Burial(ports)
        self._tenants = TenantErasure(ports)
        self._learn_at: float | None = 0.0

    async def run_once(self) -> int:
        """Carry out what waits now; returns how many requests were finished.

        None while another process has the lease.

        Raises:
            DependencyDown: A store does not answer; call again, and it goes on.
        """
        await self._learn()
        if not await self.waits() or not await self._leased():
            return 0
        try:
            done = 0
            await adopt(self._ports)
            await self._tenants.begin()
            cases = await self._cases()
            if cases:
                done += await self._together(cases)
            return done + await self._tenants.end()
        finally:
            await self._release()

    async def waits(self) -> bool:
        """Whether anything waits."""
        requests = self._ports.requests
        for kind in ("erasure", "tenant_erasure"):
            if await requests.find(kind=kind, state="open", limit=1):
                return True
        return bool(await self._ports.ledger.waiting(1))

    async def _learn(self) -> None:
        """Bring ledger and copy to the same, once; without the copy the service goes on, and asks it later."""
        copy, now = self._ports.copy, self._ports.clock.monotonic()
        if copy is None or self._learn_at is None or now < self._learn_at:
            return
        try:
            learned = await copy.learn()
            await copy.renew()
        except (DependencyDown, ConfigurationError) as error:
            self._learn_at = now + LEARN_AGAIN_SECONDS
            _log.error("the copy of the erasure ledger cannot be used", reason=error.message)
            return
        self._learn_at = None
        if learned:
            _log.warning("erasures were learned from the copy of the ledger", students=learned)

    async def _together(self, cases: Sequence[Case]) -> int:
        """All at once; one by one if one of them stops the others."""
        try:
            return await self._carry_out(cases)
        except (DependencyDown, ConfigurationError, Conflict):
            raise
        except Exception as error:
            if len(cases) == 1:
                raise
            _log.error("erasures have failed together", error=type(error).__name__, requests=len(cases))
        done = 0
        for case in cases:
            try:
                done += await self._carry_out([case])
            except (DependencyDown, Conflict):
                raise
            except Exception as error:  # noqa: BLE001 - one that fails must not stop the others
                # Its type alone: its words may tell an id.
                _log.error(
                    "an erasure has failed", request=case.request.request_id, error=type(error).__name__
                )
        return done

    async def _carry_out(self, cases: Sequence[Case]) -> int:
        began_ms = self._ports.clock.now_ms()
        # 1.
        for case in cases:
            await put_in_force(self._ports, case.request.tenant_id, _subject(case), case.request.asked_by)
        # 2.
        for case in cases:
            await self._burial.bury(case, also_absent=True)
        await self._note(cases, "wait")
        # 3.
        await self._wait()
        await self._note(cases, "sweep")
        # 4.
        await self._sweep.remove(cases)
        await self._note(cases, "sweep again")
        # 5.
        await self._sweep.remove(cases)
        # 6.
        for case in cases:
            await self._burial.unearth(case)
        await self._note(cases, "look")
        # 7.
        left, look = await self._look(cases)
        # 8.
        done = [case for case in cases if case.person not in left]
        if done and self._ports.copy is not None:
            await self._note(done, "copy the ledger")
            await self._ports.copy.renew()
        for case in done:
            await self._finish(case, look, began_ms)
        if done:
            # Who was lifted since, by the copy, is lifted now that it is done.
            self._learn_at = 0.0
        return len(done)

    async def _look(self, cases: Sequence[Case]) -> tuple[set[tuple[str, str]], Look]:
        attempt = 1
        while True:
            look = await self._sweep.look(cases)
            left = {(one.tenant_id, one.student_id) for one in look.left}
            dirty = [case for case in cases if case.person in left]
            for case in dirty:
                places = sorted(
                    {one.place for one in look.left if (one.tenant_id, one.student_id) == case.person}
                )
                _log.error("erased and still there", request=case.request.request_id, places=places)
                await self._burial.note(case, {"step": "look", "left": ", ".join(places)[:500]})
            if not dirty or attempt == LOOKS:
                return left, look
            attempt += 1
            await self._renew()
            await self._sweep.remove(dirty)

    async def _finish(self, case: Case, look: Look, began_ms: int) -> None:
        ports = self._ports
        report = await report_of(ports, case, look, began_ms)
        await ports.ledger.finish(case.request.tenant_id, _subject(case), ports.clock.now_ms())
        await note_erasing(ports.store, case.request.tenant_id, _subject(case), erasing=False)
        await self._burial.change(case, state="done", report=report, sealed=None, progress={})
        _log.info("erasure done", request=case.request.request_id, kinds=len(case.found))

    async def _wait(self) -> None:
        clock = self._ports.clock
        until = clock.monotonic() + self._wait_seconds
        while (left := until - clock.monotonic()) > 0:
            await self._renew()
            await clock.sleep(min(left, _WAIT_PART_SECONDS))
        await self._renew()

    async def _cases(self) -> list[Case]:
        """Erasures that wait, with the ids out of their seals."""
        found: dict[str | None, Case] = {}
        for request in await self._ports.requests.find(kind="erasure", state="open", limit=AT_ONCE):
            opened = unseal(
                self._ports.pseudonyms,
                request.request_id,
                request.tenant_id,
                request.subject or "",
                request.sealed or "",
            )
            if opened is None:
                # Made under another key, or brought back from a backup of later days.
                _log.error("the seal of an erasure cannot be opened", request=request.request_id)
            elif request.subject not in found:
                found[request.subject] = Case(request, opened, counted_before(request))
            # A second request for the same student: the next run finds nothing left to do, and says so.
        return list(found.values())

    async def _note(self, cases: Sequence[Case], step: str) -> None:
        for case in cases:
            await self._burial.note(case, {"step": step})
        await self._renew()

    async def _leased(self) -> bool:
        """Take the lease, if nobody else has it."""
        store = self._ports.store
        (entry,) = await store.get_many([LEASE_KEY])
        if entry is not None and entry.value != self._owner:
            return False
        version = ABSENT if entry is None else entry.version
        return (await store.write_many([Write(LEASE_KEY, self._owner, version, LEASE_SECONDS)]))[0]

    async def _renew(self) -> None:
        if not await self._leased():
            raise Conflict("another process carries out the erasures")

    async def _release(self) -> None:
        store = self._ports.store
        (entry,) = await store.get_many([LEASE_KEY])
        if entry is not None and entry.value == self._owner:
            await store.write_many([Write(LEASE_KEY, None, entry.version)])


def _subject(case: Case) -> str:
    assert case.request.subject is not None, "an erasure is of somebody"  # noqa: S101
    return case.request.subject
