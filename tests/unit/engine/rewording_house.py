"""Rewording with a model that a test makes up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mastery_engine.adapters.memory import MemoryStateStore
from mastery_engine.contracts import keys
from mastery_engine.domain.recommend import Recommendation
from mastery_engine.engine.rewording import ANSWER_TOKENS, ReasonRewording
from mastery_engine.engine.rewording_budget import TokenBudget
from mastery_engine.engine.rewording_prompt import INSTRUCTIONS
from mastery_engine.ports import Prompt, Rewording
from tests.llm_endpoint import friendly
from tests.unit.engine.house import StandingClock

DAY = "2024-03-10"
QUIZ = "Your quiz average is 40 %, below 70 %; reaching it adds 9.0 points to your score."
NONE = "No exercise has been counted yet; reaching 70 % adds 28.0 points to your score."


class Model:
    """A model as a test wants it; tells what it was asked."""

    def __init__(self, say: Callable[[str], Rewording] | None = None) -> None:
        self.model = "m"
        self.asked: list[str] = []
        self.say: Callable[[str], Rewording] = say or (lambda sentence: Rewording(friendly(sentence), 50))

    async def rewrite(self, prompts: Sequence[Prompt], most_tokens: int, seconds: float) -> list[Rewording]:
        assert (most_tokens, 0 <= seconds <= 2.0) == (ANSWER_TOKENS, True)
        assert {one.instructions for one in prompts} == {INSTRUCTIONS}
        self.asked += [one.sentence for one in prompts]
        return [self.say(one.sentence) for one in prompts]

    async def close(self) -> None:
        pass


class House:
    """Rewording with a model, a store and a clock."""

    def __init__(self, most: int = 100_000) -> None:
        self.clock = StandingClock()
        self.store: Any = MemoryStateStore(self.clock)
        self.model = Model()
        self.rewording = self.replica(most)

    def replica(self, most: int = 100_000) -> ReasonRewording:
        """One more process on the same store."""
        return ReasonRewording(self.model, TokenBudget(self.store, self.clock, most), self.clock, 2.0)

    async def reword(
        self, *sentences: str, tenant: str = "default", ids: Sequence[str] = ("ann",)
    ) -> list[str]:
        given = [advice(one) for one in sentences]
        found = await self.rewording.reword(tenant, given, ids)
        assert [with_reason(one, "") for one in found.recommendations] == [
            with_reason(one, "") for one in given
        ]
        return [one.reason for one in found.recommendations]

    async def tokens(self, tenant: str = "default", day: str = DAY) -> int | None:
        entry = (await self.store.get_many([keys.rewording_tokens(tenant, day)]))[0]
        return None if entry is None else int(entry.value)


def advice(reason: str) -> Recommendation:
    area = "quiz" if "quiz" in reason else "completion"
    return Recommendation(area, "review", "medium", 0.09, 45, reason)


def with_reason(one: Recommendation, reason: str) -> tuple[Any, ...]:
    return one.area, one.action, one.priority, one.gain, one.estimated_time, reason
