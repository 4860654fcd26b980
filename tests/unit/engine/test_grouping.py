"""Which records of a batch go together, and which wait for others of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.engine.grouping import _MOST_ROUNDS, without_contest
from mastery_engine.engine.judge import Accepted, identity_of
from mastery_engine.ports import Record
from tests.unit.engine.house import quiz


def record(offset: int, number: int, correct: int = 5, student: str = "ann") -> Accepted:
    event = quiz(number, correct, student=student)
    event_id, digest = identity_of(event)
    return Accepted(Record(0, offset, 0, b"", b"", ()), event, event_id, digest, event.timestamp // DAY_MS)


def offsets(rounds: list[list[Accepted]]) -> list[list[int]]:
    return [[one.record.offset for one in part] for part in rounds]


def test_without_a_contest_all_go_together() -> None:
    assert without_contest([]) == []
    batch = [record(0, 1), record(1, 2, student="bob"), record(2, 1)]
    assert offsets(without_contest(batch)) == [[0, 1, 2]]


def test_what_contests_an_id_waits_with_all_that_its_student_sent_later() -> None:
    batch = [
        record(0, 1),
        record(1, 2, student="bob"),
        record(2, 1, student="bob"),
        record(3, 3, student="bob"),
    ]
    assert offsets(without_contest(batch)) == [[0, 1], [2, 3]]


def test_many_contents_under_one_id_wait_for_the_first_and_go_together() -> None:
    batch = [record(offset, 1, offset % 10, student=f"s{offset}") for offset in range(500)]
    assert [len(part) for part in without_contest(batch)] == [1, 499]


def test_who_waits_is_waited_for_in_turn() -> None:
    batch = [record(0, 1), record(1, 1, 9), record(2, 2), record(3, 2, student="bob")]
    assert offsets(without_contest(batch)) == [[0], [1, 2], [3]]


def test_a_chain_of_contests_comes_to_an_end() -> None:
    chain = [record(0, 0)]
    for number in range(100):
        student = ("bob", "ann")[number % 2]
        chain += [
            record(len(chain), number, student=student),
            record(len(chain) + 1, number + 1, student=student),
        ]
    rounds = without_contest(chain)
    assert len(rounds) == _MOST_ROUNDS
    assert sum(map(len, rounds)) == len(chain)


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 2), st.sampled_from(["ann", "bob", "cy"])), max_size=40
    )
)
def test_every_record_goes_once_and_a_students_records_in_their_order(
    drawn: list[tuple[int, int, str]],
) -> None:
    batch = [record(offset, *one) for offset, one in enumerate(drawn)]
    rounds = without_contest(batch)
    assert all(rounds)
    gone = [one for part in rounds for one in part]
    assert sorted(offsets([gone])[0]) == list(range(len(batch)))
    for student in ("ann", "bob", "cy"):
        mine = [one.record.offset for one in gone if one.event.student_id == student]
        assert mine == sorted(mine)
