"""Where things are: the cache of what was downloaded, which may be missing, and the folder of what runs."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = ROOT / ".services"
CACHE_VARIABLE: Final = "MASTERY_SERVICES_CACHE"


def cache() -> Path:
    """The cache: shared by all checkouts of a user."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named).expanduser().resolve()
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "mastery-engine" / "services"


@contextmanager
def building(name: str) -> Generator[tuple[Path, bool]]:
    """A folder of the cache that is whole or not there.

    Args:
        name: Of the folder, with its version.

    Yields:
        The folder to fill, and whether it has to be filled; it takes its place when that went well.
    """
    place = cache() / name
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{place}.lock"):
        if (place / ".whole").exists():
            yield place, False
            return
        draft = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=place.parent))
        try:
            yield draft, True
            (draft / ".whole").touch()
            shutil.rmtree(place, ignore_errors=True)
            draft.rename(place)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
