"""The least that a loop has to do with the same state: consume, decode, move the same keys and bytes, encode, produce, commit.

    python -m benchmarks.state.raw_process redis|dapr ADDRESS TRAFFIC SERVERS EVENTS_TOPIC OUTPUT_TOPIC SAMPLES N
    python -m benchmarks.state.raw_process redis|dapr ADDRESS TRAFFIC N

The second form leaves Kafka out: state alone. It computes nothing, compares nothing, and trusts that nothing fails.
"""

from __future__ import annotations

import json
import pickle
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import grpc
import redis
from dapr.proto.common.v1.common_pb2 import StateItem
from dapr.proto.runtime.v1 import dapr_pb2_grpc
from dapr.proto.runtime.v1.state_pb2 import GetBulkStateRequest, SaveStateRequest

from benchmarks.state.recorded import Traffic
from benchmarks.stream.raw_process import loop
from tools.services.dapr import STATE_STORE

_COMMANDS: Final = 1_000
_BULK: Final = 100
_STATE_ALONE: Final = 5
Written = tuple[str, bytes, int | None]
T = TypeVar("T")


class RawState:
    """Moves the recorded keys and bytes, as many for an event as the worker does."""

    def __init__(self, traffic: Traffic) -> None:
        """Take what was recorded."""
        reads = [key for keys in traffic.reads for key in keys]
        writes = [one for some in traffic.writes for one in some]
        self._reads, self._writes = cycle(reads), cycle(writes)
        self._reads_an_event = len(reads) / traffic.events
        self._writes_an_event = len(writes) / traffic.events
        self.events = 0

    def move(self, events: int) -> None:
        """Read and write what so many events need."""
        before, self.events = self.events, self.events + events
        self.read(_due(self._reads, self._reads_an_event, before, self.events))
        self.write(_due(self._writes, self._writes_an_event, before, self.events))

    def read(self, keys: Sequence[str]) -> None:
        """Read keys."""
        raise NotImplementedError

    def write(self, writes: Sequence[Written]) -> None:
        """Write keys."""
        raise NotImplementedError


class RawRedis(RawState):
    """Plain pipelines of redis-py with hiredis: HMGET; HSET, HINCRBY and EXPIRE."""

    def __init__(self, address: str, traffic: Traffic) -> None:
        """Connect."""
        super().__init__(traffic)
        self._client: Any = cast("Any", redis.Redis).from_url(address)

    def read(self, keys: Sequence[str]) -> None:
        """In pipelines of a thousand commands."""
        for some in _cut(keys, _COMMANDS):
            pipeline = self._client.pipeline(transaction=False)
            for key in some:
                pipeline.hmget(key, "data", "version")
            pipeline.execute()

    def write(self, writes: Sequence[Written]) -> None:
        """As above."""
        for some in _cut(writes, _COMMANDS // 3):
            pipeline = self._client.pipeline(transaction=False)
            for key, value, seconds in some:
                pipeline.hset(key, "data", value)
                pipeline.hincrby(key, "version", 1)
                if seconds is not None:
                    pipeline.expire(key, seconds)
            pipeline.execute()


class RawSidecar(RawState):
    """Bulk calls of a hundred keys each, one after the other, without ETags."""

    def __init__(self, address: str, traffic: Traffic) -> None:
        """Connect."""
        super().__init__(traffic)
        self._stub: Any = cast("Any", dapr_pb2_grpc).DaprStub(grpc.insecure_channel(address))

    def read(self, keys: Sequence[str]) -> None:
        """In calls of a hundred keys."""
        for some in _cut(keys, _BULK):
            self._stub.GetBulkState(GetBulkStateRequest(store_name=STATE_STORE, keys=some, parallelism=_BULK))

    def write(self, writes: Sequence[Written]) -> None:
        """As above."""
        for some in _cut(writes, _BULK):
            items = [
                StateItem(
                    key=key,
                    value=value,
                    metadata={} if seconds is None else {"ttlInSeconds": str(seconds)},
                )
                for key, value, seconds in some
            ]
            self._stub.SaveState(SaveStateRequest(store_name=STATE_STORE, states=items))


KINDS: Final[dict[str, Callable[[str, Traffic], RawState]]] = {"redis": RawRedis, "dapr": RawSidecar}


def alone(state: RawState, count: int) -> dict[str, float]:
    """State alone, in batches as a worker has them."""
    begin, cpu = time.perf_counter(), time.process_time()
    for _ in range(_STATE_ALONE):
        state.move(count // _STATE_ALONE)
    return {
        "events": state.events,
        "seconds": time.perf_counter() - begin,
        "cpu_seconds": time.process_time() - cpu,
    }


def _due(source: Iterator[T], share: float, before: int, after: int) -> list[T]:
    return list(islice(source, int(after * share) - int(before * share)))


def _cut(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def main(arguments: Sequence[str]) -> dict[str, float]:
    """Run one of the two forms."""
    kind, address, recorded, *rest = arguments
    # Made by this benchmark, a moment ago.
    state = KINDS[kind](address, pickle.loads(Path(recorded).read_bytes()))  # noqa: S301
    if len(rest) == 1:
        return alone(state, int(rest[0]))
    servers, topic, output, samples, count = rest
    return loop(servers, topic, output, Path(samples), int(count), state.move)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:])))
