"""L2: two processes over one store and one cache, and a cache that fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from structlog.testing import capture_logs

from mastery_engine.adapters.memory import MemoryCache
from mastery_engine.contracts import keys
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.engine import shared_documents
from mastery_engine.engine.cache_counts import CacheCounts
from mastery_engine.engine.cached_learners import HELD_SECONDS
from mastery_engine.engine.sealed_cache import SealedCache
from mastery_engine.engine.shared_documents import AGAIN_SECONDS, DISTRUSTED_SECONDS
from mastery_engine.ports import Cached, Fill, Write
from tests.unit.engine.house import StandingClock
from tests.unit.engine.learners_house import Gate, Process, WatchedStore, document_bytes, key_of

ANN = key_of("ann")


class PassingClock(StandingClock):
    """On which sleeping takes turns of the loop."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        await asyncio.sleep(0)


class FailingCache(MemoryCache):
    """Fails when told to, counts what it is asked, and holds answers at a gate."""

    def __init__(self, clock: StandingClock) -> None:
        super().__init__(clock)
        self.down = False
        self.asked = 0
        self.answers = Gate()

    def _ask(self) -> None:
        self.asked += 1
        if self.down:
            raise DependencyDown("the cache does not answer")

    async def get_many(self, keys: Sequence[str]) -> list[Cached]:
        self._ask()
        found = await super().get_many(keys)
        await self.answers.passed()
        return found

    async def fill_many(self, fills: Sequence[Fill]) -> None:
        self._ask()
        await super().fill_many(fills)

    async def remove_many(self, keys: Sequence[str]) -> None:
        self._ask()
        await super().remove_many(keys)


@pytest.fixture
def clock() -> StandingClock:
    return PassingClock()


@pytest.fixture
def cache(clock: StandingClock) -> FailingCache:
    return FailingCache(clock)


@pytest.fixture
async def store(clock: StandingClock) -> WatchedStore:
    made = WatchedStore(clock)
    await made.write_many([Write(ANN, document_bytes(1))])
    return made


@pytest.fixture
async def processes(
    store: WatchedStore, clock: StandingClock, cache: FailingCache
) -> AsyncIterator[tuple[Process, Process]]:
    made = Process(store, clock, cache=cache), Process(store, clock, cache=cache)
    yield made
    for one in made:
        await one.learners.close()


Both = tuple[Process, Process]


async def test_what_one_process_has_read_another_finds_in_the_cache(
    processes: Both, store: WatchedStore
) -> None:
    ours, theirs = processes
    await ours.read()
    await ours.settled()
    assert await theirs.correct() == 1
    assert len(store.reads) == 1
    assert (ours.counts.misses["l2"], theirs.counts.hits["l2"]) == (1, 1)


async def test_the_copy_lies_under_the_tenants_prefix(cache: FailingCache) -> None:
    assert keys.cached(ANN) == "cache:student:ann:profile:current_mastery"
    assert keys.cached(key_of("ann", "student")) == "school:student:cache:student:ann:profile:current_mastery"
    assert cache.asked == 0


async def test_a_write_removes_the_copy_for_all(processes: Both) -> None:
    ours, theirs = processes
    await ours.read()
    await ours.settled()
    await theirs.write(9)
    await ours.learners.evict({ANN: 0})
    assert [await ours.correct(), await theirs.correct()] == [9, 9]


async def test_what_was_read_before_a_write_is_not_filled_in_after_it(
    processes: Both, store: WatchedStore, clock: StandingClock
) -> None:
    ours, theirs = processes
    store.answers.shut()
    older = asyncio.create_task(ours.correct())
    await store.answers.waiting.wait()
    await theirs.write(9)
    store.answers.open.set()
    assert await older == 1
    await ours.settled()
    # The other one asks the cache, which must not have the older document.
    assert await theirs.correct() == 9
    await theirs.settled()
    await clock.sleep(HELD_SECONDS)
    assert await ours.correct() == 9


async def test_an_old_copy_taken_while_it_was_being_removed_is_not_kept_in_memory(
    processes: Both, store: WatchedStore, cache: FailingCache
) -> None:
    ours, theirs = processes
    await ours.read()
    await ours.settled()
    cache.answers.shut()
    # It has the old copy in its hands when the document changes, and the news of it comes.
    older = asyncio.create_task(theirs.correct())
    await cache.answers.waiting.wait()
    await ours.write(9)
    await theirs.learners.evict({ANN: 0})
    cache.answers.open.set()
    assert await older == 1
    assert await theirs.correct() == 9
    assert len(store.reads) == 2


async def test_a_copy_that_cannot_be_read_is_a_miss_and_goes(processes: Both, cache: FailingCache) -> None:
    ours, theirs = processes
    (found,) = await cache.get_many([keys.cached(ANN)])
    sealed = SealedCache(cache, b"k" * 32, CacheCounts.zero())
    await sealed.fill_many([Fill(keys.cached(ANN), b"\x00garbage", found.lease)])
    assert await ours.correct() == 1
    assert ours.counts.corrupt == 1
    await ours.settled()
    assert await theirs.correct() == 1
    assert theirs.counts.corrupt == 0


async def test_without_the_cache_reads_go_to_the_store_and_it_is_told_once(
    processes: Both, cache: FailingCache, clock: StandingClock
) -> None:
    ours, _ = processes
    cache.down = True
    with capture_logs() as logs:
        for _ in range(5):
            assert await ours.correct() == 1
            await clock.sleep(HELD_SECONDS)
        assert ours.shared is not None
        assert ours.shared.trouble == "the cache does not answer"
        cache.down = False
        assert await ours.correct() == 1
        assert ours.shared.trouble is None
    assert [one["event"] for one in logs] == [
        "the shared cache is not used: reads go to the store",
        "the shared cache answers again",
    ]
    assert ours.counts.failures == 5


async def test_a_cache_that_failed_is_left_alone_for_a_second(
    processes: Both, cache: FailingCache, clock: StandingClock
) -> None:
    ours, _ = processes
    cache.down = True
    for _ in range(5):
        await ours.read()
        await ours.learners.refresh([])
        ours.learners.resume()
    assert cache.asked == 1
    await clock.sleep(AGAIN_SECONDS)
    await ours.read()
    assert cache.asked == 2


async def test_removals_that_failed_are_made_up_for_before_the_cache_is_asked_again(
    processes: Both, cache: FailingCache, store: WatchedStore
) -> None:
    ours, theirs = processes
    await ours.read()
    await ours.settled()
    cache.down = True
    await ours.write(9)
    cache.down = False
    # The old copy is still there; who failed to remove it does not ask for it.
    assert await ours.correct() == 9
    for _ in range(5):
        await asyncio.sleep(0)
    assert ours.shared is not None
    assert ours.shared.trouble is None
    assert await theirs.correct() == 9
    assert len(store.reads) == 3


async def test_too_many_removals_to_remember_let_the_cache_alone_until_its_copies_have_expired(
    processes: Both, cache: FailingCache, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_documents, "MOST_OWED", 2)
    ours, _ = processes
    await ours.read()
    await ours.settled()
    cache.down = True
    await ours.learners.evict({key_of(str(number)): 0 for number in range(3)})
    cache.down, cache.asked = False, 0
    await ours.read()
    assert cache.asked == 0
    await clock.sleep(DISTRUSTED_SECONDS)
    ours.learners.resume()
    await ours.read()
    assert cache.asked


async def test_while_paused_the_cache_is_not_asked_either(processes: Both, cache: FailingCache) -> None:
    ours, _ = processes
    ours.learners.pause("the results cannot be followed")
    assert await ours.correct() == 1
    assert cache.asked == 0
