"""Where backups lie."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from typing import Protocol


class BackupTarget(Protocol):
    """A folder of objects, each written whole or not at all.

    Attributes:
        where: For people, without secrets.
    """

    where: str

    async def names(self) -> list[str]:
        """Names of the objects that are there, sorted; none where the folder is missing."""
        ...

    async def write(self, name: str, pieces: AsyncIterable[bytes]) -> None:
        """Write an object, durably; one of that name is replaced when the last piece has come.

        Raises:
            DependencyDown: It cannot be written now; the disk is full, or nobody answers.
            ConfigurationError: It may not be written.
        """
        ...

    def read(self, name: str) -> AsyncIterator[bytes]:
        """An object, piece by piece.

        Raises:
            NotFound: There is none of that name.
            DependencyDown: It cannot be read now.
            ConfigurationError: It may not be read.
        """
        ...

    async def close(self) -> None:
        """Let go of everything; idempotent."""
        ...
