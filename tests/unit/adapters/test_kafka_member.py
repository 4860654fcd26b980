"""What a member of a group makes of what the client brings, errors among it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from mastery_engine.adapters.kafka import member as member_module
from mastery_engine.adapters.kafka.connection import KafkaConnection
from mastery_engine.adapters.kafka.member import Member
from mastery_engine.ports import Share

TOPIC = "requests"
REFUSED = KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED, "not you")
GARBLED = KafkaError(KafkaError._BAD_COMPRESSION, "Decompression failed")


def record(offset: int) -> Message:
    return Message(topic=TOPIC, partition=0, offset=offset, key=b"student:ann", value=b"%d" % offset)


class Scripted:
    """A client that brings what it is told to."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.sought: list[tuple[int, int]] = []

    def committed(self, partitions: Iterable[TopicPartition], seconds: float) -> list[TopicPartition]:
        del seconds
        return list(partitions)

    def incremental_assign(self, partitions: list[TopicPartition]) -> None:
        del partitions

    def poll(self, seconds: float) -> Message | None:
        del seconds
        return self.messages.pop(0) if self.messages else None

    def consume(self, count: int, seconds: float) -> list[Message]:
        del seconds
        taken, self.messages = self.messages[:count], self.messages[count:]
        return taken

    def seek(self, place: TopicPartition) -> None:
        self.sought.append((place.partition, place.offset))


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    made = Scripted()

    def open_client(config: dict[str, object]) -> Scripted:
        del config
        return made

    monkeypatch.setattr(member_module, "Consumer", open_client)
    return made


def member() -> Member:
    return Member(KafkaConnection("nowhere:1"), TOPIC, "topic-a", "group", Share(0, 2), 2)


def test_records_that_come_with_an_error_are_told_before_it(client: Scripted) -> None:
    reader = member()
    client.messages = [record(0), record(1), Message(topic=TOPIC, partition=0, error=REFUSED), record(2)]
    assert [one.offset for one in reader.poll(100, 0.0)] == [0, 1, 2]
    with pytest.raises(KafkaException, match="not you"):
        reader.poll(100, 0.0)
    assert reader.poll(100, 0.0) == []


@pytest.mark.parametrize("error", [REFUSED, GARBLED])
def test_an_error_that_is_of_no_record_is_raised_at_once(client: Scripted, error: KafkaError) -> None:
    reader = member()
    client.messages = [Message(topic=TOPIC, partition=0, error=error)]
    with pytest.raises(KafkaException):
        reader.poll(100, 0.0)
    assert client.sought == []


def test_a_record_that_cannot_be_read_is_told_so_and_passed_over(client: Scripted) -> None:
    reader = member()
    client.messages = [record(0), Message(topic=TOPIC, partition=0, offset=1, error=GARBLED)]
    told = reader.poll(100, 0.0)
    assert [(one.offset, one.value) for one in told] == [(0, b"0"), (1, b"unreadable: Decompression failed")]
    assert client.sought == [(0, 2)]


def test_records_that_are_packed_with_one_that_cannot_be_read_are_passed_over_one_by_one(
    client: Scripted,
) -> None:
    reader, error = member(), Message(topic=TOPIC, partition=0, offset=1, error=GARBLED)
    client.messages = [record(0), error]
    reader.poll(100, 0.0)
    client.messages = [error]
    assert [one.offset for one in reader.poll(100, 0.0)] == [2]
    client.messages = [error]
    assert [one.offset for one in reader.poll(100, 0.0)] == [3]
    assert client.sought == [(0, 2), (0, 3), (0, 4)]
