"""The hub: who is told, and what it knows of what was missed."""

from __future__ import annotations

import pytest

from mastery_engine.contracts import keys
from mastery_engine.engine.live import LiveHub
from mastery_engine.ports import Record

AMAL, BO = (keys.document("default", one) for one in ("amal", "bo"))


def record(student_id: str, offset: int, partition: int = 0) -> Record:
    return Record(partition, offset, 0, keys.learner("default", student_id).encode(), b"", ())


@pytest.fixture
def hub() -> LiveHub:
    made = LiveHub()
    made.began("topic.1")
    return made


def test_only_those_are_told_who_follow_the_learner(hub: LiveHub) -> None:
    with hub.follow(AMAL) as one, hub.follow(AMAL) as two, hub.follow(BO) as other:
        hub.take([record("amal", 7)])
        assert one.changed.is_set()
        assert two.changed.is_set()
        assert not other.changed.is_set()
        assert hub.open == 3
    assert hub.open == 0
    assert not hub._followers


def test_an_id_tells_whether_something_was_missed(hub: LiveHub) -> None:
    hub.take([record("amal", 7)])
    first = hub.place(AMAL) or ""
    assert first == "topic.1.0.7"
    hub.take([record("bo", 8)])
    assert hub.missed(AMAL, first) == "nothing"
    hub.take([record("amal", 9)])
    assert hub.missed(AMAL, first) == "something"
    assert hub.missed(AMAL, hub.place(AMAL) or "") == "nothing"


def test_an_id_of_another_process_that_is_further_on_has_missed_nothing(hub: LiveHub) -> None:
    hub.take([record("amal", 7)])
    assert hub.missed(AMAL, "topic.1.0.12") == "nothing"


def test_of_a_learner_not_seen_yet_it_knows_from_where_it_has_followed(hub: LiveHub) -> None:
    assert hub.missed(AMAL, "topic.1.0.100") == "unknown"
    hub.take([record("bo", 100)])
    assert hub.missed(AMAL, "topic.1.0.98") == "unknown"
    assert hub.missed(AMAL, "topic.1.0.99") == "nothing"
    assert hub.missed(AMAL, "topic.1.3.99") == "unknown"


def test_of_a_learner_it_has_forgotten_it_claims_nothing() -> None:
    hub = LiveHub(most=1)
    hub.began("t")
    hub.take([record("amal", 5), record("bo", 6)])
    assert hub.place(AMAL) is None
    assert hub.missed(AMAL, "t.0.4") == "unknown"
    assert hub.missed(AMAL, "t.0.5") == "nothing"


@pytest.mark.parametrize(
    "since", ["", "7", "0.7", "other.0.7", "topic.1.0.x", "topic.1.0.-7", "topic.1.0.²", "topic.1.1.7"]
)
def test_an_id_that_is_none_of_this_topic_says_nothing(hub: LiveHub, since: str) -> None:
    hub.take([record("amal", 7)])
    assert hub.missed(AMAL, since) == "unknown"


def test_after_a_gap_everybody_looks_anew_and_old_ids_say_nothing(hub: LiveHub) -> None:
    hub.take([record("amal", 7)])
    place = hub.place(AMAL) or ""
    with hub.follow(BO) as follower:
        hub.began("topic.1")
        hub.lost()
        assert follower.changed.is_set()
    assert hub.missed(AMAL, place) == "unknown"


def test_where_no_results_are_kept_writes_are_counted() -> None:
    hub = LiveHub("run", counts=True)
    assert hub.missed(AMAL, "run.0.0") == "nothing"
    hub.changed([AMAL])
    first = hub.place(AMAL) or ""
    hub.changed([BO])
    assert hub.missed(AMAL, first) == "nothing"
    hub.changed([AMAL])
    assert hub.missed(AMAL, first) == "something"
    assert hub.missed(BO, "another run.0.0") == "unknown"


def test_who_comes_while_the_process_ends_is_let_go_at_once(hub: LiveHub) -> None:
    with hub.follow(AMAL) as early:
        hub.end()
        assert early.ending
        with hub.follow(AMAL) as late:
            assert late.ending
