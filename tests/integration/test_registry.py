"""A real schema registry: asked once for each schema, and nothing guessed while it is silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

import msgspec
import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from mastery_engine.adapters.registry.codec import AvroCodec, subjects
from mastery_engine.adapters.registry.registry import SchemaRegistry
from mastery_engine.contracts.dead_letter import DeadLetter
from mastery_engine.contracts.event_json import encode_event
from mastery_engine.contracts.schema_files import avro_schema
from mastery_engine.contracts.topics import TopicNames
from mastery_engine.domain.errors import ConfigurationError, DependencyDown, InvalidInput
from mastery_engine.ports import OutputMessage
from tests.unit.contracts.plain import plain
from tests.unit.contracts.test_outputs import OUTPUTS
from tests.unit.engine.house import House, completion, question, quiz, visit


@dataclass
class Registered:
    registry: SchemaRegistry
    codec: AvroCodec
    names: TopicNames


@pytest.fixture
async def house(registry_url: str) -> AsyncIterator[Registered]:
    names = TopicNames(f"test-{uuid4().hex[:12]}.")
    registry = SchemaRegistry(registry_url, registry_url)
    yield Registered(registry, AvroCodec(registry, names), names)
    await registry.close()


async def register(house: Registered) -> dict[str, int]:
    return {
        subject: await house.registry.register(subject, avro_schema(cls))
        for subject, cls in subjects(house.names).items()
    }


async def test_schemas_are_registered_once(house: Registered) -> None:
    first = await register(house)
    assert await register(house) == first
    assert len(set(first.values())) == len(first) == 10


async def test_events_go_through_it_and_back(house: Registered) -> None:
    await register(house)
    events = [quiz(1), completion(2, 3), visit(3, "2024-03-08T10:00:00", "2024-03-08"), question(4)]
    values = await house.codec.encode(events)
    assert all(value[0] == 0 for value in values)
    assert await house.codec.decode(values) == events


async def test_json_is_read_beside_avro(house: Registered) -> None:
    await register(house)
    (value,) = await house.codec.encode([quiz(1)])
    assert await house.codec.decode([encode_event(quiz(2)), value]) == [quiz(2), quiz(1)]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", "bad_framing"),
        (b"\x01\0\0\0\x01", "bad_framing"),
        (b"[]", "bad_framing"),
        (b"\0\0\0", "bad_framing"),
        (b"\0\x7f\xff\xff\xff", "unknown_schema"),
        (b"{broken", "not_json"),
        (encode_event(quiz(1))[:-1] + b',"student_id":"bob"}', "duplicate_name"),
    ],
)
async def test_what_is_neither_is_refused_with_a_reason(house: Registered, value: bytes, reason: str) -> None:
    (found,) = await house.codec.decode([value])
    assert isinstance(found, InvalidInput)
    assert found.reason == reason


async def test_a_record_that_is_no_event_is_refused(house: Registered) -> None:
    await register(house)
    letters = await sent_letters(house)
    (found,) = await house.codec.decode(letters)
    assert isinstance(found, InvalidInput)
    assert "is no event" in found.message


async def sent_letters(house: Registered) -> list[bytes]:
    return await house.codec.encode_letters(await some_letters())


async def some_letters() -> list[DeadLetter]:
    school = House()
    await school.send(b"no event")
    await school.work()
    (letter,) = await school.all_letters()
    return [msgspec.structs.replace(letter, headers=(("traceparent", b"\xff"),), original=b"\0")]


async def test_dead_letters_come_back_whole(house: Registered) -> None:
    await register(house)
    assert await house.codec.read(await sent_letters(house)) == await some_letters()


async def test_outputs_are_read_by_another_makers_deserializer(house: Registered, registry_url: str) -> None:
    await register(house)
    school = House()
    await school.send(quiz(1), quiz(2, correct=9), question(3))
    await school.work()
    sent = school.results.messages
    values = await house.codec.encode_outputs(sent)
    context = SerializationContext(house.names.results, MessageField.VALUE)
    with SchemaRegistryClient({"url": registry_url}) as client:
        theirs = cast("Any", AvroDeserializer)(client)
        read = [cast("dict[str, Any]", theirs(value, context)) for value in values]
    for message, found in zip(sent, read, strict=True):
        told = msgspec.json.decode(message.value)
        assert found["event_type"] == message.message_type == told["event_type"]
        assert found["event_id"] == message.message_id
        assert found["timestamp"].isoformat(timespec="milliseconds") == told["timestamp"].replace(
            "Z", "+00:00"
        )
        assert found.get("components") == told.get("components")


async def test_an_event_of_another_makers_serializer_is_read(house: Registered, registry_url: str) -> None:
    await register(house)
    settings = {
        "auto.register.schemas": False,
        "use.latest.version": True,
        "subject.name.strategy": _topic_and_record,
    }
    context = SerializationContext(house.names.requests, MessageField.VALUE)
    fields = plain(quiz(1)) | {"event_type": "quiz.performance.submitted"}
    schema = msgspec.json.encode(avro_schema(type(quiz(1)))).decode()
    with SchemaRegistryClient({"url": registry_url}) as client:
        theirs = cast("Any", AvroSerializer)(client, schema, conf=settings)
        value = theirs(fields, context)
    assert value is not None
    assert await house.codec.decode([value]) == [quiz(1)]


def _topic_and_record(context: SerializationContext, record: str) -> str:
    return f"{context.topic}-{record}"


async def test_nothing_is_registered_by_sending(house: Registered) -> None:
    with pytest.raises(ConfigurationError, match="mastery schemas register"):
        await house.codec.encode([quiz(1)])


async def test_a_schema_that_would_break_readers_is_refused(house: Registered) -> None:
    await register(house)
    subject = next(iter(subjects(house.names)))
    schema = avro_schema(subjects(house.names)[subject])
    worse = {**schema, "fields": [*schema["fields"], {"name": "needed", "type": "string"}]}
    assert not await house.registry.is_compatible(subject, worse)
    with pytest.raises(ConfigurationError, match=f"{subject}: the registry refuses"):
        await house.registry.register(subject, worse)


async def test_a_subject_that_somebody_has_freed_from_its_rule_is_unguarded_until_it_is_registered_again(
    house: Registered, registry_url: str
) -> None:
    subject = next(iter(await register(house)))
    assert await house.registry.is_guarded(subject)
    with SchemaRegistryClient({"url": registry_url}) as client:
        client.set_compatibility(subject, "BACKWARD")
    assert not await house.registry.is_guarded(subject)
    await register(house)
    assert await house.registry.is_guarded(subject)


async def test_a_registry_that_is_silent_is_named_and_waited_for() -> None:
    registry = SchemaRegistry("http://user:secret@127.0.0.1:9", "http://***@127.0.0.1:9")
    codec = AvroCodec(registry, TopicNames())
    with pytest.raises(DependencyDown, match=r"registry at http://\*\*\*@127\.0\.0\.1:9 does not answer"):
        await codec.decode([b"\0\0\0\0\x01"])
    with pytest.raises(DependencyDown):
        await codec.encode_outputs([OutputMessage(b"k", OUTPUTS["mastery.updated"])])
    await codec.close()


async def test_known_schemas_need_no_registry(house: Registered) -> None:
    await register(house)
    values = await house.codec.encode([quiz(1)])
    await house.codec.decode(values)
    house.registry._settings["url"] = "http://127.0.0.1:9"
    await house.registry.close()
    assert await house.codec.decode(values) == [quiz(1)]
    assert await house.codec.encode([quiz(1)]) == values


@pytest.mark.parametrize("status", [404, 408, 429, 502])
async def test_what_answers_in_the_place_of_a_registry_is_waited_for(status: int) -> None:
    """A proxy whose registry is away, or a wrong path: not one event may be refused for that."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 %d Whatever\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnope" % status)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        registry = SchemaRegistry(url, url)
        codec = AvroCodec(registry, TopicNames())
        with pytest.raises(DependencyDown, match="schema registry"):
            await codec.decode([b"\0\0\0\0\x01\0"])
        with pytest.raises(DependencyDown, match="schema registry"):
            await codec.encode([quiz(1)])
        await codec.close()
