"""Backups, told to people."""

from __future__ import annotations

import asyncio
import sys
from typing import final

import typer

from mastery_engine.bootstrap.backing_up import create_backup, restore_backup
from mastery_engine.bootstrap.targets import open_target
from mastery_engine.cli import output
from mastery_engine.cli.exits import Interrupted
from mastery_engine.cli.progress import Meter
from mastery_engine.cli.session import Session, operator, run
from mastery_engine.cli.views.backup import backup_view, restore_view, verified_view
from mastery_engine.config import load_settings
from mastery_engine.contracts.backup import Manifest
from mastery_engine.engine.backup_verify import Verified
from mastery_engine.engine.backup_verify import verify as read_whole
from mastery_engine.engine.restore_items import RestoreReport

_WORDS = {
    "tenant": "back up schools",
    "marker": "back up erasure markers",
    "processed": "back up `processed:` records",
    "document": "back up documents",
}


@final
class _Bar:
    """The progress of a backup, on a meter that knows no total."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def advanced(self, what: str, amount: int) -> None:
        self._meter.turn_to(_WORDS.get(what, what if what in {"check", "restore"} else f"copy {what}"), None)
        self._meter.advance(amount, amount)


def create(destination: str, tenant_id: str | None, *, as_json: bool) -> None:
    """Back up, and tell what is in it.

    Raises:
        Interrupted: Ctrl-C came; what is there is no backup.
    """

    async def job(session: Session) -> Manifest:
        async with open_target(destination) as target:
            with Meter("back up", None, "items") as meter:
                return await create_backup(
                    session.engine, session.caller, target, tenant_id=tenant_id, watcher=_Bar(meter)
                )

    try:
        manifest = run(job, tenant_id)
    except KeyboardInterrupt:
        raise Interrupted(
            f"interrupted; {destination} holds an unfinished backup: remove it and begin anew"
        ) from None
    if as_json:
        output.print_json(manifest)
    else:
        output.show(*backup_view(manifest, destination))


def verify(source: str, *, as_json: bool) -> None:
    """Read a backup whole, and tell what is in it.

    Raises:
        DamagedBackup: See `engine.backup_verify.verify`.
    """

    async def job() -> Verified:
        async with open_target(source) as target:
            with Meter("check", None, "items") as meter:
                return await read_whole(target, _Bar(meter))

    found = asyncio.run(job())
    if as_json:
        output.print_json(found)
    else:
        output.show(*verified_view(found, source))


def restore(
    source: str, tenant_id: str | None, *, empties: bool, dry_run: bool, sure: bool, as_json: bool
) -> None:
    """Restore, and tell what came of it.

    Raises:
        Interrupted: Ctrl-C came; the state is not whole.
    """
    settings = load_settings()
    if empties and not dry_run and not sure:
        _ask(settings.store_url or str(settings.home))

    async def job() -> RestoreReport:
        async with open_target(source) as target:
            with Meter("check", None, "items") as meter:
                return await restore_backup(
                    settings,
                    operator(tenant_id or settings.tenant),
                    target,
                    tenant_id=tenant_id,
                    empties=empties,
                    dry_run=dry_run,
                    watcher=_Bar(meter),
                )

    try:
        report = asyncio.run(job())
    except KeyboardInterrupt:
        raise Interrupted(
            "interrupted; the state may not be whole: restore again with --replace before anybody folds"
        ) from None
    if as_json:
        output.print_json(report)
    else:
        output.show(*restore_view(report))


def _ask(where: str) -> None:
    from mastery_engine.config import without_secrets

    if not sys.stdin.isatty():
        raise typer.BadParameter("empties the state store; say --yes too", param_hint="--replace")
    typer.confirm(f"Remove every student from {without_secrets(where)} and restore?", abort=True, err=True)
