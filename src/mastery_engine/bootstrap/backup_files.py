"""The files that belong to a backup, beside what goes through the state store's port."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, final

from mastery_engine.bootstrap.choice import MEMORY_URL
from mastery_engine.bootstrap.pseudonym_key import PSEUDONYM_KEY_FILE
from mastery_engine.config import EMBEDDED_LOG, Settings
from mastery_engine.contracts.backup import Manifest, Part, PartKind
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.engine.backup_parts import file_of
from mastery_engine.ports import BackupTarget

_BESIDE: Final = ("-wal", "-shm")


def files_of(settings: Settings) -> dict[PartKind, Path]:
    """Files of the settings, in the order in which they are copied: the log is newest, and has what the others lack."""
    files: dict[PartKind, Path] = {}
    if settings.store_url == MEMORY_URL:
        return files
    if settings.pseudonym_key is None:
        files["pseudonym.key"] = settings.home / PSEUDONYM_KEY_FILE
    if settings.archive_file is not None:
        files["archive.db"] = settings.archive_file
    if settings.log_url == EMBEDDED_LOG:
        files["log.db"] = settings.database_folder / "log.db"
    return files


@final
class FileSnapshot:
    """See `Snapshot`."""

    def __init__(self, kind: PartKind, file: Path) -> None:
        """Name the file."""
        self.kind: PartKind = kind
        self._file = file

    def pieces(self) -> AsyncIterator[bytes]:
        """A database as of one moment, any other file as it is."""
        from mastery_engine.adapters.sqlite.snapshot import snapshot  # noqa: PLC0415 - only where it is used

        return snapshot(self._file) if self.kind.endswith(".db") else _contents(self._file)


def snapshots(settings: Settings) -> list[FileSnapshot]:
    """Of all files that are there."""
    return [FileSnapshot(kind, file) for kind, file in files_of(settings).items() if file.exists()]


def missing_files(settings: Settings, manifest: Manifest) -> list[tuple[Part, Path]]:
    """Files that a backup has and the home lacks.

    A log comes back only together with its archive: beside a newer one, places of records would stand for two of them.
    """
    files = files_of(settings)
    lacking = [
        (part, files[part.kind])
        for part in manifest.parts
        if part.kind in files and not files[part.kind].exists()
    ]
    archive_lacks = any(part.kind == "archive.db" for part, _ in lacking)
    return [one for one in lacking if archive_lacks or one[0].kind != "log.db"]


async def put_back(target: BackupTarget, files: Sequence[tuple[Part, Path]]) -> list[str]:
    """Put files back, each whole or not at all; returns their names.

    Raises:
        DamagedBackup: One is not what was written.
        DependencyDown: The target does not answer.
        ConfigurationError: A file cannot be written.
    """
    drafts: list[tuple[Path, Path]] = []
    try:
        for part, file in files:
            drafts.append((await _draft(target, part, file), file))
        for draft, file in drafts:
            _place(draft, file)
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename or 'a file'} cannot be put back ({error.strerror}); check MASTERY_HOME"
        ) from error
    finally:
        for draft, _ in drafts:
            _remove(draft)
    return [part.kind for part, _ in files]


def _place(draft: Path, file: Path) -> None:
    for end in _BESIDE:
        # What is left of a lost database must not be taken for the newest of this one.
        _remove(file.with_name(file.name + end))
    draft.replace(file)


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)


async def _draft(target: BackupTarget, part: Part, file: Path) -> Path:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            async for piece in file_of(target, part):
                await asyncio.to_thread(stream.write, piece)
            stream.flush()
            await asyncio.to_thread(os.fsync, stream.fileno())
    except BaseException:
        with suppress(OSError):
            _remove(Path(name))
        raise
    return Path(name)


async def _contents(file: Path) -> AsyncGenerator[bytes]:
    yield await asyncio.to_thread(file.read_bytes)
