"""Apache Kafka, one broker that is its own controller."""

from __future__ import annotations

import base64
import shutil
import signal
import uuid
from pathlib import Path
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tools.services.commands import java, require, run
from tools.services.places import cache, is_whole, whole
from tools.services.service import Launch, Tell, tell_nobody

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
_COPY: Final = ["dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=libs"]
_LOGGING: Final = """rootLogger.level = WARN
rootLogger.appenderRef.out.ref = out
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = [%d] %p %m (%c)%n
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
    # Killed, it may come back after this, and not after nine seconds.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
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
        return VERSION

    def fetch(self, tell: Tell) -> None:
        require("java", *([] if is_whole(_place()) else ["mvn"]))
        libraries(tell)

    def launch(self, folder: Path, ports: list[int]) -> Launch:
        client, controller = ports
        listeners = f"PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}"
        settings = {
            **_SETTINGS,
            "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
            "listeners": listeners,
            "advertised.listeners": listeners,
            "log.dirs": str(folder / "data"),
        }
        file, logging = folder / "server.properties", folder / "log4j2.properties"
        file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        logging.write_text(_LOGGING)
        program = [java(), f"-Dlog4j2.configurationFile={logging}", "-cp", f"{libraries()}/*"]
        if not (folder / "data" / "meta.properties").exists():
            shutil.rmtree(folder / "data", ignore_errors=True)
            name = _cluster_id()
            tool = ["kafka.tools.StorageTool", "format", "--standalone", "-t", name, "-c", str(file)]
            run([*program, *tool], cwd=folder)
        memory = ["-Xmx512m", "-Xms256m", "-XX:+UseSerialGC"]
        return Launch([program[0], *memory, *program[1:], "kafka.Kafka", str(file)], folder)

    def is_ready(self, ports: list[int]) -> bool:
        client = AdminClient({"bootstrap.servers": self.address(ports), "log_level": 0})
        try:
            return bool(client.list_topics(timeout=2).brokers)
        except KafkaException:
            return False

    def address(self, ports: list[int]) -> str:
        return f"127.0.0.1:{ports[0]}"


def libraries(tell: Tell = tell_nobody) -> Path:
    """Folder of Kafka's jars, fetched once; its command line tools are in them too."""

    def fill(folder: Path) -> None:
        tell("kafka: fetching its jars through Maven, 54 MB, this once")
        require("mvn")
        (folder / "pom.xml").write_text(_POM)
        run(["mvn", "-B", "-q", *_COPY], cwd=folder)

    return whole(_place(), fill) / "libs"


def _place() -> Path:
    return cache() / f"kafka-{VERSION}-tools"


def _cluster_id() -> str:
    """A UUID in Kafka's writing; one that begins with a hyphen would be taken for an option."""
    while (name := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return name
