"""A backup in a folder, for its owner only."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections.abc import AsyncIterable, AsyncIterator, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final, final

from mastery_engine.domain.errors import ConfigurationError, DependencyDown, NotFound

_PIECE: Final = 1024 * 1024
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


@final
class FolderTarget:
    """Files of one folder; each appears under its name when it is whole and on the disk.

    Attributes:
        where: The folder.
    """

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made with mode 0700 when something is written."""
        self.where = str(folder)
        self._folder = folder

    async def names(self) -> list[str]:
        return await asyncio.to_thread(self._names)

    async def write(self, name: str, pieces: AsyncIterable[bytes]) -> None:
        draft = self._folder / f".{name}.draft"
        file = await asyncio.to_thread(self._begin, draft)
        try:
            async for piece in pieces:
                await asyncio.to_thread(self._put, file, piece)
            await asyncio.to_thread(self._end, file, draft, self._folder / name)
        finally:
            file.close()
            with suppress(OSError):
                await asyncio.to_thread(draft.unlink, missing_ok=True)

    async def read(self, name: str) -> AsyncIterator[bytes]:
        file = await asyncio.to_thread(self._open, name)
        try:
            while piece := await asyncio.to_thread(self._get, file):
                yield piece
        finally:
            file.close()

    async def close(self) -> None:
        return

    def _names(self) -> list[str]:
        with self._told("read"):
            try:
                return sorted(entry.name for entry in self._folder.iterdir())
            except FileNotFoundError:
                return []

    def _begin(self, draft: Path) -> BinaryIO:
        with self._told("written"):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC
            return os.fdopen(os.open(draft, flags, 0o600), "wb", buffering=_PIECE)

    def _put(self, file: BinaryIO, piece: bytes) -> None:
        with self._told("written"):
            file.write(piece)

    def _end(self, file: BinaryIO, draft: Path, name: Path) -> None:
        with self._told("written"):
            file.flush()
            os.fsync(file.fileno())
            draft.replace(name)
            folder = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _open(self, name: str) -> BinaryIO:
        with self._told("read"):
            try:
                # A pipe would be waited for.
                descriptor = os.open(self._folder / name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except FileNotFoundError:
                raise NotFound(f"{self.where} has no {name}") from None
            file = os.fdopen(descriptor, "rb", buffering=0)
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                return file
            file.close()
            raise OSError(errno.EINVAL, f"{name} is no file")

    def _get(self, file: BinaryIO) -> bytes:
        with self._told("read"):
            return file.read(_PIECE)

    @contextmanager
    def _told(self, what: str) -> Generator[None]:
        try:
            yield
        except OSError as error:
            message = f"{self.where} cannot be {what} ({error.strerror})"
            if error.errno in _FULL:
                raise DependencyDown(f"{message}; make room, or see to the disk, and try again") from error
            raise ConfigurationError(f"{message}; name another folder, or mend its rights") from error
