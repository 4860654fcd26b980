"""`mastery replay` over a home in which something went wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path

from mastery_engine.bootstrap import Engine, open_engine
from mastery_engine.config import load_settings
from mastery_engine.contracts import keys
from mastery_engine.ports import Write
from tests.cli.conftest import Mastery, quiz, write_lines

EVENT = "00000000-0000-4000-8000-000000000001"
RECORD = keys.processed("default", bytes.fromhex(EVENT.replace("-", "")))


async def _spoil(engine: Engine, key: str) -> None:
    await engine.adapters.store.write_many([Write(key, b"\xc1 rubbish")])


def spoil(key: str) -> None:
    """Damage what the home of the environment has under a key."""

    async def job() -> None:
        async with open_engine(load_settings()) as engine:
            await _spoil(engine, key)

    asyncio.run(job())


def test_a_damaged_record_is_shown_told_and_written_anew(mastery: Mastery, tmp_path: Path) -> None:
    mastery("ingest", write_lines(tmp_path / "first.jsonl", quiz(1)))
    mastery("ingest", write_lines(tmp_path / "next.jsonl", quiz(2)))
    spoil(RECORD)
    assert mastery("state", "show", RECORD).data["value"] == {"damaged": b"\xc1 rubbish".hex()}
    dry = mastery("replay", "ada-01", "--dry-run").out
    assert "1 damaged `processed:` record; not mended (--dry-run)" in dry
    assert "1 damaged `processed:` record; 1 written anew" in mastery("replay", "ada-01").out
    assert mastery("state", "show", RECORD).data["value"]["outcome"]["event_id"] == EVENT.replace("-", "")
    assert "damaged" not in mastery("replay", "ada-01").out


def test_a_damaged_document_is_mended(mastery: Mastery, tmp_path: Path) -> None:
    mastery("ingest", write_lines(tmp_path / "first.jsonl", quiz(1)))
    before = mastery("show", "ada-01", "--json").data
    spoil(keys.document("default", "ada-01"))
    dry = mastery("replay", "--all", "--dry-run")
    assert dry.code == 1
    assert "a learner's document is damaged" in dry.out
    assert "1 switched" in mastery("replay", "--all").out
    assert mastery("show", "ada-01", "--json").data == before
