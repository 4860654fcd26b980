"""A whole installation on real servers, with topics, schemas and a home of its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import msgspec
from confluent_kafka.admin import AdminClient

from mastery_engine.bootstrap import Engine, open_engine
from mastery_engine.bootstrap.schemas import register_schemas
from mastery_engine.bootstrap.topics import apply_topics
from mastery_engine.config import Settings
from mastery_engine.contracts import keys
from mastery_engine.contracts.avro import RecordReader, schema_id_of
from mastery_engine.contracts.document import Document, decode_document
from mastery_engine.contracts.outputs import OUTPUT_CLASSES, output_type
from mastery_engine.contracts.schema_files import avro_schema
from mastery_engine.contracts.topics import TopicNames
from mastery_engine.domain.events import LearningEvent
from mastery_engine.ports import NewRecord, Position, Record

READERS = {output_type(cls): RecordReader(cls, 0, avro_schema(cls)) for cls in OUTPUT_CLASSES}


class Installation:
    """Settings of its own on servers that others use too."""

    def __init__(self, servers: str, registry_url: str, home: Path) -> None:
        self.servers = servers
        self.variables = {
            "MASTERY_HOME": str(home),
            "MASTERY_LOG_URL": f"kafka://{servers}",
            "MASTERY_REGISTRY_URL": registry_url,
            "MASTERY_KAFKA_PREFIX": f"test-{uuid4().hex[:12]}.",
        }

    @property
    def settings(self) -> Settings:
        given = {name.removeprefix("MASTERY_").lower(): value for name, value in self.variables.items()}
        return Settings.model_validate(given)

    @property
    def names(self) -> TopicNames:
        return TopicNames(self.variables["MASTERY_KAFKA_PREFIX"])

    @property
    def environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
        return {**os.environ, **self.variables, "PYTHONPATH": path}

    async def prepare(self) -> None:
        """Make topics and register schemas, and return once Kafka tells of the topics."""
        await apply_topics(self.settings, grow=False)
        await register_schemas(self.settings)

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """A command of the program, in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "mastery_engine.cli.main", *command],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    @asynccontextmanager
    async def engine(self, **changed: Any) -> AsyncGenerator[Engine]:
        async with open_engine(self.settings.model_copy(update=changed)) as engine:
            yield engine

    async def remove(self) -> None:
        client = cast("Any", AdminClient({"bootstrap.servers": self.servers}))
        names = [self.names.requests, self.names.results, self.names.dead_letters, self.names.cloud_events]
        told = client.delete_topics(names)
        await asyncio.gather(*(asyncio.to_thread(one.exception, 20) for one in told.values()))


async def send(engine: Engine, events: Sequence[LearningEvent | bytes]) -> list[Position]:
    """Append events as agents do, and other bytes as they are, under their students' keys."""
    typed = [one for one in events if not isinstance(one, bytes)]
    values = iter(await engine.adapters.codec.encode(typed))
    records = [
        NewRecord(b"student:noise", one)
        if isinstance(one, bytes)
        else NewRecord(keys.learner(one.tenant_id, one.student_id).encode(), next(values))
        for one in events
    ]
    return await engine.adapters.log.append(records)


async def fold(engine: Engine, batch_size: int | None = None) -> None:
    """Fold until the group has committed everything."""
    ends = await engine.adapters.log.ends()
    async with engine.worker(batch_size) as worker:
        consumer = engine.adapters.log.consumer(engine.group)
        while not await _is_committed(consumer, ends):
            await worker.drain()
        await consumer.close()


async def archive(engine: Engine) -> None:
    """Archive and file until nothing is left."""
    ends = [await engine.adapters.log.ends(), await engine.adapters.apart.letter_log.ends()]  # type: ignore[union-attr]
    async with engine.archiving() as runners:
        for runner, wanted in zip(runners, ends, strict=True):
            while not await _is_committed(runner._consumer, wanted):
                await runner.drain()


async def _is_committed(consumer: Any, ends: dict[int, int]) -> bool:
    committed = await consumer.committed()
    return all(committed.get(partition, 0) >= end for partition, end in ends.items())


async def outputs(engine: Engine) -> list[tuple[Record, dict[str, Any]]]:
    """Every record of the results, with its fields."""
    from mastery_engine.adapters.kafka.log import KafkaEventLog  # noqa: PLC0415 - a second topic of the same clients

    apart = engine.adapters.apart
    assert apart is not None
    log = KafkaEventLog(
        TopicNames(engine.settings.kafka_prefix).results, apart.log._producer, apart.log._admin
    )
    found: list[tuple[Record, dict[str, Any]]] = []
    for partition in await log.ends():
        for record in await log.read(partition, 0, 1_000_000):
            schema_id_of(record.value)
            kind = dict(record.headers)["event_type"].decode()
            found.append((record, msgspec.to_builtins(READERS[kind].fields(record.value))))
    await log.close()
    return found


async def document(engine: Engine, student: str, tenant: str = "default") -> Document:
    entry = (await engine.adapters.store.get_many([keys.document(tenant, student)]))[0]
    return Document() if entry is None else decode_document(entry.value)
