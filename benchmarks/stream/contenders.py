"""The contenders as processes on topics of one run."""

from __future__ import annotations

import json
import os
import pickle
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, cast

import msgspec
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from mastery_engine.bootstrap import Engine
from mastery_engine.bootstrap.kafka import registry_of
from mastery_engine.contracts.avro import RecordReader, schema_id_of
from mastery_engine.contracts.outputs import OUTPUT_CLASSES, MasteryUpdated, output_type
from mastery_engine.contracts.schema_files import avro_schema
from mastery_engine.domain.events import EVENT_CLASSES
from tools.installation import Installation

ROOT: Final = Path(__file__).parents[2]
PEER: Final = ROOT / ".tools" / "peers" / "bin" / "python"
_SAMPLES: Final = 2_000
Figures = dict[str, float]


def engine(installation: Installation, count: int) -> Figures:
    """The engine's worker, its state in memory."""
    return process(sys.executable, "benchmarks.stream.engine_process", installation, [str(count)])


def raw(installation: Installation, told: Path, count: int) -> Figures:
    """The raw loop."""
    topic = f"{installation.names.results}.raw"
    arguments = [installation.servers, installation.names.requests, topic, str(told), str(count)]
    return process(sys.executable, "benchmarks.stream.raw_process", installation, arguments)


def quix(installation: Installation, told: Path, folder: Path, count: int) -> Figures:
    """Quixstreams, from its own environment."""
    prefix = installation.variables["MASTERY_KAFKA_PREFIX"]
    arguments = [installation.servers, prefix, str(told), str(folder), str(count)]
    return process(str(PEER), "benchmarks.stream.quix_process", installation, arguments)


def process(python: str, module: str, installation: Installation, arguments: Sequence[str]) -> Figures:
    """Run a contender, and read what it tells.

    Args:
        python: Its interpreter.
        module: Its name.
        installation: Gives it the settings.
        arguments: Its own.

    Raises:
        RuntimeError: It failed; the message holds its errors.
    """
    environment = {**os.environ, **installation.variables, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [python, "-W", "ignore", "-m", module, *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{module} failed: {done.stderr[-3_000:]}")
    told: Figures = json.loads(done.stdout.splitlines()[-1])
    return {
        "per_second": told["events"] / told["seconds"],
        "cpu_microseconds": told["cpu_seconds"] / told["events"] * 1e6,
    }


async def told_to_others(engine: Engine, installation: Installation, count: int) -> dict[str, Any]:
    """What the others need to know: schemas, samples, and how many outputs the engine sends for an event.

    Args:
        engine: Of an installation whose events were folded, and the outputs sent.
        installation: Of the run.
        count: Events folded.
    """
    apart = engine.adapters.apart
    assert apart is not None
    registry = registry_of(engine.settings)
    subjects = {
        cls: f"{topic}-com.learnflow.mastery.v1.{cls.__name__}"
        for topic, classes in (
            (installation.names.requests, EVENT_CLASSES),
            (installation.names.results, OUTPUT_CLASSES),
        )
        for cls in classes
    }
    ids = {cls: await registry.id_of(subject, avro_schema(cls)) for cls, subject in subjects.items()}
    await registry.close()
    updated, samples = output_type(MasteryUpdated), cast("list[tuple[dict[str, Any], Any]]", [])
    reader = RecordReader(MasteryUpdated, 0, avro_schema(MasteryUpdated))
    ends = await apart.results_log.ends()
    for record in await apart.results_log.read(0, ends[0] // 2, _SAMPLES):
        schema_id_of(record.value)
        if dict(record.headers)["event_type"].decode() == updated:
            samples.append((msgspec.to_builtins(reader.fields(record.value)), list(record.headers)))
    share = sum(ends.values()) / count
    return {
        "events": {ids[cls]: _plain(avro_schema(cls)) for cls in EVENT_CLASSES},
        "outputs": _plain(avro_schema(MasteryUpdated)),
        "ids": {cls.__name__: number for cls, number in ids.items()},
        "samples": samples,
        "share": share,
    }


def prepare_others(installation: Installation, told: dict[str, Any], path: Path) -> None:
    """Write down what they need to know, and make their topics."""
    path.write_bytes(pickle.dumps(told))
    client = cast("Any", AdminClient({"bootstrap.servers": installation.servers}))
    prefix = installation.variables["MASTERY_KAFKA_PREFIX"]
    names = [f"{installation.names.results}.raw", f"{prefix}quix.results"]
    partitions = installation.settings.kafka_partitions
    for future in client.create_topics([NewTopic(name, partitions, 1) for name in names]).values():
        future.result()


def _plain(schema: Any) -> Any:
    """The schema with moments as numbers: the raw loop makes no dates, and so does less than most programs."""
    if isinstance(schema, list):
        return [_plain(one) for one in cast("list[Any]", schema)]
    if isinstance(schema, dict):
        told = cast("dict[str, Any]", schema)
        if told.get("logicalType") == "timestamp-millis":
            return "long"
        return {name: _plain(value) for name, value in told.items()}
    return schema


def median(rounds: Sequence[Figures]) -> Figures:
    """The middle round by speed."""
    return sorted(rounds, key=lambda one: one["per_second"])[len(rounds) // 2]


def spread(rounds: Sequence[Figures]) -> float:
    """How far the rounds lie apart, as a share of their mean."""
    speeds = [one["per_second"] for one in rounds]
    return (max(speeds) - min(speeds)) / statistics.mean(speeds)
