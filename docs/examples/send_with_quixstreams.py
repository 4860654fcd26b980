"""Send an event and read its result, with quixstreams and the schema registry.

python send_with_quixstreams.py --servers HOST:PORT --registry URL --student ID

All that it knows of the engine is the names of its topics and of its schemas' subjects.
"""

import argparse
import json
import os
import sys
import time
from datetime import UTC, datetime
from uuid import uuid4

from confluent_kafka import KafkaException
from confluent_kafka.schema_registry import SchemaRegistryClient, topic_record_subject_name_strategy
from confluent_kafka.schema_registry.error import SchemaRegistryError
from httpx import HTTPError
from quixstreams import Application
from quixstreams.models.serializers.avro import AvroDeserializer, AvroSerializer
from quixstreams.models.serializers.schema_registry import (
    SchemaRegistryClientConfig,
    SchemaRegistrySerializationConfig,
)
from quixstreams.models.topics.exceptions import TopicNotFoundError

RECORD = "com.learnflow.mastery.v1.QuizPerformanceSubmitted"
ANSWER_SECONDS = 10


def main():
    """Send one quiz, and print the score after it."""
    told = arguments()
    registry = SchemaRegistryClientConfig(url=told.registry)
    app = Application(
        told.servers,
        # The first time it reads all results that are kept, and after that where it was.
        consumer_group=f"{told.prefix}send-with-quixstreams",
        auto_offset_reset="earliest",
        # Topics and schemas are made by `mastery`, and by nobody else.
        auto_create_topics=False,
        # The partitioner of Java's clients: so all events of a student are in one partition, whoever sends them.
        producer_extra_config={"partitioner": "murmur2_random", "enable.idempotence": True},
        request_timeout=ANSWER_SECONDS,
        loglevel="WARNING",
    )
    writer = AvroSerializer(
        newest_schema(registry, f"{told.prefix}mastery.requests-{RECORD}"),
        schema_registry_client_config=registry,
        schema_registry_serialization_config=SchemaRegistrySerializationConfig(
            auto_register_schemas=False,
            use_latest_version=True,
            subject_name_strategy=topic_record_subject_name_strategy,
        ),
    )
    # Told no schema, it reads each record by the one that its bytes name.
    reader = AvroDeserializer(schema_registry_client_config=registry)
    try:
        events = app.topic(f"{told.prefix}mastery.requests", key_serializer="str", value_serializer=writer)
        results = app.topic(f"{told.prefix}mastery.results", value_deserializer=reader)
    except TopicNotFoundError as error:
        sys.exit(f"{error}; was `mastery topics apply` run at {told.servers}?")
    except KafkaException as error:
        sys.exit(f"{told.servers}: no broker answers: {error.args[0].str()}")

    event_id = str(uuid4())
    event = {
        "event_id": event_id,
        "timestamp": datetime.now(UTC),
        "student_id": told.student,
        "source": "quixstreams",
        "quiz_id": "quiz-1",
        "total_questions": 10,
        "correct_answers": 8,
        "time_spent": 90.0,
    }
    message = events.serialize(key=f"student:{told.student}", value=event)
    with app.get_producer() as producer:
        producer.produce(events.name, message.value, message.key)

    deadline = time.monotonic() + told.wait

    def is_it(output):
        if time.monotonic() > deadline:
            app.stop()
        return output["event_type"] == "mastery.updated" and output["caused_by"] == event_id

    app.dataframe(results).filter(is_it)
    found = app.run(count=1, timeout=told.wait)
    if not found:
        sys.exit(f"no result of event {event_id} in {told.wait:g} s; does a `mastery worker` run?")
    print(f"{told.student}: score {found[0]['score']}, {found[0]['level']}")


def newest_schema(registry, subject):
    """Ask the registry for the schema by which to write."""
    client = SchemaRegistryClient(registry.as_dict(plaintext_secrets=True))
    try:
        return json.loads(client.get_latest_version(subject).schema.schema_str)
    except SchemaRegistryError as error:
        sys.exit(f"{subject}: the registry says: {error}; was `mastery schemas register` run with it?")
    except HTTPError as error:
        sys.exit(f"{registry.url}: no registry answers: {error}")


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
