"""Looking after the registry's schemas, by the settings."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from mastery_engine.adapters.registry.codec import subjects
from mastery_engine.bootstrap.kafka import registry_of
from mastery_engine.config import Settings
from mastery_engine.contracts.schema_files import avro_schema
from mastery_engine.contracts.topics import TopicNames

State = Literal["registered", "unguarded", "not registered", "incompatible"]


class SchemaState(Struct, frozen=True, kw_only=True):
    """This release's schema under a subject.

    Attributes:
        schema_id: Its id in the registry, None where it has none.
        state: `incompatible` if the registry would refuse it; `unguarded` if it is registered, and the registry would take
            a next one that breaks readers.
    """

    subject: str
    schema_id: int | None
    state: State


async def register_schemas(settings: Settings) -> list[SchemaState]:
    """Register the schemas of this release.

    Raises:
        ConfigurationError: The settings name no registry, or it refuses a schema; those before it are registered.
        DependencyDown: It does not answer.
    """
    registry, found = registry_of(settings), list[SchemaState]()
    try:
        for subject, cls in subjects(TopicNames(settings.kafka_prefix)).items():
            schema_id = await registry.register(subject, avro_schema(cls))
            found.append(SchemaState(subject=subject, schema_id=schema_id, state="registered"))
    finally:
        await registry.close()
    return found


async def look_at_schemas(settings: Settings) -> list[SchemaState]:
    """What the registry has of the schemas of this release.

    Raises:
        ConfigurationError: The settings name no registry.
        DependencyDown: It does not answer.
    """
    registry, found = registry_of(settings), list[SchemaState]()
    try:
        for subject, cls in subjects(TopicNames(settings.kafka_prefix)).items():
            schema = avro_schema(cls)
            schema_id = await registry.id_of(subject, schema)
            state: State
            if schema_id is not None:
                state = "registered" if await registry.is_guarded(subject) else "unguarded"
            else:
                state = "not registered" if await registry.is_compatible(subject, schema) else "incompatible"
            found.append(SchemaState(subject=subject, schema_id=schema_id, state=state))
    finally:
        await registry.close()
    return found
