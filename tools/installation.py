"""A whole installation on real servers, with topics, schemas and a home of its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import uuid4

import msgspec
from confluent_kafka.admin import AdminClient

from mastery_engine.bootstrap import Engine, open_engine
from mastery_engine.bootstrap.archiver_groups import groups
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
from mastery_engine.ports import LogConsumer, NewRecord, Position, Record

READERS = {output_type(cls): RecordReader(cls, 0, avro_schema(cls)) for cls in OUTPUT_CLASSES}


class Installation:
    """Settings of its own on servers that others use too."""

    def __init__(self, servers: str, registry_url: str, home: Path, name: str = "test") -> None:
        self.servers = servers
        self.variables = {
            "MASTERY_HOME": str(home),
            "MASTERY_LOG_URL": f"kafka://{servers}",
            "MASTERY_REGISTRY_URL": registry_url,
            "MASTERY_KAFKA_PREFIX": f"{name}-{uuid4().hex[:12]}.",
        }

    @property
    def settings(self) -> Settings:
        """As a process with the environment has them."""
        given = {name.removeprefix("MASTERY_").lower(): value for name, value in self.variables.items()}
        return Settings.model_validate(given)

    @property
    def names(self) -> TopicNames:
        """Of the topics."""
        return TopicNames(self.variables["MASTERY_KAFKA_PREFIX"])

    @property
    def environment(self) -> dict[str, str]:
        """For a process of the program."""
        path = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
        return {**os.environ, **self.variables, "PYTHONPATH": path}

    async def prepare(self) -> None:
        """Make topics and register schemas, and return once Kafka tells of the topics."""
        await apply_topics(self.settings, grow=False)
        await register_schemas(self.settings)

    def start(self, *command: str, said: BinaryIO | int = subprocess.PIPE) -> subprocess.Popen[bytes]:
        """A command of the program, in a process of its own.

        Args:
            command: With its arguments.
            said: Where its standard error goes; its standard output is a pipe.
        """
        return subprocess.Popen(
            [sys.executable, "-m", "mastery_engine.cli.main", *command],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=said,
        )

    @asynccontextmanager
    async def engine(self, **changed: Any) -> AsyncGenerator[Engine]:
        """An engine in this process, with some settings changed."""
        async with open_engine(self.settings.model_copy(update=changed)) as engine:
            yield engine

    async def remove(self) -> None:
        """Delete the topics."""
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
        while not await is_committed(consumer, ends):
            await worker.drain()
        await consumer.close()


async def archive(engine: Engine) -> None:
    """Archive and file until nothing is left."""
    async with engine.archiving() as runners:
        for runner, (consumer, ends) in zip(runners, await kept_until(engine), strict=True):
            while not await is_committed(consumer, ends):
                await runner.drain()
            await consumer.close()


async def kept_until(engine: Engine) -> list[tuple[LogConsumer, dict[int, int]]]:
    """For the archive and for the dead letters: who tells what is kept, and the offsets at which all of now is."""
    apart = engine.adapters.apart
    assert apart is not None
    logs = (engine.adapters.log, apart.letter_log)
    return [
        (log.consumer(group), await log.ends())
        for log, group in zip(logs, groups(engine.settings), strict=True)
    ]


async def is_committed(consumer: LogConsumer, ends: dict[int, int]) -> bool:
    """Whether a group has got to these offsets."""
    committed = await consumer.committed()
    return all(committed.get(partition, 0) >= end for partition, end in ends.items())


async def outputs(engine: Engine) -> list[tuple[Record, dict[str, Any]]]:
    """Every record of the results, with its fields."""
    apart = engine.adapters.apart
    assert apart is not None
    log = apart.results_log
    found: list[tuple[Record, dict[str, Any]]] = []
    for partition in await log.ends():
        for record in await log.read(partition, 0, 1_000_000):
            schema_id_of(record.value)
            kind = dict(record.headers)["event_type"].decode()
            found.append((record, msgspec.to_builtins(READERS[kind].fields(record.value))))
    return found


async def document(engine: Engine, student: str, tenant: str = "default") -> Document:
    """A learner's document; an empty one where there is none."""
    entry = (await engine.adapters.store.get_many([keys.document(tenant, student)]))[0]
    return Document() if entry is None else decode_document(entry.value)
