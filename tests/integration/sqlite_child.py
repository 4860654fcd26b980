"""What tests of several processes run in a child: `python sqlite_child.py WHAT HOME NAME COUNT`."""

import asyncio
import os
import sys
from pathlib import Path

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.sqlite.home import SqliteHome
from mastery_engine.ports import NewRecord, Write

BATCH = 2_000


async def append(home: SqliteHome, name: str, count: int) -> None:
    log = await home.log("mastery.requests", 3)
    for n in range(count):
        await log.append([NewRecord(b"key:%d" % m, f"{name}:{n * 10 + m}".encode()) for m in range(10)])


async def count_up(home: SqliteHome, _: str, count: int) -> None:
    store = await home.state()
    while count:
        (entry,) = await store.get_many(["counter"])
        version, value = (entry.version, int(entry.value)) if entry else ("", 0)
        (applied,) = await store.write_many([Write("counter", str(value + 1).encode(), version)])
        count -= applied


async def write_until_killed(home: SqliteHome, _: str, batch: int) -> None:
    store = await home.state()
    log = await home.log("mastery.requests", 3)
    while True:
        await store.write_many([Write(f"key:{n}", str(batch).encode()) for n in range(BATCH)])
        await log.append([NewRecord(b"key", b"%d:%d" % (batch, n)) for n in range(BATCH)])
        os.write(1, b"%d\n" % batch)
        batch += 1


async def hold_lock(home: SqliteHome, _: str, __: int) -> None:
    with home.folding_lock():
        os.write(1, b"held\n")
        await asyncio.to_thread(sys.stdin.read)


WORK = {
    "append": append,
    "count_up": count_up,
    "write_until_killed": write_until_killed,
    "hold_lock": hold_lock,
}


async def main() -> None:
    what, folder, name, count = sys.argv[1:]
    home = SqliteHome(Path(folder), SystemClock())
    try:
        await WORK[what](home, name, int(count))
    finally:
        await home.close()


if __name__ == "__main__":
    asyncio.run(main())
