"""Random interleavings of readers, a writer and a failing cache: whoever was told of a change never reads an older state."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import pytest

from mastery_engine.adapters.memory import MemoryCache
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.ports import Cached, Entry, Fill, Write
from tests.unit.engine.house import StandingClock
from tests.unit.engine.learners_house import Process, WatchedStore, document_bytes, key_of

HISTORIES = 40
SEEDS = 12
VERSIONS = 6
READERS = 3
ANN = key_of("ann")
DOCUMENTS = [document_bytes(days=version) for version in range(1, VERSIONS + 1)]


class Chance:
    """Lets others go on for a random number of turns."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    async def turns(self, most: int = 4) -> None:
        for _ in range(self.random.randrange(most)):
            await asyncio.sleep(0)


class TurningClock(StandingClock):
    """On which sleeping takes turns of the loop."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        await asyncio.sleep(0)


class SlowStore(WatchedStore):
    """Answers late, and takes late."""

    def __init__(self, clock: StandingClock, chance: Chance) -> None:
        super().__init__(clock)
        self.chance = chance

    async def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        await self.chance.turns()
        found = await super().get_many(keys)
        await self.chance.turns()
        return found

    async def write_many(self, writes: Sequence[Write]) -> list[bool]:
        await self.chance.turns()
        done = await super().write_many(writes)
        await self.chance.turns()
        return done


class BadCache(MemoryCache):
    """Answers late, and now and then not at all, whether or not it has done what it was asked."""

    def __init__(self, clock: StandingClock, chance: Chance, failing: float) -> None:
        super().__init__(clock)
        self.chance = chance
        self.failing = failing

    async def _fail(self) -> None:
        await self.chance.turns()
        if self.chance.random.random() < self.failing:
            raise DependencyDown("the cache does not answer")

    async def get_many(self, keys: Sequence[str]) -> list[Cached]:
        await self._fail()
        found = await super().get_many(keys)
        await self._fail()
        return found

    async def fill_many(self, fills: Sequence[Fill]) -> None:
        await self._fail()
        await super().fill_many(fills)
        await self._fail()

    async def remove_many(self, keys: Sequence[str]) -> None:
        await self._fail()
        await super().remove_many(keys)
        await self._fail()


async def history(chance: Chance, failing: float) -> None:
    """One process writes; it and two others read, of which each is told of every change some time later."""
    clock = TurningClock()
    store, cache = SlowStore(clock, chance), BadCache(clock, chance, failing)
    processes = [Process(store, clock, cache=cache) for _ in range(3)]
    told = [0, 0, 0]
    changes: list[asyncio.Queue[int]] = [asyncio.Queue() for _ in processes]

    async def write() -> None:
        for version, value in enumerate(DOCUMENTS, 1):
            await chance.turns(12)
            await processes[0].store.write_many([Write(ANN, value)])
            told[0] = version
            for queue in changes[1:]:
                queue.put_nowait(version)

    async def follow(number: int) -> None:
        for _ in DOCUMENTS:
            version = await changes[number].get()
            await chance.turns(12)
            await processes[number].learners.evict({ANN: 0})
            told[number] = version

    async def read(number: int) -> None:
        while told[number] < VERSIONS:
            await chance.turns()
            least = told[number]
            state = await processes[number].read()
            seen = 0 if state is None else state.events
            assert seen >= least
            clock.ms += chance.random.choice((0, 0, 100, 1_000))

    readers = [read(number) for number in range(3) for _ in range(READERS)]
    async with asyncio.timeout(30):
        await asyncio.gather(write(), follow(1), follow(2), *readers)
        for process in processes:
            state = await process.read()
            assert state is not None
            assert state.events == VERSIONS
    for process in processes:
        await process.learners.close()


@pytest.mark.parametrize("failing", [0.0, 0.15])
@pytest.mark.parametrize("seed", range(SEEDS))
async def test_no_interleaving_brings_an_older_state_back(seed: int, failing: float) -> None:
    chance = Chance(seed)
    for _ in range(HISTORIES):
        await history(chance, failing)
