"""A house whose state is backed up, lost, and restored."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

from mastery_engine.adapters.memory import (
    MemoryArchive,
    MemoryAuditTrail,
    MemoryErasureLedger,
    MemoryRosters,
    MemoryStateStore,
    MemoryTenantBook,
)
from mastery_engine.contracts import keys
from mastery_engine.contracts.backup import Manifest
from mastery_engine.contracts.document import decode_document
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.domain.errors import NotFound
from mastery_engine.engine.access import Access, Caller
from mastery_engine.engine.backup import About, Backup
from mastery_engine.engine.backup_verify import verify
from mastery_engine.engine.log_setback import LogSetback
from mastery_engine.engine.recovery import Recovery
from mastery_engine.engine.restore import Restore
from mastery_engine.engine.restore_items import RestoreReport
from mastery_engine.engine.tenants import TenantDirectory
from tests.unit.engine.house import GROUP, House, quiz

ABOUT = About(engine="1", store="memory", log="memory")
OPERATOR = Caller(tenant_id="default", subject="os:op", role="operator", request_id="r")
ACTOR = "0" * 32


class MemoryTarget:
    """Objects in a dictionary."""

    where = "memory"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    async def names(self) -> list[str]:
        return sorted(self.objects)

    async def write(self, name: str, pieces: AsyncIterable[bytes]) -> None:
        self.objects[name] = b"".join([piece async for piece in pieces])

    async def read(self, name: str) -> AsyncIterator[bytes]:
        if name not in self.objects:
            raise NotFound(f"no {name}")
        value = self.objects[name]
        for first in range(0, len(value), 1_000):
            yield value[first : first + 1_000]

    async def close(self) -> None:
        return


class BackupHouse(House):
    """With records that outlive the state."""

    def __init__(self, partitions: int = 1) -> None:
        super().__init__(partitions)
        self.audit = MemoryAuditTrail()
        self.erasures = MemoryErasureLedger()
        self.book = MemoryTenantBook()
        self.archive = MemoryArchive(self.erasures, self.pseudonyms)
        self.access = Access(MemoryRosters(), self.audit, self.pseudonyms, self.clock)
        self.target = MemoryTarget()
        self.forget()

    def forget(self) -> None:
        """Look for tenants as a fresh process would."""
        self.tenants = TenantDirectory(self.store, self.formulas, self.book)

    def lose(self) -> None:
        """Wipe the state."""
        self.store = MemoryStateStore(self.clock)
        self.forget()

    async def back_up(self, *, store: Any = None, tenant: str | None = None) -> Manifest:
        backup = Backup(
            store or self.store, self.log, GROUP, self.tenants, self.pseudonyms, self.access, self.clock
        )
        return await backup.create(OPERATOR, self.target, ABOUT, tenant_id=tenant)

    async def restore(self, **how: Any) -> RestoreReport:
        manifest = (await verify(self.target)).manifest
        store = how.pop("store", self.store)
        caller = how.pop("caller", OPERATOR)
        pseudonyms = how.pop("pseudonyms", self.pseudonyms)
        restore = Restore(
            store,
            LogSetback(self.log, GROUP),
            Recovery(store, self.tenants, self.erasures),
            pseudonyms,
            self.lifetimes,
            self.access,
            self.clock,
        )
        return await restore.run(caller, self.target, manifest, **how)

    async def erase(self, student: str, *, lift: bool = False) -> None:
        """As the ledger knows it."""
        name = self.pseudonyms.of("default", student)
        await self.erasures.ask("default", name, self.clock.now_ms(), ACTOR)
        await self.erasures.finish("default", name, self.clock.now_ms())
        if lift:
            await self.erasures.lift("default", name, self.clock.now_ms(), ACTOR)

    async def counted(self) -> dict[str, int]:
        """Events folded by student's key."""
        found: dict[str, int] = {}
        async for names in self.store.scan(""):
            for key in names:
                entry = await self.entry(key)
                if entry is not None and key.endswith(":current_mastery") and not key.startswith("replay:"):
                    found[key] = decode_document(entry.value).state.events
        return found


def key_of(student: str, tenant: str = "default") -> str:
    return keys.document(tenant, student)


async def folded_house() -> BackupHouse:
    """Three events of two schools, folded and finished."""
    house = BackupHouse()
    await house.tenants.create(Tenant(tenant_id="school", retention_days=None))
    await house.send(quiz(1), quiz(2, student="bob"), quiz(3, tenant="school"))
    await house.work()
    await house.work()
    return house
