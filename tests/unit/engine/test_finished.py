"""What was finished lately."""

from __future__ import annotations

from mastery_engine.engine.finished import Finished


def test_the_last_names_are_sure_to_be_known_and_old_ones_are_forgotten() -> None:
    finished = Finished(3)
    names = [bytes([number]) for number in range(20)]
    for place, name in enumerate(names):
        finished.add([name])
        recent = names[max(0, place - 2) : place + 1]
        assert all(one in finished for one in recent)
        assert sum(one in finished for one in names) <= 6
    assert names[0] not in finished


def test_one_call_may_bring_more_names_than_are_kept() -> None:
    finished = Finished(3)
    finished.add(bytes([number]) for number in range(10))
    assert all(bytes([number]) in finished for number in range(10))
    finished.add([b"a", b"b"])
    assert b"\x00" in finished
    finished.add([b"c"])
    assert b"\x00" not in finished
    assert b"a" in finished


def test_it_starts_empty() -> None:
    assert b"a" not in Finished(1)
