"""Where actors stand, and are taken from moment to moment."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Final

from tools.simulation.code import Code
from tools.simulation.faults import Actor, Fate
from tools.simulation.world import World

MOST_MOMENTS: Final = 20_000
_TRACE: Final = 400


class NoEnd(AssertionError):
    """The history did not come to rest."""


class Stage:
    """The actors of a history, and what happened last."""

    def __init__(self, seed: int, code: Code) -> None:
        self.world = World(seed, code)
        self.code = code
        self.chance = self.world.chance
        self.actors: list[Actor[None]] = []
        self.trace: list[str] = []

    def _resting(self) -> bool:
        """Whether every actor only looks for more to do."""
        return all(actor.at is None or actor.at[0] in {"log.poll", "clock.sleep"} for actor in self.actors)

    def _end(self) -> None:
        """Everybody dies."""
        self.world.undisturbed = self.world.undisturbed and self._resting()
        for actor in self.actors:
            actor.kill()
        self.actors = []

    def _alone(self, body: Coroutine[Any, Any, None]) -> None:
        """Do this to its end, with nobody else there and nothing failing."""
        self._end()
        actor = Actor[None]("healer", body)
        self.actors = [actor]
        for _ in range(MOST_MOMENTS):
            if actor.ended:
                return
            self._resume(actor, Fate())
        raise NoEnd("the healthy worker does not come to an end")

    def _resume(self, actor: Actor[None], fate: Fate) -> None:
        if actor.at is not None:
            self._note(
                actor.name,
                f"{actor.at[0]} x{actor.at[1]} {fate.ending} {'' if fate.done is None else fate.done}",
            )
        if fate.ending != "answers":
            self.world.undisturbed = False
        actor.resume(fate)

    def _note(self, who: str, what: str) -> None:
        self.trace.append(f"{self.world.clock.ms} {who}: {what}")
        del self.trace[:-_TRACE]
