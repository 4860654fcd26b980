"""Events, outputs and dead letters as Avro under registered schemas; events as JSON too."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final, final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mastery_engine.adapters.registry.registry import SchemaRegistry
from mastery_engine.contracts.avro import (
    MAGIC,
    RecordReader,
    RecordWriter,
    record_name,
    schema_id_of,
    unknown_schema,
)
from mastery_engine.contracts.avro_events import EventReader
from mastery_engine.contracts.dead_letter import DeadLetter
from mastery_engine.contracts.event_json import event_or_refusal
from mastery_engine.contracts.outputs import OUTPUT_CLASSES
from mastery_engine.contracts.schema_files import Pair, avro_schema
from mastery_engine.contracts.strict_json import name_twice
from mastery_engine.contracts.topics import TopicNames, subject
from mastery_engine.domain.errors import ConfigurationError, DependencyDown, InvalidInput
from mastery_engine.domain.events import EVENT_CLASSES, Event, LearningEvent
from mastery_engine.ports import OutputMessage

_JSON: Final = b"{"


def subjects(names: TopicNames) -> dict[str, type[Struct]]:
    """The type whose schema stands under each subject."""
    topics: list[tuple[str, Sequence[type[Struct]]]] = [
        (names.requests, EVENT_CLASSES),
        (names.results, OUTPUT_CLASSES),
        (names.dead_letters, (DeadLetter,)),
    ]
    return {subject(topic, record_name(cls)): cls for topic, classes in topics for cls in classes}


@final
class AvroCodec:
    """Reads and writes values; each schema is asked for once."""

    def __init__(self, registry: SchemaRegistry, names: TopicNames) -> None:
        """Nothing is asked yet.

        Args:
            registry: Knows the schemas; closed with this codec.
            names: Of the topics, which are in the subjects' names.
        """
        self._registry = registry
        self._subjects = {cls: name for name, cls in subjects(names).items()}
        self._readers: dict[int, EventReader] = {}
        self._letter_readers: dict[int, RecordReader[DeadLetter]] = {}
        self._writers: dict[type[Struct], RecordWriter] = {}

    async def decode(self, values: Sequence[bytes]) -> list[LearningEvent | InvalidInput]:
        """The event of each value, Avro or JSON; see the port."""
        read: list[LearningEvent | InvalidInput] = []
        known = self._readers
        for value in values:
            if value.startswith(_JSON):
                read.append(_of_json(value))
                continue
            try:
                schema_id = schema_id_of(value)
            except InvalidInput as error:
                read.append(error)
                continue
            reader = known.get(schema_id)
            if reader is None:
                reader = await self._reader(schema_id)
            read.append(reader.read(value))
        return read

    async def encode(self, events: Sequence[LearningEvent]) -> list[bytes]:
        """The value of each event, as Avro; see the port."""
        return [(await self._writer(type(event))).write(event) for event in events]

    async def encode_outputs(self, messages: Sequence[OutputMessage]) -> list[bytes]:
        """The value of each output, as Avro.

        Raises:
            DependencyDown: The registry is silent, and was not asked before.
            ConfigurationError: The schema of an output is not registered.
        """
        values: list[bytes] = []
        for message in messages:
            output = message.output
            writer = self._writers.get(type(output)) or await self._writer(type(output))
            values.append(writer.write(output))
        return values

    async def encode_letters(self, letters: Sequence[DeadLetter]) -> list[bytes]:
        """The value of each dead letter, as Avro; errors as for outputs."""
        writer = await self._writer(DeadLetter)
        return [
            writer.write(replace(letter, headers=tuple(Pair(*header) for header in letter.headers)))
            for letter in letters
        ]

    async def read(self, values: Sequence[bytes]) -> list[DeadLetter | InvalidInput]:
        """The dead letter of each value, or why there is none.

        Raises:
            DependencyDown: The registry is silent, and was not asked before.
        """
        return [await self._letter(value) for value in values]

    async def check(self) -> None:
        """To be asked before a process folds; a registry that is silent is asked again when a schema is needed.

        Raises:
            ConfigurationError: The schema of an output, or that of dead letters, is not registered.
        """
        with suppress(DependencyDown):
            for cls in (*OUTPUT_CLASSES, DeadLetter):
                await self._writer(cls)

    async def ping(self) -> None:
        """Return if the registry answers, or did so when it was asked last.

        Raises:
            DependencyDown: It is silent.
        """
        await self._registry.ping()

    async def close(self) -> None:
        """Let go; idempotent."""
        await self._registry.close()

    async def _reader(self, schema_id: int) -> EventReader:
        schema = (await self._registry.schemas([schema_id]))[schema_id]
        reader = EventReader(schema_id, schema)
        if schema is not None:
            self._readers[schema_id] = reader
        return reader

    async def _letter(self, value: bytes) -> DeadLetter | InvalidInput:
        try:
            schema_id = schema_id_of(value)
            reader = self._letter_readers.get(schema_id)
            if reader is None:
                schema = (await self._registry.schemas([schema_id]))[schema_id]
                if schema is None:
                    return unknown_schema(schema_id, "is not known to the schema registry")
                reader = self._letter_readers[schema_id] = RecordReader(DeadLetter, schema_id, schema)
            fields = reader.fields(value)
        except InvalidInput as error:
            return error
        fields["headers"] = [(one["key"], one["value"]) for one in fields["headers"]]
        try:
            return msgspec.convert(fields, DeadLetter)
        except msgspec.ValidationError as error:
            return InvalidInput(f"is no dead letter: {error}")

    async def _writer(self, cls: type[Struct]) -> RecordWriter:
        writer = self._writers.get(cls)
        if writer is None:
            name = self._subjects[cls]
            schema_id = await self._registry.id_of(name, avro_schema(cls))
            if schema_id is None:
                raise ConfigurationError(
                    f"the schema registry at {self._registry.url} has not today's schema of {name}; register it with: "
                    "mastery schemas register"
                )
            writer = self._writers[cls] = RecordWriter(cls, schema_id)
        return writer


def _of_json(value: bytes) -> LearningEvent | InvalidInput:
    """The event, as strictly as doors read: one that a stranger wrote with a name twice would say two things."""
    event = event_or_refusal(value)
    if isinstance(event, InvalidInput):
        return event
    twice = name_twice(value)
    return event if twice is None else InvalidInput.of(twice, reason="duplicate_name")


__all__ = ["MAGIC", "AvroCodec", "Event", "subjects"]
