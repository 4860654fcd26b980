"""The bytes of the files, as they lie on the disk: what was deleted is to be gone from them too.

1. Write the whole write-ahead log into the file, and cut it off.
2. Count the mentions in the bytes of the file and of its log.
3. Where there are any, write the file anew without its free space (VACUUM), and count again.

The bytes are read by a process of its own: to close a file would let go of the locks that this process has on it.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, final

import msgspec

from mastery_engine.adapters.sqlite.failures import BUSY_SECONDS, told
from mastery_engine.contracts.traces import Traces
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.ports import Leftover

_READER: Final = """
import json, re, sys
asked = json.load(sys.stdin)
patterns = [re.compile(one.encode()) for one in asked["patterns"]]
found = []
for path in asked["paths"]:
    counts = [0] * len(patterns)
    try:
        with open(path, "rb") as file:
            before = b""
            while part := file.read(1 << 22):
                text = before + part
                for number, pattern in enumerate(patterns):
                    # What begins in the last bytes is counted with the next part.
                    edge = len(text) - 256 if len(part) == 1 << 22 else len(text)
                    counts[number] += sum(one.start() < edge for one in pattern.finditer(text))
                before = text[-256:] if len(part) == 1 << 22 else b""
    except FileNotFoundError:
        pass
    found.append(counts)
json.dump(found, sys.stdout)
"""


@final
class SqliteRawScan:
    """Scans the files of some folders."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """Name the folders; files that are not there are passed over."""
        self._folders = sorted(set(folders))

    async def leftovers(self, traces: Traces) -> list[Leftover]:
        """See `RawScan`.

        Raises:
            DependencyDown: A file is locked for too long, or damaged.
        """
        files = [path for folder in self._folders for path in sorted(folder.glob("*.db"))]
        for path in files:
            await asyncio.to_thread(_settled, path, vacuum=False)
        found = await _counted(files, traces)
        dirty = [path for path in files if any(one.place == path.name for one in found)]
        if dirty:
            for path in dirty:
                await asyncio.to_thread(_settled, path, vacuum=True)
            found = await _counted(files, traces)
        return found


def _settled(path: Path, *, vacuum: bool) -> None:
    with told(path):
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA secure_delete = ON")
            if vacuum:
                connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()


async def _counted(files: Sequence[Path], traces: Traces) -> list[Leftover]:
    patterns = traces.raw_patterns()
    paths = [name for path in files for name in (str(path), f"{path}-wal", f"{path}-journal")]
    asked = msgspec.json.encode({"paths": paths, "patterns": list(patterns.values())})
    reader = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-c", _READER),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    answer, error = await reader.communicate(asked)
    if reader.returncode:
        why = error.decode(errors="replace").strip().splitlines()[-1:]
        raise DependencyDown(f"the files of the home could not be read: {' '.join(why)}")
    counts = msgspec.json.decode(answer, type=list[list[int]])
    found: Counter[tuple[tuple[str, str], str]] = Counter()
    for path, numbers in zip(paths, counts, strict=True):
        for person, number in zip(patterns, numbers, strict=True):
            place = Path(path).name.removesuffix("-wal").removesuffix("-journal")
            found[person, place] += number
    return [Leftover(*person, place, number) for (person, place), number in found.items() if number]
