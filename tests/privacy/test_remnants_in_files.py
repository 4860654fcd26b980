"""What is left of a mention in the free space of a file, its beginning written over, goes with the rest."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mastery_engine.adapters.sqlite.raw_scan import SqliteRawScan
from mastery_engine.contracts.traces import Traces


@pytest.mark.parametrize("remnant", ["student:amal:profile", "Xtudent:amal:profile", "nt:amal:prof\x00"])
async def test_what_lies_in_free_space_is_written_away_however_much_of_it_is_left(
    tmp_path: Path, remnant: str
) -> None:
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("CREATE TABLE rows (text)")
        connection.execute("INSERT INTO rows VALUES (?), ('student:amalia:profile')", (remnant,))
        connection.commit()
        connection.execute("DELETE FROM rows WHERE text = ?", (remnant,))
        connection.commit()
    rest = remnant.encode()[4:]
    assert rest in path.read_bytes()
    assert await SqliteRawScan([tmp_path]).leftovers(Traces([("default", "amal")])) == []
    told = path.read_bytes()
    assert b"amal:" not in told
    assert b"student:amalia:profile" in told
