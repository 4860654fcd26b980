"""What somebody else has put into a shared cache is nobody's state."""

from __future__ import annotations

import pytest

from mastery_engine.adapters.memory import MemoryCache
from mastery_engine.contracts import keys
from mastery_engine.engine.cache_counts import CacheCounts
from mastery_engine.engine.sealed_cache import SEAL_BYTES, SealedCache
from mastery_engine.ports import Cached, Fill
from tests.unit.engine.house import StandingClock

ANN, BOB = (keys.cached(keys.document("default", student)) for student in ("ann", "bob"))


class House:
    """A cache, and two who share it."""

    def __init__(self) -> None:
        self.cache = MemoryCache(StandingClock())
        self.counts = CacheCounts.zero()
        self.ours, self.theirs = (SealedCache(self.cache, b"k" * 32, self.counts) for _ in range(2))

    async def put(self, key: str, value: bytes, into: MemoryCache | SealedCache) -> None:
        await self.cache.remove_many([key])
        ((_, lease),) = await into.get_many([key])
        await into.fill_many([Fill(key, value, lease)])

    async def raw(self, key: str) -> bytes:
        ((value, _),) = await self.cache.get_many([key])
        assert value is not None
        return value


@pytest.fixture
def house() -> House:
    return House()


async def test_who_has_the_key_reads_what_another_one_has_sealed(house: House) -> None:
    await house.put(ANN, b"eight of ten", house.ours)
    assert await house.theirs.get_many([ANN]) == [Cached(b"eight of ten")]
    assert house.counts.corrupt == 0


@pytest.mark.parametrize("forged", [b"", b"ten of ten", b"\x00" * SEAL_BYTES + b"ten of ten"])
async def test_a_copy_without_a_seal_that_holds_is_none_and_goes(house: House, forged: bytes) -> None:
    await house.put(ANN, forged, house.cache)
    assert await house.ours.get_many([ANN]) == [Cached(None)]
    assert house.counts.corrupt == 1
    ((value, lease),) = await house.ours.get_many([ANN])
    assert (value, bool(lease)) == (None, True)


async def test_a_changed_copy_and_one_under_another_key_are_none(house: House) -> None:
    await house.put(ANN, b"eight of ten", house.ours)
    sealed = await house.raw(ANN)
    await house.put(BOB, sealed, house.cache)
    await house.put(ANN, sealed.replace(b"eight", b"every"), house.cache)
    assert await house.ours.get_many([ANN, BOB]) == [Cached(None), Cached(None)]


async def test_one_with_another_key_reads_nothing(house: House) -> None:
    await house.put(ANN, b"eight of ten", house.ours)
    stranger = SealedCache(house.cache, b"j" * 32, CacheCounts.zero())
    assert await stranger.get_many([ANN]) == [Cached(None)]


async def test_the_rest_is_passed_on(house: House) -> None:
    await house.put(ANN, b"eight of ten", house.ours)
    await house.ours.remove_many([ANN])
    ((value, _),) = await house.cache.get_many([ANN])
    assert value is None
    await house.ours.ping()
    await house.ours.close()
