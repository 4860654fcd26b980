"""What every results port keeps to."""

from mastery_engine.contracts.outputs import MasteryThresholdReached
from mastery_engine.ports import OutputMessage
from tests.contract.topics import Topics


def message(number: int, key: bytes, *context: tuple[str, bytes]) -> OutputMessage:
    reached = MasteryThresholdReached(
        event_id=f"00000000-0000-5000-8000-{number:012}",
        timestamp="2026-03-02T08:00:00.000Z",
        tenant_id="default",
        student_id="ß",
        caused_by="00000000-0000-4000-8000-000000000001",
        from_level="beginner",
        to_level="developing",
        direction="up",
        score=0.5,
    )
    return OutputMessage(key, reached, context)


MESSAGES = [
    message(1, b"student:1", ("correlation_id", b"lesson-7")),
    message(2, b"student:1"),
    message(3, "student:ß".encode()),
]


async def test_messages_arrive_whole_and_in_order(topics: Topics) -> None:
    results, sent = await topics.results()
    await results.publish(MESSAGES)
    assert await sent() == MESSAGES


async def test_a_repeat_is_sent_again(topics: Topics) -> None:
    results, sent = await topics.results()
    await results.publish(MESSAGES[:1])
    await results.publish(MESSAGES[:2])
    assert await sent() == [*MESSAGES[:1], *MESSAGES[:2]]


async def test_nothing_to_send_is_nothing_sent(topics: Topics) -> None:
    results, sent = await topics.results()
    await results.publish([])
    assert await sent() == []
