"""Restoring a backup into a state store that is empty, or is to be emptied.

1. Refuse what cannot go well: another key of the students' hashes, a store that holds students, a log older than the backup.
2. Leave the record of it in every school's audit trail.
3. Set the log back to where the backup began; refused while somebody folds.
4. Empty the store, if that was asked for.
5. Put back schools and erasure markers from the records, which may know more than the backup.
6. Learn who is erased: from the ledger, and from markers of the store and of the backup that it does not know.
7. Write schools, markers, `processed:` records and documents; of nobody who is erased, and nothing past its retention.
8. See that nobody has folded meanwhile.

Interrupted, it is begun again, with the store emptied.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, final

from msgspec.structs import replace

from mastery_engine.contracts import keys
from mastery_engine.contracts.backup import Manifest
from mastery_engine.contracts.erasure import Erasure
from mastery_engine.domain.calendar import moment_of
from mastery_engine.domain.errors import Conflict, NotFound
from mastery_engine.engine.access import Access, Caller
from mastery_engine.engine.backup_parts import Watcher, items_of
from mastery_engine.engine.lifetimes import Lifetimes
from mastery_engine.engine.log_setback import LogSetback
from mastery_engine.engine.recovery import Recovery
from mastery_engine.engine.restore_items import RestoredItems, RestoreReport
from mastery_engine.engine.restore_room import RestoreRoom
from mastery_engine.ports import BackupTarget, Clock, StateStore

KEYS_A_BATCH: Final = 500


@final
class Restore:
    """Restores from a target."""

    def __init__(
        self,
        store: StateStore,
        setback: LogSetback,
        recovery: Recovery,
        pseudonyms: keys.Pseudonyms,
        lifetimes: Lifetimes,
        access: Access,
        clock: Clock,
    ) -> None:
        """Put the parts together.

        Args:
            store: Where to.
            setback: Sets the log back.
            recovery: Knows schools, and who is erased.
            pseudonyms: Of the students.
            lifetimes: Of what is written.
            access: Keeps the record of it.
            clock: Tells what has outlived its retention.
        """
        self._store = store
        self._setback = setback
        self._recovery = recovery
        self._pseudonyms = pseudonyms
        self._lifetimes = lifetimes
        self._access = access
        self._clock = clock

    async def run(
        self,
        caller: Caller,
        target: BackupTarget,
        manifest: Manifest,
        *,
        tenant_id: str | None = None,
        empties: bool = False,
        dry_run: bool = False,
        watcher: Watcher | None = None,
    ) -> RestoreReport:
        """Restore a backup that was verified.

        Args:
            caller: Who asks.
            target: The backup.
            manifest: Its manifest.
            tenant_id: One school of it; None means all.
            empties: Empty a store that holds students, of all that a backup may hold.
            dry_run: Change nothing; tell what would be restored.
            watcher: Who wants to know how far it is.

        Raises:
            NotAllowed: The caller's role may not.
            NotFound: The backup has no such school.
            Conflict: The store is not empty, somebody folds, or the backup does not go with the log or the key.
            DamagedBackup: A part is not what was written.
            DependencyDown: Store, log, records or target do not answer.
        """
        await self._access.permit(caller, "backup.restore", (), moment_of(self._clock.now_ms()).date())
        wanted = self._wanted(manifest, tenant_id)
        if manifest.pseudonyms != self._pseudonyms.fingerprint:
            within = any(part.kind == "pseudonym.key" for part in manifest.parts)
            raise Conflict(
                "the backup was made under another key of the students' hashes, so that repeats would not be known; "
                + (
                    "it has that key: if the home holds nothing that is needed, move it away and restore again"
                    if within
                    else "set MASTERY_PSEUDONYM_KEY, or the file pseudonym.key, to the one of then"
                )
            )
        room = RestoreRoom(self._store, tenant_id if tenant_id is not None else manifest.tenant)
        if not (empties or dry_run):
            await room.check()
        is_empty = await room.is_empty()
        if not dry_run:
            for tenant in wanted:
                in_school = replace(caller, tenant_id=tenant)
                await self._access.record(in_school, "backup.restore", (), allowed=True)
        report = RestoreReport(dry_run=dry_run, was_empty=is_empty, began_ms=manifest.began_ms)
        await self._setback.set_back(manifest, report, dry_run=dry_run)
        if not dry_run:
            report.removed = 0 if is_empty else await room.clear()
            report.markers = await self._recovery.recover()
        await self._fill(target, manifest, wanted, report, watcher)
        if not dry_run:
            await self._recovery.keep()
            await self._setback.check(report)
        return report

    async def _fill(
        self,
        target: BackupTarget,
        manifest: Manifest,
        wanted: Iterable[str],
        report: RestoreReport,
        watcher: Watcher | None,
    ) -> None:
        known: dict[str, Erasure] = {}
        async for erasures in self._recovery.erasures():
            known.update((one.student, one) for one in erasures)
        items = RestoredItems(
            manifest, wanted, known, self._pseudonyms, self._lifetimes, self._clock.now_ms(), report
        )
        async for student, marker in self._recovery.markers():
            items.keep_out(student, marker)
        for part in manifest.parts:
            if part.kind != "state":
                continue
            async for batch in items_of(target, part):
                for first in range(0, len(batch), KEYS_A_BATCH):
                    some = batch[first : first + KEYS_A_BATCH]
                    # Asked anew for each: somebody may have been erased since this restore began, and stays so.
                    known.update(await self._recovery.latest_of(items.students(some)))
                    writes = [write for item in some if (write := items.write_of(item)) is not None]
                    if writes and not report.dry_run:
                        await self._store.write_many(writes)
                    if watcher is not None:
                        watcher.advanced("restore", len(some))

    @staticmethod
    def _wanted(manifest: Manifest, tenant_id: str | None) -> list[str]:
        if tenant_id is None:
            return manifest.tenants
        if tenant_id not in manifest.tenants:
            raise NotFound(f"the backup has no school {tenant_id[:100]!r}")
        return [tenant_id]
