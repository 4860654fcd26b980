"""The embedded files under several processes, and under processes that are killed."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.sqlite.home import SqliteHome
from mastery_engine.adapters.sqlite.lock import FoldingLock
from mastery_engine.domain.errors import Conflict

CHILD = Path(__file__).with_name("sqlite_child.py")
BATCH = 2_000


def start(what: str, folder: Path, name: str = "-", count: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, CHILD, what, folder, name, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(*children: subprocess.Popen[str]) -> None:
    for child in children:
        _, told = child.communicate(timeout=60)
        assert child.returncode == 0, told


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[SqliteHome]:
    made = SqliteHome(tmp_path / "home", SystemClock())
    yield made
    await made.close()


async def test_processes_that_open_a_new_home_at_once_append_to_one_log(home: SqliteHome) -> None:
    finish(*[start("append", home.folder, name, 30) for name in "abc"])
    log = await home.log("mastery.requests", 3)
    ends = await log.ends()
    assert sum(ends.values()) == 900
    values: list[str] = []
    for partition, end in ends.items():
        records = await log.read(partition, 0, 1_000)
        assert [record.offset for record in records] == list(range(end))
        values += [record.value.decode() for record in records]
        for name, key in {(record.value[:1], record.key) for record in records}:
            own = [int(r.value[2:]) for r in records if r.key == key and r.value[:1] == name]
            assert own == sorted(own)
    assert sorted(values) == sorted(f"{name}:{n}" for name in "abc" for n in range(300))


async def test_of_writers_in_several_processes_exactly_the_winners_count(home: SqliteHome) -> None:
    finish(*[start("count_up", home.folder, count=25) for _ in range(3)])
    (entry,) = await (await home.state()).get_many(["counter"])
    assert entry is not None
    assert entry.value == b"75"


async def test_a_process_killed_while_it_writes_leaves_whole_batches_only(home: SqliteHome) -> None:
    acknowledged = batch = 0
    for kill_after in (1, 2, 4, 7):
        child = start("write_until_killed", home.folder, count=batch)
        assert child.stdout is not None
        for _ in range(kill_after):
            acknowledged = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        rest, _ = child.communicate(timeout=60)
        assert child.returncode == -signal.SIGKILL
        acknowledged = max([acknowledged, *map(int, rest.split())])
        batch = acknowledged + 1
    store, log = await home.state(), await home.log("mastery.requests", 3)
    found = await store.get_many([f"key:{n}" for n in range(BATCH)])
    (state_batch,) = {int(entry.value) for entry in found if entry}
    assert all(found)
    assert acknowledged <= state_batch <= acknowledged + 1
    ends = await log.ends()
    (partition,) = [number for number, end in ends.items() if end]
    records = await log.read(partition, 0, 1_000_000)
    assert [record.offset for record in records] == list(range(ends[partition]))
    whole = [b"%d" % n for n in range(BATCH)]
    parts = [[record.value for record in records[n : n + BATCH]] for n in range(0, len(records), BATCH)]
    for part in parts:
        number = part[0].split(b":")[0]
        assert part == [number + b":" + n for n in whole]
    assert {int(part[0].split(b":")[0]) for part in parts} >= set(range(acknowledged + 1))


async def test_a_second_process_that_wants_to_fold_is_told_who_does(home: SqliteHome) -> None:
    home.folder.mkdir()
    child = start("hold_lock", home.folder)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    with pytest.raises(Conflict, match=rf"the process {child.pid} already folds .*MASTERY_HOME"):
        home.folding_lock().acquire()
    child.kill()
    child.communicate(timeout=60)
    with home.folding_lock():
        assert (home.folder / "folding.pid").read_text("ascii") == f"{os.getpid()}\n"


def test_the_folding_lock_is_released_once_and_for_all_who_wait(tmp_path: Path) -> None:
    one, two = FoldingLock(tmp_path), FoldingLock(tmp_path)
    two.release()
    with one, pytest.raises(Conflict):
        two.acquire()
    one.release()
    with two:
        (tmp_path / "folding.pid").unlink()
        with pytest.raises(Conflict, match="another process already folds"):
            one.acquire()
