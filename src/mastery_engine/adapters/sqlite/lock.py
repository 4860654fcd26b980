"""One process folds a home's events at a time."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from mastery_engine.domain.errors import ConfigurationError, Conflict


class FoldingLock:
    """Held by the process that folds; the system lets go of it when that process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        """Name the lock.

        Args:
            folder: The home; must be there.
        """
        self._folder = folder
        self._pid_file = folder / "folding.pid"
        self._lock = FileLock(folder / "folding.lock", timeout=0, mode=0o600, thread_local=False)

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            Conflict: Another process has it.
            ConfigurationError: The folder may not be written.
        """
        try:
            self._lock.acquire()
        except Timeout:
            raise Conflict(
                f"{self._holder()} already folds the events of {self._folder}; leave the work to it, "
                "end it first, or set MASTERY_HOME to another folder"
            ) from None
        except OSError as error:
            raise ConfigurationError(
                f"{self._folder} cannot be locked ({error.strerror}); give the user that runs this program "
                "the right to write there, or set MASTERY_HOME to another folder"
            ) from error
        # Beside the lock and not in it: whoever tries the lock truncates its file.
        self._pid_file.unlink(missing_ok=True)
        descriptor = os.open(self._pid_file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123 - of a descriptor
            file.write(f"{os.getpid()}\n")

    def release(self) -> None:
        """Let go; idempotent."""
        if self._lock.is_locked:
            self._pid_file.unlink(missing_ok=True)
            self._lock.release()

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _holder(self) -> str:
        pid = ""
        with suppress(OSError):
            pid = self._pid_file.read_text("ascii").strip()
        return f"the process {pid}" if pid else "another process"
