"""What is there in a history, whoever lives or dies: log, stores, and what was ever sent."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Coroutine
from typing import Any, Final
from zlib import crc32

from mastery_engine.adapters.memory import (
    MemoryArchive,
    MemoryDeadLetters,
    MemoryEventLog,
    MemoryResults,
    MemoryStateStore,
)
from mastery_engine.contracts import keys
from mastery_engine.contracts.tenant import Tenant, encode_tenant
from mastery_engine.domain.events import LearningEvent
from mastery_engine.domain.formulas import Formulas, Rollout
from mastery_engine.engine.committed import Committed, committed_of
from mastery_engine.engine.derived import DerivedKeys
from mastery_engine.engine.formula_choice import FormulaChoice
from mastery_engine.engine.lifetimes import Lifetimes
from mastery_engine.engine.step import Ports
from mastery_engine.engine.tenants import TenantDirectory
from mastery_engine.ports import ABSENT, NewRecord, Write
from tools.simulation.code import Code
from tools.simulation.dapr_store import DaprLikeStore
from tools.simulation.events import TENANTS, Sent
from tools.simulation.faults import (
    FaultyArchive,
    FaultyConsumer,
    FaultyLetters,
    FaultyResults,
    NoLimit,
    VirtualClock,
    pause,
)
from tools.simulation.faulty_store import FaultyStore

GROUP: Final = "workers"
PARTITIONS: Final = 3
_DAPR: Final = 4
"""Every so many histories have a state store with the ways of a Dapr sidecar."""


class NeverExpire(Lifetimes):
    """Nothing expires, so that a history may take as long as it likes."""

    def document(self, tenant: Tenant, newest_ms: int, now_ms: int) -> int | None:
        return None

    def processed(self, tenant: Tenant) -> int | None:
        return None


class NoFlags:
    """Every student gets the tenant's formula."""

    async def formula_rollout(self, tenant_id: str, tenant_formula: str) -> Rollout:
        return Rollout(default=tenant_formula)


class World:
    """What is there, whoever lives or dies."""

    def __init__(self, seed: int, code: Code) -> None:
        self.seed = seed
        self.code = code
        self.chance = random.Random(seed)
        self.clock = VirtualClock()
        self.log = MemoryEventLog(self.clock, partitions=PARTITIONS, topic_id="topic-0")
        self.topics = 1
        self.store = DaprLikeStore(self.clock, seed) if seed % _DAPR == 0 else MemoryStateStore(self.clock)
        self.archive = MemoryArchive()
        self.letters = MemoryDeadLetters()
        self.results = MemoryResults()
        self.pseudonyms = keys.Pseudonyms(b"k" * 32)
        self.formulas = Formulas()
        self.sent: list[Sent] = []
        self.poison: set[str] = set()
        """Ids of events that no fold survives now."""
        self.ever_poison: set[str] = set()
        self.erased: set[tuple[str, str]] = set()
        """Students whom an eraser has begun to erase."""
        self.forgotten: set[tuple[str, str]] = set()
        """Students of whom nothing may come back."""
        self.expired: set[str] = set()
        """Ids of events whose `processed:` records have expired."""
        self.damaged = False
        """Whether a live document was spoilt, for replay to mend."""
        self.unclear: set[str] = set()
        """Ids of events whose `processed:` records were spoilt."""
        self.replayed = False
        """Whether a replay ran that switches."""
        self.went_back = False
        """Whether the state was lost, and an older one put in its place."""
        self.told: dict[str, list[str]] = {}
        """Differences that a comparison told, by student."""
        self.undisturbed = True
        """Whether there was one worker at a time, and no step that did not come to its end."""
        self.scattered = 0.0
        """Share of the records that lie under another key than their student's."""
        self.tenants = {tenant.tenant_id: tenant for tenant in TENANTS}
        for tenant in TENANTS[1:]:
            run(self.store.write_many([Write(keys.tenant(tenant.tenant_id), encode_tenant(tenant), ABSENT)]))

    def processor(self, code: Code) -> tuple[Any, FaultyConsumer]:
        """A processor as a fresh process would build it."""
        consumer = FaultyConsumer(self.log, GROUP)
        ports = Ports(
            log=self.log,
            consumer=consumer,
            store=FaultyStore(self.store),
            results=FaultyResults(self.results),
            dead_letters=FaultyLetters(self.letters),
            archive=FaultyArchive(self.archive),
            clock=self.clock,
            within=NoLimit,
        )
        choice = FormulaChoice(self.formulas, NoFlags())
        lifetimes = NeverExpire()
        tenants = TenantDirectory(self.store, self.formulas)
        processor = code.process.Processor(
            ports, tenants, choice, self.pseudonyms, lifetimes, DerivedKeys(lifetimes), self._in_turn
        )
        return processor, consumer

    def replay(self, code: Code) -> Any:
        """A replay as a fresh process would build it."""
        choice = FormulaChoice(self.formulas, NoFlags())
        return code.replay.Replay(
            FaultyStore(self.store),
            FaultyArchive(self.archive),
            self._committed,
            choice,
            self.pseudonyms,
            NeverExpire(),
            self.clock,
        )

    async def _committed(self) -> Committed:
        """What the workers have committed, as one more moment at which others may go on."""
        await pause("log.committed", 0)
        return await committed_of(self.log, GROUP)

    def append(self, student: tuple[str, str], raw: bytes, event: LearningEvent | None) -> None:
        """Put a record into the log, mostly under the student's own key."""
        key = keys.learner(*student).encode()
        if self.chance.random() < self.scattered:
            key += b"-" + str(self.chance.randrange(4)).encode()
        partition = crc32(key) % PARTITIONS
        offset = run(self.log.ends())[partition]
        run(self.log.append([NewRecord(key, raw)]))
        if event is not None and self.tenants[event.tenant_id].rules().problems(event, self.clock.ms):
            # A repeat of what has become too old meanwhile.
            event = None
        self.sent.append(Sent(self.topic_id, partition, offset, raw, event))

    async def _in_turn(self, *calls: Coroutine[Any, Any, None]) -> None:
        """Calls that may run side by side, one after the other in any order."""
        left = list(calls)
        self.chance.shuffle(left)
        try:
            while left:
                await left.pop()
        finally:
            for call in left:
                call.close()

    @property
    def topic_id(self) -> str:
        """Id of the topic as it is now."""
        return f"topic-{self.topics - 1}"

    async def copy_of_state(self) -> dict[str, bytes]:
        """All that the state store holds."""
        state: dict[str, bytes] = {}
        async for names in self.store.scan(""):
            entries = await self.store.get_many(names)
            state.update({name: one.value for name, one in zip(names, entries, strict=True) if one})
        return state

    async def put_back(self, state: dict[str, bytes]) -> None:
        """Make the state store hold what it once held, and nothing else."""
        async for names in self.store.scan(""):
            await self.store.write_many([Write(name, None) for name in names])
        await self.store.write_many([Write(name, value) for name, value in state.items()])

    def recreate(self) -> None:
        """Delete the topic and make it again."""
        self.topics += 1
        run(self.log.recreate(self.topic_id))


def run(call: Awaitable[Any]) -> Any:
    """Run a coroutine that never waits."""
    try:
        call.__await__().__next__()
    except StopIteration as end:
        return end.value
    raise AssertionError("a call on memory waited")
