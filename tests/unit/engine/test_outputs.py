"""What goes out for an outcome, to the byte the same whenever it is sent."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mastery_engine.contracts import keys
from mastery_engine.domain.calendar import moment_of
from mastery_engine.domain.events import WhatIfComponents
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.engine.outputs import _iso, messages_of
from tests.unit.engine.house import House, completion, event_id, learner_of, question, quiz

AS_OF = "2024-03-08T10:00:00.000Z"


async def _sent(*batches: Any) -> House:
    house = House()
    for batch in batches:
        await house.send(batch)
        await house.work()
    return house


async def test_the_first_event_sends_an_update_and_a_path() -> None:
    house = await _sent(completion(1, 9))
    (update,) = house.outputs()
    expected = {
        "event_type": "mastery.updated",
        "event_id": keys.derived_id("student:ann", event_id(1), "mastery.updated"),
        "timestamp": AS_OF,
        "tenant_id": "default",
        "student_id": "ann",
        "caused_by": event_id(1),
        "source": "mastery-engine",
        "score": 0.46,
        "level": "developing",
        "previous_score": None,
        "previous_level": None,
        "formula": "adr-004@1",
        "as_of": AS_OF,
    }
    assert {name: update[name] for name in expected} == expected
    assert update["components"]["completion"] == {"value": 0.9, "observed": True}
    assert update["components"]["quiz"] == {"value": 0.0, "observed": False}
    assert [one["area"] for one in update["recommendations"]] == ["quiz", "quality"]
    (path,) = house.outputs("learning.path.recommended")
    assert path["priority_areas"] == ["quiz", "quality"]
    assert path["path"]
    assert house.outputs("mastery.threshold.reached") == []


async def test_a_level_that_changes_is_told_with_its_direction() -> None:
    house = await _sent(
        completion(1, 9), completion(2, 1, "2024-03-08T11:00:00"), completion(3, 10, "2024-03-08T12:00:00")
    )
    told = house.outputs("mastery.threshold.reached")
    assert [(one["from_level"], one["to_level"], one["direction"]) for one in told] == [
        ("developing", "beginner", "down"),
        ("beginner", "developing", "up"),
    ]
    assert told[0]["score"] == 0.14


async def test_a_late_event_tells_the_newest_time_folded_so_far() -> None:
    house = await _sent(completion(1, 9), quiz(2, 5, "2024-03-01T10:00:00"))
    assert [one["as_of"] for one in house.outputs()] == [AS_OF, AS_OF]
    assert house.outputs()[1]["previous_score"] == 0.46


async def test_every_message_goes_under_the_learners_key_with_an_id_of_its_own() -> None:
    house = await _sent(completion(1, 9), completion(2, 1, "2024-03-08T11:00:00"))
    messages = house.results.messages
    assert {message.key for message in messages} == {b"student:ann"}
    assert len({message.message_id for message in messages}) == len(messages)
    for message in messages:
        body = msgspec.json.decode(message.value)
        assert (body["event_id"], body["event_type"]) == (message.message_id, message.message_type)


async def test_the_same_event_of_another_student_has_other_ids() -> None:
    assert keys.derived_id("student:ann", event_id(1), "mastery.updated") != keys.derived_id(
        "student:bob", event_id(1), "mastery.updated"
    )


async def test_sending_again_sends_the_same_bytes() -> None:
    house = await _sent(completion(1, 9), quiz(2, 10), completion(3, 1, "2024-03-08T12:00:00"))
    sent = {message.message_id: message for message in house.results.messages}
    learner = learner_of()
    for event in (completion(1, 9), quiz(2, 10), completion(3, 1, "2024-03-08T12:00:00")):
        processed = await house.processed(event)
        assert processed is not None
        for message in messages_of(learner.tenant, "ann", processed.outcome, BUILT_IN[0]):
            assert sent[message.message_id] == message


async def test_a_question_is_answered_with_a_result_or_an_error_code() -> None:
    house = await _sent(question(1), completion(2, 9), question(3), question(4, WhatIfComponents(quiz=1.0)))
    unknown, stands, what_if = house.outputs("mastery.calculated")
    assert (unknown["score"], unknown["error"], unknown["components"]) == (None, "NOT_FOUND", None)
    assert (stands["score"], stands["level"], stands["error"]) == (0.46, "developing", None)
    assert stands["as_of"] == AS_OF
    assert what_if["score"] == 0.3
    assert what_if["components"]["quiz"] == {"value": 1.0, "observed": True}
    assert {one["correlation_id"] for one in (unknown, stands, what_if)} == {"c-1"}
    assert len(house.outputs()) == 1


@given(st.integers(0, 253_402_300_799_999))
def test_a_moment_is_written_as_a_datetime_would_write_it(timestamp_ms: int) -> None:
    written = moment_of(timestamp_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert _iso(timestamp_ms) == written
