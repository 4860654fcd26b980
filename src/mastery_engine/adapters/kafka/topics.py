"""The topics that an installation needs: looked at, made, and never changed behind anybody's back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, cast, final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.cimpl import NewPartitions, NewTopic
from msgspec import Struct

from mastery_engine.adapters.kafka.admin import ANSWER_SECONDS, KafkaAdmin
from mastery_engine.contracts.topics import TopicNames
from mastery_engine.domain.errors import ConfigurationError
from mastery_engine.ports import Retention

_DAY_MS: Final = 86_400_000
_LARGEST_BYTES: Final = 4 << 20
_LARGEST_LETTER_BYTES: Final = 16 << 20
_APPEND_TIME: Final = ("message.timestamp.type", "LogAppendTime")
_DELETE: Final = ("cleanup.policy", "delete")


class WantedTopic(Struct, frozen=True, kw_only=True):
    """A topic as it should be.

    Attributes:
        config: Its settings by Kafka's names.
        essential: Names of those without which events would be judged wrongly, or lost.
    """

    name: str
    partitions: int
    replicas: int
    config: dict[str, str]
    essential: tuple[str, ...]


class TopicState(Struct, frozen=True, kw_only=True):
    """A topic as it is.

    Attributes:
        state: `good`; `missing`; `made` or `grown` just now; `drifted`, with what differs.
        partitions: How many it has.
        differences: What is otherwise than wanted, in words.
    """

    name: str
    state: Literal["good", "missing", "made", "grown", "drifted"]
    partitions: int
    differences: list[str]


@final
class Topics:
    """Looks after the topics of an installation."""

    def __init__(self, admin: KafkaAdmin, names: TopicNames, partitions: int, replicas: int) -> None:
        """Nothing is asked yet.

        Args:
            admin: Open.
            names: Of the topics.
            partitions: Of each topic but the dead letters', which has half as many.
            replicas: Of each topic; of three or more, two must be in step.
        """
        self._admin = admin
        insync = 2 if replicas > 2 else 1  # noqa: PLR2004 - a majority of three
        common = {"min.insync.replicas": str(insync)}

        def wanted(name: str, count: int, days: int, **config: str) -> WantedTopic:
            told = {"retention.ms": str(days * _DAY_MS), **dict([_DELETE]), **common, **config}
            essential = ("cleanup.policy", *(name for name, _ in [_APPEND_TIME] if name in told))
            return WantedTopic(
                name=name, partitions=count, replicas=replicas, config=told, essential=essential
            )

        append_time, large = dict([_APPEND_TIME]), {"max.message.bytes": str(_LARGEST_BYTES)}
        # A letter holds its record whole, and more.
        larger = {"max.message.bytes": str(_LARGEST_LETTER_BYTES)}
        self.wanted: Final = (
            wanted(names.requests, partitions, 7, **append_time, **large),
            wanted(names.results, partitions, 2),
            wanted(names.dead_letters, max(1, partitions // 2), 30, **larger),
            wanted(names.cloud_events, partitions, 7, **large),
        )

    async def look(self) -> list[TopicState]:
        """Each topic as it is.

        Raises:
            DependencyDown: Kafka does not answer.
            ConfigurationError: It refuses the user or the protocol.
        """
        return await self._admin.ask("look at the topics", lambda: [*map(self._look, self.wanted)])

    async def apply(self, *, grow: bool = False) -> list[TopicState]:
        """Make what is missing; show what differs, and change nothing that is there.

        Args:
            grow: Add partitions to topics that have fewer than wanted.

        Raises:
            DependencyDown: Kafka does not answer.
            ConfigurationError: It refuses, as where there are fewer brokers than replicas.
        """
        return await self._admin.ask(
            "make the topics", lambda: [self._apply(one, grow=grow) for one in self.wanted]
        )

    async def retentions(self) -> list[Retention]:
        """How long each topic that is there keeps its records.

        Raises:
            DependencyDown: Kafka does not answer.
        """
        return await self._admin.ask(
            "ask how long topics keep their records", lambda: [*self._kept(one.name for one in self.wanted)]
        )

    def _kept(self, names: Iterable[str]) -> Iterator[Retention]:
        for name in names:
            try:
                self._admin.topic(name)
            except KafkaException as error:
                failure: KafkaError = error.args[0]
                if failure.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise
            else:
                told = self._config(name)
                # A segment is deleted whole, once its newest record is old enough, and is rolled by time or size.
                kept, rolled = int(told["retention.ms"]), int(told["segment.ms"])
                yield Retention(name, None if kept < 0 else kept + rolled)

    async def check(self) -> None:
        """To be asked before a process reads or writes.

        Raises:
            ConfigurationError: A topic is missing, has too few partitions, or would lose or misjudge events.
            DependencyDown: Kafka does not answer.
        """
        wrong: list[str] = []
        for wanted, found in zip(self.wanted[:3], await self.look(), strict=False):
            if found.state == "missing":
                wrong.append(f"there is no topic {wanted.name}: make it with mastery topics apply")
                continue
            if found.partitions < wanted.partitions:
                wrong.append(
                    f"{wanted.name} has {found.partitions} partitions and MASTERY_KAFKA_PARTITIONS wants "
                    f"{wanted.partitions}: add them with mastery topics apply --grow, or set it to what there is"
                )
            wrong += [
                f"{wanted.name}: {told}: set it with kafka-configs"
                for told in found.differences
                if told.startswith(wanted.essential)
            ]
        if wrong:
            raise ConfigurationError(f"Kafka at {self._admin.connection.servers}: {'; '.join(wrong)}")

    def _look(self, wanted: WantedTopic) -> TopicState:
        try:
            _, partitions = self._admin.topic(wanted.name)
        except KafkaException as error:
            failure: KafkaError = error.args[0]
            if failure.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                return TopicState(name=wanted.name, state="missing", partitions=0, differences=[])
            raise
        config = self._config(wanted.name)
        differences = [
            f"{name} is {config.get(name, 'not told')} and not {value}"
            for name, value in wanted.config.items()
            if config.get(name) != value
        ]
        if partitions != wanted.partitions:
            differences.insert(0, f"partitions are {partitions} and not {wanted.partitions}")
        state = "drifted" if differences else "good"
        return TopicState(name=wanted.name, state=state, partitions=partitions, differences=differences)

    def _apply(self, wanted: WantedTopic, *, grow: bool) -> TopicState:
        found = self._look(wanted)
        client = cast("Any", self._admin.client())
        if found.state == "missing":
            topic = NewTopic(wanted.name, wanted.partitions, wanted.replicas, config=wanted.config)
            client.create_topics([topic], request_timeout=ANSWER_SECONDS)[wanted.name].result(20)
            return TopicState(name=wanted.name, state="made", partitions=wanted.partitions, differences=[])
        if grow and found.partitions < wanted.partitions:
            more = NewPartitions(wanted.name, wanted.partitions)
            client.create_partitions([more], request_timeout=ANSWER_SECONDS)[wanted.name].result(20)
            return TopicState(
                name=wanted.name,
                state="grown",
                partitions=wanted.partitions,
                differences=found.differences[1:],
            )
        return found

    def _config(self, name: str) -> dict[str, str]:
        resource = ConfigResource(ConfigResource.Type.TOPIC, name)
        client = cast("Any", self._admin.client())
        told = client.describe_configs([resource], request_timeout=ANSWER_SECONDS)[resource].result(20)
        return {key: str(entry.value) for key, entry in told.items()}
