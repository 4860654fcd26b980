"""The same keyed job on quixstreams with exactly-once, our fold within: run by an environment of its own.

    python -m benchmarks.stream.quix_process SERVERS PREFIX SCHEMAS STATE_FOLDER N

A learner's document and the ids that have counted are its state (RocksDB with changelog topics); the fold, the outputs and
their bytes are the engine's own, an event at a time, as its interface has it. It writes no derived keys.
"""

# The library is in another environment, where nobody checks types.
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownParameterType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

import json
import pickle
import sys
import time
from pathlib import Path
from typing import Any, Final

from quixstreams import Application, State, message_context

from mastery_engine.contracts import keys
from mastery_engine.contracts.avro import RecordWriter, schema_id_of
from mastery_engine.contracts.avro_events import EventReader
from mastery_engine.contracts.document import Document, decode_document, encode_document
from mastery_engine.contracts.outcome import encode_processed
from mastery_engine.contracts.outputs import OUTPUT_CLASSES
from mastery_engine.contracts.processed import read_processed
from mastery_engine.contracts.tenant import DEFAULT
from mastery_engine.contracts.topics import TopicNames
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.engine.fold_batch import Learner, fold_batch
from mastery_engine.engine.judge import Accepted, identity_of
from mastery_engine.engine.outputs import messages_of
from mastery_engine.ports import Record

_DOCUMENT: Final = "document"
_COMMIT_SECONDS: Final = 1.0


class Job:
    """One event at a time."""

    def __init__(self, schemas: Path) -> None:
        """Prepare readers and writers.

        Args:
            schemas: Pickled: the writers' schemas of events and of outputs, by id and by name.
        """
        # Made by this benchmark, a moment ago.
        told = pickle.loads(schemas.read_bytes())  # noqa: S301
        self.readers = {number: EventReader(number, schema) for number, schema in told["events"].items()}
        self.writers = {cls: RecordWriter(cls, told["ids"][cls.__name__]) for cls in OUTPUT_CLASSES}
        self.rules = DEFAULT.rules()
        self.pseudonyms = keys.Pseudonyms(b"k" * 32)
        self.seen = 0
        self.first = 0.0

    def __call__(self, value: bytes, key: bytes, timestamp: int, headers: Any, state: State) -> list[Any]:
        """Fold, and give what is to be sent."""
        self.seen += 1
        self.first = self.first or time.perf_counter()
        event: Any = self.readers[schema_id_of(value)].read(value)
        event_id, digest = identity_of(event)
        context = message_context()
        record = Record(context.partition, context.offset, timestamp, key, value, tuple(headers or ()))
        accepted = Accepted(record, event, event_id, digest, self.rules.calendar.day(event.timestamp))
        if self.rules.problems(event, timestamp):
            return []
        pseudonym = self.pseudonyms.digest(event.tenant_id, event.student_id)
        learner = Learner(DEFAULT, event.student_id, pseudonym, BUILT_IN[0])
        raw = state.get_bytes(_DOCUMENT)
        document = Document() if raw is None else decode_document(raw)
        known = state.get_bytes(event_id.hex())
        processed = {} if known is None else {event_id: read_processed(event_id, known)}
        # What the transaction of the step before has sent is sent.
        document.outcomes = []
        batch = fold_batch(learner, document, [accepted], "topic", processed)
        if batch.changed:
            state.set_bytes(_DOCUMENT, encode_document(document))
        sent: list[Any] = []
        for outcome in document.outcomes:
            state.set_bytes(outcome.event_id.hex(), encode_processed(pseudonym, outcome))
            sent += [
                (one.key, self.writers[type(one.output)].write(one.output), list(one.headers))
                for one in messages_of(DEFAULT, event.student_id, outcome, BUILT_IN[0])
            ]
        return sent


def _headers(sent: Any, key: object, timestamp: int, headers: object) -> Any:
    del key, timestamp, headers
    return sent[2]


def _value(sent: Any) -> bytes:
    return sent[1]


def main(servers: str, prefix: str, schemas: Path, folder: Path, count: int) -> dict[str, float]:
    """Go through the topic once; the clock runs from the first event to the last commit."""
    names = TopicNames(prefix)
    app = Application(
        servers,
        consumer_group=f"{prefix}quix",
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        commit_interval=_COMMIT_SECONDS,
        state_dir=folder,
        producer_extra_config={"compression.type": "lz4", "partitioner": "murmur2_random"},
        loglevel="ERROR",
    )
    job = Job(schemas)
    events = app.topic(names.requests, value_deserializer="bytes")
    results = app.topic(f"{prefix}quix.results", value_serializer="bytes")
    frame = app.dataframe(events).apply(job, stateful=True, metadata=True)
    frame = frame.apply(lambda sent: sent, expand=True)
    frame.set_headers(_headers).apply(_value).to_topic(results)
    cpu = time.process_time()
    app.run(count=count, collect=False)
    return {
        "events": job.seen,
        "seconds": time.perf_counter() - job.first,
        "cpu_seconds": time.process_time() - cpu,
    }


if __name__ == "__main__":
    _, brokers, start, path, state_folder, number = sys.argv
    print(json.dumps(main(brokers, start, Path(path), Path(state_folder), int(number))))
