"""A file that is there whole or not at all, and that nobody but its owner reads."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from mastery_engine.domain.errors import Conflict


@contextmanager
def new_file(path: Path) -> Generator[IO[bytes]]:
    """Write a file beside its place, with mode 0600, and put it there at the end; an error leaves nothing.

    Raises:
        Conflict: There is one already.
    """
    if path.exists():
        raise Conflict(f"{path} is there already; name another file, or remove it first")
    beside = path.with_name(f".{path.name}.part")
    with suppress(FileNotFoundError):
        beside.unlink()
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
