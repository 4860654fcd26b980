"""Backups of what the settings name: made, verified, restored."""

from __future__ import annotations

from contextlib import AsyncExitStack
from importlib.metadata import version
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.bootstrap.archiver_groups import groups
from mastery_engine.bootstrap.backup_files import missing_files, put_back, snapshots
from mastery_engine.bootstrap.choice import MEMORY_URL, store_of
from mastery_engine.bootstrap.ledger_copying import copied_students, copy_of
from mastery_engine.bootstrap.recovering import recovery_of
from mastery_engine.config import EMBEDDED_LOG, Settings
from mastery_engine.contracts.backup import Manifest
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.engine.backup import About, Backup
from mastery_engine.engine.backup_parts import Watcher
from mastery_engine.engine.backup_verify import verify
from mastery_engine.engine.log_setback import LogSetback
from mastery_engine.engine.restore import Restore
from mastery_engine.engine.restore_items import RestoreReport
from mastery_engine.engine.restore_room import RestoreRoom
from mastery_engine.ports import BackupTarget

if TYPE_CHECKING:
    from mastery_engine.bootstrap.engine import Engine
    from mastery_engine.engine.access import Caller


async def create_backup(
    engine: Engine,
    caller: Caller,
    target: BackupTarget,
    *,
    tenant_id: str | None = None,
    watcher: Watcher | None = None,
) -> Manifest:
    """Back up what an engine has; see `Backup.create`.

    Raises:
        ConfigurationError: The state is in memory.
    """
    settings, adapters = engine.settings, engine.adapters
    _check_lasting(settings)
    backup = Backup(
        adapters.store,
        adapters.log,
        engine.group,
        engine.tenants,
        engine.pseudonyms,
        engine.access,
        adapters.clock,
    )
    identity = None
    async with copy_of(engine) as copy:
        if copy is not None:
            # First: a backup without it might bring somebody back.
            await copy.renew()
            identity = await copy.identity()
    about = About(
        engine=version("mastery-engine"),
        store=urlsplit(settings.store_url).scheme or "sqlite",
        log="embedded" if settings.log_url == EMBEDDED_LOG else "kafka",
        ledger_copy=identity,
    )
    # Files hold all schools.
    files = snapshots(settings) if tenant_id is None else []
    return await backup.create(caller, target, about, files, tenant_id=tenant_id, watcher=watcher)


async def restore_backup(
    settings: Settings,
    caller: Caller,
    target: BackupTarget,
    *,
    tenant_id: str | None = None,
    empties: bool = False,
    dry_run: bool = False,
    watcher: Watcher | None = None,
) -> RestoreReport:
    """Verify a backup, put back files that the home lacks, and restore the state; see `Restore.run`.

    Raises:
        ConfigurationError: The state is in memory.
        Conflict: The state store is not empty; or see `Restore.run`.
    """
    from mastery_engine.bootstrap.engine import open_engine  # noqa: PLC0415 - it need not be opened to verify

    _check_lasting(settings)
    manifest = (await verify(target, watcher)).manifest
    # Before anything is put back: a place that is not there is told first.
    copied = await copied_students(settings, manifest.ledger_copy)
    files = missing_files(settings, manifest) if tenant_id is None else []
    if files and dry_run:
        # Opening a home would make them.
        counts = manifest.counts
        return RestoreReport(
            dry_run=True,
            began_ms=manifest.began_ms,
            documents=counts.documents,
            processed=counts.processed,
            tenants=counts.tenants,
            files=[part.kind for part, _ in files],
            learned=copied,
        )
    if files and not empties:
        await _check_room(settings)
    put = await put_back(target, files)
    async with open_engine(settings) as engine:
        with engine.fold_lock():
            if "archive.db" in put:
                await _archive_again(engine)
            learned = await _learn(engine, dry_run=dry_run)
            report = await restore_of(engine).run(
                caller,
                target,
                manifest,
                tenant_id=tenant_id,
                empties=empties,
                dry_run=dry_run,
                watcher=watcher,
            )
    report.files, report.learned = put, learned
    return report


def restore_of(engine: Engine) -> Restore:
    """The restore of an open engine."""
    adapters = engine.adapters
    return Restore(
        adapters.store,
        LogSetback(adapters.log, engine.group),
        recovery_of(engine),
        engine.pseudonyms,
        engine.lifetimes,
        engine.access,
        adapters.clock,
    )


async def _learn(engine: Engine, *, dry_run: bool) -> int:
    """Take over from the copy of the erasure ledger what that of this house lacks, before anybody is restored."""
    async with copy_of(engine) as copy:
        if copy is None:
            return 0
        return (await copy.standing()).unknown if dry_run else await copy.learn()


async def _check_room(settings: Settings) -> None:
    """Refuse a state store that holds students before anything is put beside it.

    Raises:
        Conflict: It does.
    """
    from mastery_engine.adapters.memory import MemoryArchive  # noqa: PLC0415 - only where it is used
    from mastery_engine.adapters.sqlite.home import SqliteHome  # noqa: PLC0415 - as above

    folder = settings.database_folder
    if settings.store_on_server or (folder / "state.db").exists():
        async with AsyncExitStack() as stack:
            clock = SystemClock()
            home = SqliteHome(folder, clock)
            stack.push_async_callback(home.close)
            await RestoreRoom(await store_of(settings, clock, stack, home, MemoryArchive()), None).check()


async def _archive_again(engine: Engine) -> None:
    """Let the archivers on Kafka read everything anew, since their archive is older than they were; nothing comes twice."""
    apart = engine.adapters.apart
    if apart is None:
        return
    for log, group in zip((apart.log, apart.letter_log), groups(engine.settings), strict=True):
        consumer = log.consumer(group)
        try:
            await consumer.commit(dict.fromkeys(await log.ends(), 0))
        finally:
            await consumer.close()


def _check_lasting(settings: Settings) -> None:
    if settings.store_url == MEMORY_URL:
        raise ConfigurationError(
            f"MASTERY_STORE_URL = {MEMORY_URL}: a state in memory is another process's, and gone with it"
        )
