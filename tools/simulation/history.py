"""One random history: producers, workers, faults and healing, every choice from one seed."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

import structlog

from mastery_engine.domain.errors import DependencyDown
from mastery_engine.domain.events import Event
from mastery_engine.domain.learner import LearnerState
from mastery_engine.engine.step import StepLate
from tools.simulation.actions import Actions
from tools.simulation.faults import Actor, Fate
from tools.simulation.stage import MOST_MOMENTS, NoEnd
from tools.simulation.world import World

_LATE_MS: Final = 31_000


class History(Actions):
    """Runs the world by chance until it rests."""

    def play(self) -> World:
        """Faults and traffic first, then healing, until nothing is left to do."""
        try:
            kept = self.chance.choice((0, 1, 100))
            with _poison(self.world), patch.object(self.code.step_parts, "_MOST_FINISHED_KEPT", kept):
                self._unrest()
                self._settle()
        finally:
            self._end()
        return self.world

    def _unrest(self) -> None:
        plan = [self._action() for _ in range(self.chance.randrange(*self.theme.length))]
        pace = self.chance.choice((0.01, 0.05, 0.15))
        while plan:
            if self.moments > MOST_MOMENTS:
                raise NoEnd(f"still {len(plan)} actions to do")
            if self.chance.random() < (0.3 if self._resting() else pace):
                self._note("world", plan[-1].__name__)
                plan.pop()()
            self._moment()
        for _ in range(self.chance.choice((0, 20, 300))):
            if self._resting():
                break
            self._moment()

    def _moment(self) -> None:
        self.moments += 1
        self._people()
        self._one(self._fate)

    def _settle(self) -> None:
        """Everybody dies; a worker in good health does what is left, and a replay mends."""
        self.outage = 0
        self._alone(self._tidy())
        if self.world.damaged or self.world.unclear:
            self._alone(self._replaying())

    async def _tidy(self) -> None:
        processor, consumer = self.world.processor(self.code)
        worker = self.code.work.Worker(processor, consumer, self.world.clock, 100)
        await worker.drain()
        if self.world.topics > 1 and self.most_workers > 1:
            # With several workers one may write after another's pass: what `mastery state complete` is for.
            await processor.complete()

    def _people(self) -> None:
        self.actors = [actor for actor in self.actors if not actor.ended]
        working = [actor for actor in self.actors if actor.name.startswith("worker")]
        if len(working) < self.most_workers and (not working or self.chance.random() < 0.1):
            self.born += 1
            name = f"worker-{self.born}"
            self.actors.append(Actor(name, self._working(name)))

    def _one(self, fate: Callable[[Actor[None]], Fate]) -> None:
        awake = [actor for actor in self.actors if self.asleep.get(actor.name, 0) <= self.moments]
        if self._now is None or self._now not in awake or self.chance.random() >= self.rates.stay:
            self._now = self.chance.choice(awake or self.actors)
        self.world.clock.ms += self.chance.randrange(20)
        self.outage = max(0, self.outage - 1)
        self._resume(self._now, fate(self._now))
        if self.sleep and self.chance.random() < self.sleep:
            self.asleep[self._now.name] = self.moments + self.chance.randrange(5, 80)

    def _fate(self, actor: Actor[None]) -> Fate:
        if actor.at is None:
            return Fate()
        name, size = actor.at
        chance = self.chance
        if self.rates.late and chance.random() < self.rates.late:
            self.world.clock.ms += _LATE_MS
            self.world.undisturbed = False
        part = chance.choice((0, size, chance.randrange(size + 1)))
        if chance.random() < self.rates.kill:
            return Fate("is killed", part)
        if name == "clock.sleep" or name.endswith("between"):
            return Fate()
        if (self.outage and name.startswith("store")) or chance.random() < self.rates.down:
            return Fate("is down", part)
        if size > 1 and chance.random() < 0.2:
            return Fate("answers", part)
        return Fate()

    async def _working(self, name: str) -> None:
        """A worker's life: steps, and a new start after whatever was down."""
        code, world = self.code, self.world
        processor, consumer = world.processor(code)
        size = self.chance.choice(self.theme.batches)
        while True:
            try:
                if name in self.rebalanced:
                    self.rebalanced.discard(name)
                    await consumer.rewind()
                await processor.step(size)
            except (DependencyDown, StepLate):
                self.rebalanced.add(name)
                await world.clock.sleep(0.1)


@contextmanager
def _poison(world: World) -> Generator[None]:
    """Folding an event of `world.poison` raises."""
    fold: Any = LearnerState.fold

    def poisoned(state: LearnerState, event: Event, day: int, retention_days: int | None) -> None:
        if event.event_id in world.poison:
            raise ZeroDivisionError("poison")
        fold(state, event, day, retention_days)

    with patch.object(LearnerState, "fold", poisoned), structlog.testing.capture_logs():
        yield
