"""How SQLite goes about a search of the audit trail: by the index, and in its order."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.sqlite.home import SqliteHome
from mastery_engine.ports import REFUSED, action_term, actor_term
from tests.contract.test_audit_trail import entry


@pytest.mark.parametrize("terms", [[], ["a"], [REFUSED, actor_term("os:kim"), action_term("mastery.read")]])
async def test_no_search_goes_through_a_whole_table_or_sorts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terms: list[str]
) -> None:
    home = SqliteHome(tmp_path, SystemClock())
    trail = await home.audit()
    await trail.append([entry(n, "a") for n in range(20)])
    asked: list[tuple[str, tuple[object, ...]]] = []
    read = trail._records

    async def seen(select: str, values: tuple[object, ...]) -> object:
        asked.append((select, values))
        return await read(select, values)

    monkeypatch.setattr(trail, "_records", seen)
    await trail.search("t1", terms, after=3, before=15, limit=5)
    ((select, values),) = asked
    with closing(sqlite3.connect(tmp_path / "archive.db")) as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {select}", values)]
    await trail.close()
    await home.close()
    assert not [step for step in plan if step.startswith("SCAN") or "TEMP B-TREE" in step], plan
