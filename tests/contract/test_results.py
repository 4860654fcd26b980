"""What every results port keeps to."""

from mastery_engine.ports import OutputMessage
from tests.contract.factories import Factory

MESSAGES = [
    OutputMessage("00000000-0000-5000-8000-000000000001", "mastery.updated", b"student:1", b'{"score":1}'),
    OutputMessage("00000000-0000-5000-8000-000000000002", "mastery.threshold.reached", b"student:1", b"{}"),
    OutputMessage("00000000-0000-5000-8000-000000000003", "mastery.updated", "student:ß".encode(), b""),
]


async def test_messages_arrive_whole_and_in_order(factory: Factory) -> None:
    results, sent = await factory.results()
    await results.publish(MESSAGES)
    assert await sent() == MESSAGES


async def test_a_repeat_is_sent_again(factory: Factory) -> None:
    results, sent = await factory.results()
    await results.publish(MESSAGES[:1])
    await results.publish(MESSAGES[:2])
    assert await sent() == [*MESSAGES[:1], *MESSAGES[:2]]


async def test_nothing_to_send_is_nothing_sent(factory: Factory) -> None:
    results, sent = await factory.results()
    await results.publish([])
    assert await sent() == []
