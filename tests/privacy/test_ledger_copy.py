"""A ledger that has come back from earlier days, with those who were erased since, and the copy of it that was kept apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from mastery_engine.adapters.backups.folder import FolderTarget
from mastery_engine.adapters.memory import MemoryErasureLedger, MemoryStateStore
from mastery_engine.contracts import keys
from mastery_engine.contracts.erasure import refused_until
from mastery_engine.contracts.ledger_copy import MARK, newest
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.engine.erasure.ledger_copy import LedgerCopy
from tests.privacy.leaving import ANNA, BEN, Leaving

ACTOR = "0" * 32


async def kept(school: Leaving, folder: Path, *, lifted: bool = False) -> LedgerCopy:
    """The copy at a folder to which a house of later days has added that Anna was erased."""
    engine, later = school.engine, MemoryErasureLedger()
    anna, now_ms = engine.pseudonyms.of("default", ANNA), school.clock.now_ms()
    await later.ask("default", anna, now_ms - 3_000, ACTOR)
    await later.finish("default", anna, now_ms - 2_000)
    if lifted:
        await later.lift("default", anna, now_ms - 1_000, ACTOR)
    target = FolderTarget(folder)
    assert await LedgerCopy(target, later, MemoryStateStore(school.clock), engine.pseudonyms).renew() == 1
    adapters = engine.adapters
    return LedgerCopy(target, adapters.erasures, adapters.store, engine.pseudonyms)


async def test_who_came_back_with_the_data_is_erased_once_more(school: Leaving, tmp_path: Path) -> None:
    await school.settle()
    copy = await kept(school, tmp_path / "copy")
    assert await school.runner(copy=copy).run_once() == 1
    archive, anna = school.engine.adapters.archive, school.engine.pseudonyms.of("default", ANNA)
    assert await archive.students("default") == [BEN]
    assert await archive.students("other") == [ANNA, BEN]
    found = (await school.ports.ledger.find("default", [anna]))[anna]
    assert (found.state, found.number) == ("done", 1)
    assert await school.runner(copy=copy).run_once() == 0


async def test_who_was_learned_is_hidden_before_anything_is_carried_out(
    in_files: Leaving, tmp_path: Path
) -> None:
    await in_files.settle()
    assert await (await kept(in_files, tmp_path / "copy")).learn() == 1
    hidden = await in_files.engine.restrictions.among("default", [ANNA, BEN])
    assert hidden.erasing == {ANNA}


async def test_a_lift_is_taken_over_when_the_erasure_is_done_once_more(
    in_files: Leaving, tmp_path: Path
) -> None:
    await in_files.settle()
    asked_ms = in_files.clock.now_ms() - 3_000
    runner = in_files.runner(copy=await kept(in_files, tmp_path / "copy", lifted=True))
    assert await runner.run_once() == 1
    await runner.run_once()
    anna = in_files.engine.pseudonyms.of("default", ANNA)
    assert (await in_files.ports.ledger.find("default", [anna]))[anna].state == "lifted"
    (marker,) = await in_files.engine.adapters.store.get_many([keys.erased(anna)])
    assert refused_until(marker and marker.value) == asked_ms


async def test_a_house_of_earlier_days_takes_nothing_from_the_copy(
    in_memory: Leaving, tmp_path: Path
) -> None:
    copy = await kept(in_memory, tmp_path / "copy", lifted=True)
    before = {one.name: one.read_bytes() for one in (tmp_path / "copy").iterdir()}
    await copy.learn()
    assert await copy.renew() == 1
    after = {one.name: one.read_bytes() for one in (tmp_path / "copy").iterdir()}
    assert before.items() < after.items()
    assert set(newest(after).values()) == set(before) - {MARK}
    assert await copy.renew() == 0


@pytest.mark.parametrize("value", [b"", b"{}", b'{"format": 2}', b"x" * 5_000])
async def test_a_damaged_copy_is_told_and_not_passed_over(
    value: bytes, in_memory: Leaving, tmp_path: Path
) -> None:
    copy = await kept(in_memory, tmp_path / "copy")
    (file,) = (tmp_path / "copy").glob("*-done.json")
    file.write_bytes(value)
    with pytest.raises(ConfigurationError, match=r"damaged|too large"):
        await copy.learn()


@pytest.mark.parametrize("value", [b"", b"{}", b'{"copy": "a", "format": 2}', b"x" * 5_000])
async def test_a_damaged_mark_of_the_copy_is_told(value: bytes, in_memory: Leaving, tmp_path: Path) -> None:
    copy = await kept(in_memory, tmp_path / "copy")
    (tmp_path / "copy" / MARK).write_bytes(value)
    with pytest.raises(ConfigurationError, match=r"damaged|too large"):
        await copy.identity()


async def test_a_copy_of_another_key_is_told(in_memory: Leaving, tmp_path: Path) -> None:
    await kept(in_memory, tmp_path / "copy")
    ports, target = in_memory.ports, FolderTarget(tmp_path / "copy")
    other = LedgerCopy(target, ports.ledger, ports.store, keys.Pseudonyms(b"x" * 32))
    with pytest.raises(ConfigurationError, match="MASTERY_PSEUDONYM_KEY"):
        await other.learn()


async def test_a_service_goes_on_without_the_copy_and_asks_again_after_a_minute(
    in_memory: Leaving, tmp_path: Path
) -> None:
    await in_memory.settle()
    copy = await kept(in_memory, tmp_path / "copy")
    (file,) = (tmp_path / "copy").glob("*-done.json")
    good = file.read_bytes()
    file.write_bytes(b"")
    runner = in_memory.runner(copy=copy)
    assert await runner.run_once() == 0
    file.write_bytes(good)
    assert await runner.run_once() == 0
    await in_memory.clock.sleep(61)
    assert await runner.run_once() == 1
