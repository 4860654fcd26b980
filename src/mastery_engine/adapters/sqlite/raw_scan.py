"""The bytes of the files, as they lie on the disk: what was deleted is to be gone from them too.

1. Write the whole write-ahead log into the file, and cut it off.
2. Look for the ids in the bytes of the file and of its log. The ids alone: a page keeps what has moved to another until
   something is written over it, which may begin in the middle of a mention.
3. Where there are any, write the file anew without its free space (VACUUM), and count the mentions.
4. What is still there is in rows: these are looked at, since an id may stand in a row as another word. While somebody else
   reads the file, its old pages may be there too, and whatever is found is a leftover.

The bytes are read by a process of its own: to close a file would let go of the locks that this process has on it.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, final

import msgspec

from mastery_engine.adapters.sqlite.failures import BUSY_SECONDS, told
from mastery_engine.contracts.trace_rows import mentioned_in_row
from mastery_engine.contracts.traces import Person, Traces
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
        remnants = await _counted(files, traces.remnant_patterns())
        dirty = [path for path in files if any(one.place == path.name for one in remnants)]
        if not dirty:
            return []
        settled = [path.name for path in dirty if await asyncio.to_thread(_settled, path, vacuum=True)]
        found = await _counted(dirty, traces.raw_patterns())
        told: list[Leftover] = []
        for path in dirty:
            of_file = [one for one in found if one.place == path.name]
            if of_file and path.name in settled:
                of_file = await asyncio.to_thread(_explained, path, of_file, traces)
            told += of_file
        return told


def _settled(path: Path, *, vacuum: bool) -> bool:
    """Tidy a file; whether nothing of it is left beside it."""
    with told(path):
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA secure_delete = ON")
            if vacuum:
                connection.execute("VACUUM")
            (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy
        finally:
            connection.close()


def _explained(path: Path, found: Sequence[Leftover], traces: Traces) -> list[Leftover]:
    """The same by tables; what no row explains stays as it was found."""
    rows: Counter[tuple[Person, str, bool]] = Counter()
    with told(path):
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            tables = [
                name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            ]
            names = (
                dict(tuple(row) for row in connection.execute("SELECT no, name FROM names"))
                if "names" in tables
                else {}
            )
            for table in tables:
                # A name of the catalogue, quoted.
                for row in connection.execute(f'SELECT * FROM "{table}"'):  # nosec B608  # noqa: S608
                    columns = dict(zip(row.keys(), row, strict=True))
                    tenant_id = columns.get("tenant_id") or names.get(columns.get("tenant_no"))
                    whom = mentioned_in_row(table, columns, tenant_id, traces)
                    rows.update((person, table, False) for person in whom.theirs)
                    rows.update((person, table, True) for person in whom.elsewhere)
        finally:
            connection.close()
    explained = {person for person, _, _ in rows}
    unexplained = [one for one in found if (one.tenant_id, one.student_id) not in explained]
    by_table = [
        Leftover(*person, f"{path.name} {table}", number, stays)
        for (person, table, stays), number in rows.items()
    ]
    return unexplained + by_table


async def _counted(files: Sequence[Path], patterns: Mapping[Person, str]) -> list[Leftover]:
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
