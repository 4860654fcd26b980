"""What a record's headers tell of its origin goes out with the outputs, and the same when they are sent again."""

from __future__ import annotations

from mastery_engine.contracts import keys
from mastery_engine.contracts.event_json import encode_event
from mastery_engine.engine.judge import identity_of
from mastery_engine.ports import NewRecord, Write
from tests.unit.engine.house import House, question, quiz

HEADERS = (
    ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ("correlation_id", b"lesson-7"),
)


async def test_outputs_carry_the_trace_of_their_event() -> None:
    house = House()
    events = (quiz(1), question(2))
    await house.log.append([NewRecord(b"student:ann", encode_event(one), HEADERS) for one in events])
    await house.work()
    sent = house.results.messages
    assert {one.message_type for one in sent} == {
        "mastery.updated",
        "learning.path.recommended",
        "mastery.calculated",
    }
    assert {one.context for one in sent} == {HEADERS}


async def test_outputs_sent_again_after_a_crash_carry_the_same_trace() -> None:
    house = House()
    await house.log.append([NewRecord(b"student:ann", encode_event(quiz(1)), HEADERS)])
    await house.work()
    before = house.results.messages[:]
    await house.store.write_many([Write(keys.processed("default", identity_of(quiz(1))[0]), None)])
    await house.processor().complete()
    assert house.results.messages == [*before, *before]


async def test_without_headers_nothing_is_made_up() -> None:
    house = House()
    await house.send(quiz(1))
    await house.work()
    assert {one.context for one in house.results.messages} == {()}
