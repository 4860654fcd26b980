"""Where things are: the cache of what was downloaded, which may be missing, and the folder of what runs."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from filelock import FileLock

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = ROOT / ".services"
# For a checkout that another user cannot get into; nobody but root can write beside it.
ELSEWHERE: Final = Path("/var/lib/mastery-engine-services")
CACHE_VARIABLE: Final = "MASTERY_SERVICES_CACHE"
_NOTE: Final = "elsewhere"
_WHOLE: Final = ".whole"


def cache() -> Path:
    """The cache: shared by all checkouts of a user."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named).expanduser().resolve()
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "mastery-engine" / "services"


def elsewhere(folder: Path) -> Path | None:
    """What stands for a folder where another user cannot get into it; None if nothing does."""
    note = folder / _NOTE
    return Path(note.read_text().strip()) if note.exists() else None


def make_elsewhere(folder: Path) -> Path:
    """The same, made if need be; noted in the folder, so that another checkout at this place gets another one."""
    known = elsewhere(folder)
    if known is not None and known.is_dir():
        return known
    ELSEWHERE.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=ELSEWHERE))
    made.chmod(0o755)
    (folder / _NOTE).write_text(f"{made}\n")
    return made


def is_whole(place: Path) -> bool:
    """Whether a folder was filled to the end."""
    return (place / _WHOLE).exists()


def whole(place: Path, fill: Callable[[Path], None]) -> Path:
    """A folder that is whole or not there, whoever is killed while it is filled.

    Args:
        place: Where it shall be; its name holds the version of what is in it.
        fill: Fills the folder that it is given; called only if there is none yet.

    Returns:
        The place.
    """
    if is_whole(place):
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{place}.lock"):
        if is_whole(place):
            return place
        draft = Path(tempfile.mkdtemp(prefix=f"{place.name}.", dir=place.parent))
        try:
            # Others may read it, as they may any program.
            draft.chmod(0o755)
            fill(draft)
            (draft / _WHOLE).touch()
            shutil.rmtree(place, ignore_errors=True)
            draft.rename(place)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return place
