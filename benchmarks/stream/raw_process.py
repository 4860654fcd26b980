"""The least that a loop has to do: consume, decode, encode, produce, commit, with the same client and the same bytes.

    python -m benchmarks.stream.raw_process SERVERS EVENTS_TOPIC OUTPUT_TOPIC SAMPLES N

It keeps no state and computes nothing. Each event is decoded by fastavro, and answered with as many outputs as the engine
sends, which fastavro encodes from dictionaries that the engine's own outputs were decoded to.
"""

from __future__ import annotations

import io
import json
import pickle
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, cast
from uuid import uuid4

import fastavro
from confluent_kafka import Consumer, Producer

_BATCH: Final = 5_000
_FRAME: Final = 5
_read: Final = cast("Any", fastavro.schemaless_reader)
_write: Final = cast("Any", fastavro.schemaless_writer)


def loop(
    servers: str,
    topic: str,
    output: str,
    samples: Path,
    count: int,
    each_batch: Callable[[int], object] = lambda _: None,
) -> dict[str, float]:
    """Go through the topic once; the clock runs from the end of the first batch.

    Args:
        servers: Of Kafka.
        topic: Events.
        output: Where outputs go.
        samples: Pickled: the writer's schema by id, the schema of outputs, outputs as fields, headers and key of each, and how
            many outputs there are to an event.
        count: Records in the topic.
        each_batch: Done before the outputs of a batch are sent, with the number of its records.
    """
    # Made by this benchmark, a moment ago.
    told = pickle.loads(samples.read_bytes())  # noqa: S301
    readers = {number: fastavro.parse_schema(schema) for number, schema in told["events"].items()}
    writer, outputs, share = fastavro.parse_schema(told["outputs"]), told["samples"], told["share"]
    common = {"bootstrap.servers": servers}
    consumer = Consumer(
        {**common, "group.id": str(uuid4()), "auto.offset.reset": "earliest", "enable.auto.commit": False}
    )
    producer = Producer(
        {
            **common,
            "enable.idempotence": True,
            "acks": "all",
            "compression.type": "lz4",
            "linger.ms": 5,
            "partitioner": "murmur2_random",
            "queue.buffering.max.kbytes": 65_536,
        }
    )
    consumer.subscribe([topic])
    seen, owed, place, first, begin, cpu = 0, 0.0, 0, 0, 0.0, 0.0
    while seen < count:
        messages = consumer.consume(_BATCH, 1.0)
        each_batch(len(messages))
        for message in messages:
            value = cast("bytes", message.value())
            stream = io.BytesIO(value)
            stream.seek(_FRAME)
            fields = _read(stream, readers[int.from_bytes(value[1:_FRAME])], None)
            owed += share
            while owed >= 1.0:
                owed -= 1.0
                sample, headers = outputs[place % len(outputs)]
                place += 1
                sample["caused_by"] = fields["event_id"]
                buffer = io.BytesIO()
                buffer.write(value[:_FRAME])
                _write(buffer, writer, sample)
                producer.produce(output, value=buffer.getvalue(), key=message.key(), headers=headers)
            producer.poll(0)
        producer.flush()
        if messages:
            consumer.commit(asynchronous=False)
        seen += len(messages)
        if not first and seen:
            first, begin, cpu = seen, time.perf_counter(), time.process_time()
    seconds, used = time.perf_counter() - begin, time.process_time() - cpu
    consumer.close()
    return {"events": count - first, "seconds": seconds, "cpu_seconds": used}


if __name__ == "__main__":
    _, brokers, events, results, path, number = sys.argv
    print(json.dumps(loop(brokers, events, results, Path(path), int(number))))
