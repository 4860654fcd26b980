"""A folder of an export that is there whole or not at all, and that nobody but its owner reads."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, final

from mastery_engine.contracts.student_export import ExportedPart
from mastery_engine.domain.errors import Conflict


@final
class FolderParts:
    """Parts of an export as files of a folder; see `Parts`."""

    def __init__(self, folder: Path) -> None:
        """Write into a folder that is there."""
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._name, self._what, self._size, self._hash = "", "", 0, sha256()
        self.done: list[ExportedPart] = []

    def begin(self, name: str, what: str) -> None:
        """See `Parts`."""
        handle = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(handle, "wb")
        self._name, self._what, self._size, self._hash = name, what, 0, sha256()

    def write(self, data: bytes) -> None:
        """See `Parts`."""
        assert self._file is not None  # noqa: S101 - begun
        self._file.write(data)
        self._hash.update(data)
        self._size += len(data)

    def end(self) -> None:
        """See `Parts`."""
        assert self._file is not None  # noqa: S101 - begun
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        digest = self._hash.hexdigest()
        self.done.append(ExportedPart(name=self._name, what=self._what, bytes=self._size, sha256=digest))

    def close(self) -> None:
        """Let go of a part that did not end."""
        if self._file is not None:
            self._file.close()


@contextmanager
def new_folder(path: Path) -> Generator[FolderParts]:
    """Write a folder beside its place, with mode 0700, and put it there at the end; an error leaves nothing.

    Raises:
        Conflict: There is one already.
    """
    if path.exists():
        raise Conflict(f"{path} is there already; name another folder, or remove it first")
    beside = path.with_name(f".{path.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(mode=0o700)
    parts = FolderParts(beside)
    try:
        yield parts
        parts.close()
        beside.rename(path)
    except BaseException:
        parts.close()
        shutil.rmtree(beside, ignore_errors=True)
        raise
