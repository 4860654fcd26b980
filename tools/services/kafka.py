"""Apache Kafka, one broker that is its own controller."""

from __future__ import annotations

import base64
import signal
import uuid
from pathlib import Path
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tools.services.commands import require, run
from tools.services.places import building
from tools.services.service import Launch

VERSION: Final = "4.4.0"
_LOG4J: Final = "2.25.5"
_POM: Final = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>kafka-server</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>{_LOG4J}</version>
    </dependency>
  </dependencies>
</project>
"""
_SETTINGS: Final = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "log.retention.check.interval.ms": "60000",
    # Quick for tests: who died hard is missed after seconds.
    "group.initial.rebalance.delay.ms": "0",
    "group.consumer.heartbeat.interval.ms": "500",
    "group.consumer.min.heartbeat.interval.ms": "200",
    "group.consumer.session.timeout.ms": "6000",
    "group.consumer.min.session.timeout.ms": "2000",
    "group.min.session.timeout.ms": "1000",
}


class Kafka:
    """A broker."""

    name = "kafka"
    ports = 2
    seconds = 60.0
    ending = signal.SIGTERM

    def version(self) -> str:
        """Of the broker."""
        return VERSION

    def prepare(self, folder: Path, ports: list[int]) -> Launch:
        """Fetch the jars; format the data folder once."""
        require("java")
        jars = f"{libraries()}/*"
        client, controller = ports
        listeners = f"PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}"
        settings = {
            **_SETTINGS,
            "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
            "listeners": listeners,
            "advertised.listeners": listeners,
            "log.dirs": str(folder / "data"),
        }
        file = folder / "server.properties"
        file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        java = ["java", "-cp", jars]
        if not (folder / "data" / "meta.properties").exists():
            name = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            tool = [*java, "kafka.tools.StorageTool", "format", "--standalone", "-t", name, "-c", str(file)]
            run(tool, cwd=folder)
        memory = ["-Xmx512m", "-Xms256m", "-XX:+UseSerialGC"]
        return Launch(["java", *memory, "-cp", jars, "kafka.Kafka", str(file)], folder)

    def is_ready(self, ports: list[int]) -> bool:
        """Whether a client gets the list of brokers."""
        client = AdminClient({"bootstrap.servers": f"127.0.0.1:{ports[0]}", "log_level": 0})
        try:
            return bool(client.list_topics(timeout=2).brokers)
        except KafkaException:
            return False

    def address(self, ports: list[int]) -> str:
        """As clients want it."""
        return f"127.0.0.1:{ports[0]}"


def libraries() -> Path:
    """Folder of Kafka's jars, fetched once; its command line tools are in them too."""
    with building(f"kafka-{VERSION}-tools") as (folder, to_do):
        if to_do:
            require("mvn")
            (folder / "pom.xml").write_text(_POM)
            goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=libs"]
            run(["mvn", "-B", "-q", *goal], cwd=folder)
    with building(f"kafka-{VERSION}-tools") as (folder, _):
        return folder / "libs"
