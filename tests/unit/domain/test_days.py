import pytest

from mastery_engine.domain.days import Days
from mastery_engine.domain.evidence import Evidence


class Store:
    """Packed days that count how often they are unpacked."""

    def __init__(self, *days: int) -> None:
        self.unpacked: list[int] = []
        self.opened = 0
        chunks: dict[int, dict[int, int]] = {}
        for day in days:
            chunks.setdefault(day // 16, {})[day % 16] = day
        self.days = Days(dict(chunks), self.open, self.unpack)

    def open(self, chunk: dict[int, int]) -> dict[int, int]:
        self.opened += 1
        return dict(chunk)

    def unpack(self, day: int, packed: int) -> Evidence:
        assert day == packed
        self.unpacked.append(day)
        return Evidence(events=day)


def test_stored_days_are_unpacked_when_they_are_touched_and_not_before() -> None:
    store = Store(3, 15, 16, 40)
    assert (store.opened, store.unpacked) == (0, [])
    store.days.add(16, Evidence(events=100))
    assert (store.opened, store.unpacked) == (1, [16])
    store.days.add(17, Evidence(events=1))
    store.days.add(16, Evidence(events=100))
    assert (store.opened, store.unpacked) == (1, [16])
    assert sorted(store.days.parts()[0]) == [0, 2]
    assert sorted(store.days.parts()[1]) == [1]
    assert [(day, one.events) for day, one in store.days.items()] == [
        (3, 3),
        (15, 15),
        (16, 216),
        (17, 1),
        (40, 40),
    ]
    assert (store.opened, sorted(store.unpacked)) == (3, [3, 15, 16, 40])


def test_stored_days_leave_oldest_first_and_take_their_chunks_with_them() -> None:
    store = Store(40, 3, 16, 15)
    assert store.days.pop_before(0) == []
    assert store.opened == 0
    assert store.days.pop_before(3) == []
    assert [one.events for one in store.days.pop_before(16)] == [3, 15]
    assert [one.events for one in store.days.pop_before(17)] == [16]
    assert store.opened == 2
    assert [sorted(part) for part in store.days.parts()] == [[2], []]
    assert [one.events for one in store.days.pop_before(1000)] == [40]
    assert store.days.pop_before(2000) == []
    assert store.days.parts() == ({}, {})


def test_days_that_come_late_leave_too() -> None:
    days = Days()
    assert days.pop_before(10**6) == []
    for day in (50, 20, 33, 21):
        days.add(day, Evidence(events=day))
    assert [one.events for one in days.pop_before(21)] == [20]
    days.add(5, Evidence(events=5))
    assert [one.events for one in days.pop_before(50)] == [5, 21, 33]
    assert [day for day, _ in days.items()] == [50]


def test_days_are_told_newest_first_without_being_unpacked() -> None:
    store = Store(3, 40, 16, 15, 17)
    assert list(store.days.newest_first()) == [40, 17, 16, 15, 3]
    store.days.add(33, Evidence(events=1))
    assert list(store.days.newest_first()) == [40, 33, 17, 16, 15, 3]
    assert store.unpacked == []


def test_a_damaged_chunk_is_told_to_every_reader_and_not_to_the_first_one_only() -> None:
    def torn(chunk: dict[int, int]) -> dict[int, int]:
        raise ValueError(chunk)

    days = Days({0: {3: 3}}, torn, Store().unpack)
    for _ in range(2):
        with pytest.raises(ValueError, match="3: 3"):
            list(days.items())
    assert list(days.parts()[0]) == [0]
