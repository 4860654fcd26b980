"""Tell over Kafka, as Avro, how good a student's work is.

python review_agent.py --servers 127.0.0.1:9092 --registry http://127.0.0.1:8081/apis/ccompat/v7 --student amal --quality 0.8

All that it knows of the engine is the name of a topic and of its schema's subject.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import struct
from datetime import datetime

import fastavro
import httpx
from confluent_kafka import KafkaError, Message, Producer
from sending import add_time, event_of, finite, identify, parser_of, refuse

RECORD = "com.learnflow.mastery.v1.QualityAssessmentCompleted"
FRAME = struct.Struct(">bI")  # before each record: a byte 0, and the schema's id in four bytes
ANSWER_SECONDS = 10


def main() -> None:
    """Send one event, and print it once Kafka has it."""
    told = arguments()
    topic = f"{told.prefix}mastery.requests"
    event = event_of("quality.assessment.completed", "review-agent", told.student, told.course, told.at) | {
        "submission_id": told.submission,
        "code_quality_score": told.quality,
        "correctness_score": told.correctness,
        "efficiency_score": told.efficiency,
    }
    event = identify(event, told.submission)
    number, schema = newest_schema(told.registry, f"{topic}-{RECORD}")
    value = io.BytesIO()
    value.write(FRAME.pack(0, number))
    # The record's name says the type, and a moment is a moment.
    fields = {name: one for name, one in event.items() if name != "event_type"}
    fields["timestamp"] = datetime.fromisoformat(told.at)
    fastavro.schemaless_writer(value, fastavro.parse_schema(schema), fields)
    send(told.servers, topic, f"student:{told.student}", value.getvalue(), told.patience)
    print(json.dumps(event))


def send(servers: str, topic: str, key: str, value: bytes, patience: float) -> None:
    """Send a record; the client tries again by itself until its time is over."""
    # The partitioner of Java's clients: so all events of a student are in one partition, whoever sends them.
    producer = Producer(
        {
            "bootstrap.servers": servers,
            "partitioner": "murmur2_random",
            "enable.idempotence": True,
            "message.timeout.ms": int(patience * 1_000),
        }
    )
    failures: list[KafkaError] = []

    def on_delivery(error: KafkaError | None, _: Message) -> None:
        if error:
            failures.append(error)

    producer.produce(topic, key=key, value=value, on_delivery=on_delivery)
    if producer.flush(patience + ANSWER_SECONDS) or failures:
        refuse(f"{topic}: not sent: {failures or 'no acknowledgement'}")


def newest_schema(registry: str, subject: str) -> tuple[int, dict[str, object]]:
    """Ask the registry; only `mastery schemas register` puts schemas there."""
    url = f"{registry}/subjects/{subject}/versions/latest"
    try:
        answer = httpx.get(url, timeout=ANSWER_SECONDS)
    except httpx.TransportError as error:
        refuse(f"{url}: no registry answers: {error}")
    if answer.status_code != httpx.codes.OK:
        refuse(f"{url}: {answer.status_code}; was `mastery schemas register` run with it?")
    newest = answer.json()
    return newest["id"], json.loads(newest["schema"])


def arguments() -> argparse.Namespace:
    """What it is told; servers, registry and prefix in the variables that `mastery` has too."""
    parser = parser_of(__doc__)
    add_time(parser)
    parser.add_argument("--servers", default=os.environ.get("MASTERY_LOG_URL", "").removeprefix("kafka://"))
    parser.add_argument("--registry", default=os.environ.get("MASTERY_REGISTRY_URL", ""))
    parser.add_argument("--prefix", default=os.environ.get("MASTERY_KAFKA_PREFIX", ""), help="of the topics")
    parser.add_argument("--submission", default="loops-3", help="what was looked at; default: %(default)s")
    parser.add_argument("--quality", type=finite, required=True, help="of the code, 0 to 1")
    parser.add_argument("--correctness", type=finite, default=1.0, help="0 to 1; default: %(default)s")
    parser.add_argument("--efficiency", type=finite, default=1.0, help="0 to 1; default: %(default)s")
    told = parser.parse_args()
    if not told.servers or not told.registry:
        parser.error("say --servers and --registry, or set MASTERY_LOG_URL and MASTERY_REGISTRY_URL")
    return told


if __name__ == "__main__":
    main()
