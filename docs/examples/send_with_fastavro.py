"""Send an event and read its result, with fastavro, a Kafka client and the schema registry.

python send_with_fastavro.py --servers HOST:PORT --registry URL --student ID

All that it knows of the engine is the names of its topics and of its schemas' subjects.
"""

import argparse
import io
import json
import os
import struct
import sys
import time
from datetime import UTC, datetime
from urllib.error import HTTPError
from urllib.request import urlopen
from uuid import uuid4

import fastavro
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

RECORD = "com.learnflow.mastery.v1.QuizPerformanceSubmitted"
FRAME = struct.Struct(">bI")  # before each record: a byte 0, and the schema's id in four bytes
ANSWER_SECONDS = 10


def main():
    """Send one quiz, and print the score after it."""
    told = arguments()
    subject = f"{told.prefix}mastery.requests-{RECORD}"
    newest = asked(f"{told.registry}/subjects/{subject}/versions/latest", "mastery schemas register")
    event_id = str(uuid4())
    event = {
        "event_id": event_id,
        "timestamp": datetime.now(UTC),
        "student_id": told.student,
        "source": "fastavro-by-hand",
        "quiz_id": "quiz-1",
        "total_questions": 10,
        "correct_answers": 8,
        "time_spent": 90.0,
    }
    value = io.BytesIO()
    value.write(FRAME.pack(0, newest["id"]))
    fastavro.schemaless_writer(value, fastavro.parse_schema(json.loads(newest["schema"])), event)

    # Where the results end now: that of this event can only come behind it.
    consumer = from_now_on(told.servers, f"{told.prefix}mastery.results")
    send(told.servers, f"{told.prefix}mastery.requests", f"student:{told.student}", value.getvalue())
    try:
        update = update_of(event_id, consumer, told.registry, told.wait)
    finally:
        consumer.close()
    print(f"{told.student}: score {update['score']}, {update['level']}")


def send(servers, topic, key, value):
    """Send a record, and wait until Kafka has it."""
    # The partitioner of Java's clients: so all events of a student are in one partition, whoever sends them.
    producer = Producer(
        {
            "bootstrap.servers": servers,
            "partitioner": "murmur2_random",
            "enable.idempotence": True,
            "message.timeout.ms": ANSWER_SECONDS * 1_000,
        }
    )
    failures = []
    producer.produce(
        topic, key=key, value=value, on_delivery=lambda error, _: failures.append(error) if error else None
    )
    if producer.flush(2 * ANSWER_SECONDS) or failures:
        sys.exit(f"{topic}: not sent: {failures or 'no acknowledgement'}")


def from_now_on(servers, topic):
    """Give a consumer of all partitions, from their ends on; it joins no group and commits nothing."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "none", "enable.auto.commit": False})
    try:
        partitions = consumer.list_topics(topic, ANSWER_SECONDS).topics[topic].partitions
        if not partitions:
            sys.exit(f"{topic}: there is no such topic at {servers}; was `mastery topics apply` run there?")
        places = [TopicPartition(topic, number) for number in partitions]
        for place in places:
            _, place.offset = consumer.get_watermark_offsets(place, ANSWER_SECONDS)
    except KafkaException as error:
        sys.exit(f"{servers}: no broker answers: {error.args[0].str()}")
    consumer.assign(places)
    return consumer


def update_of(event_id, consumer, registry, wait_seconds):
    """Read until the `MasteryUpdated` of an event is there."""
    schemas = {}
    deadline = time.monotonic() + wait_seconds
    while time.monotonic() < deadline:
        message = consumer.poll(1.0)
        if message is None or message.error():
            continue
        # The header says what it is, before anything is decoded.
        if dict(message.headers())["event_type"] != b"mastery.updated":
            continue
        _, number = FRAME.unpack_from(message.value())
        if number not in schemas:
            schema = asked(f"{registry}/schemas/ids/{number}", "mastery schemas check")["schema"]
            schemas[number] = fastavro.parse_schema(json.loads(schema))
        record = io.BytesIO(message.value()[FRAME.size :])
        update = fastavro.schemaless_reader(record, schemas[number], None)
        if update["caused_by"] == event_id:
            return update
    sys.exit(f"no result of event {event_id} in {wait_seconds:g} s; does a `mastery worker` run?")


def asked(url, command):
    """Ask the registry; it is plain HTTP."""
    try:
        with urlopen(url, timeout=ANSWER_SECONDS) as answer:
            return json.load(answer)
    except HTTPError as error:
        sys.exit(f"{url}: the registry says {error.code}; was `{command}` run with it?")
    except (OSError, ValueError) as error:
        sys.exit(f"{url}: no registry answers: {error}")


def arguments():
    """Take what is not given from the variables that `mastery` uses too."""
    parser = argparse.ArgumentParser(description="Send an event and read its result.")
    parser.add_argument("--servers", default=os.environ.get("MASTERY_LOG_URL", "").removeprefix("kafka://"))
    parser.add_argument("--registry", default=os.environ.get("MASTERY_REGISTRY_URL", ""))
    parser.add_argument("--prefix", default=os.environ.get("MASTERY_KAFKA_PREFIX", ""), help="of the topics")
    parser.add_argument("--student", required=True)
    parser.add_argument("--wait", type=float, default=60, help="seconds for the result")
    told = parser.parse_args()
    if not told.servers or not told.registry:
        parser.error("say --servers and --registry, or set MASTERY_LOG_URL and MASTERY_REGISTRY_URL")
    return told


if __name__ == "__main__":
    main()
