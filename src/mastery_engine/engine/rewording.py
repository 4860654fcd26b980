"""Reasons of recommendations in other words, where a school's people ask for them: decoration, and nothing that is stored.

Action, area, numbers, order and everything else of a recommendation stay as they are; only its sentence is replaced, by words
that the guard lets pass. Whatever goes wrong, the plain sentence is served, and nobody waits longer than the setting says.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, final

import structlog
from msgspec.structs import replace

from mastery_engine.domain.errors import DependencyDown, InvalidInput
from mastery_engine.domain.recommend import Recommendation
from mastery_engine.domain.scores import Component
from mastery_engine.engine import rewording_guard
from mastery_engine.engine.rewording_budget import TokenBudget
from mastery_engine.engine.rewording_prompt import prompt_of
from mastery_engine.ports import Clock, Prompt, Rewording, Rewriter

PAUSE_SECONDS: Final = 30.0
"""How long an endpoint that gave nothing is left alone; then one answer tries it again."""
SETTLE_SECONDS: Final = 0.25
"""How much longer an answer waits for unused tokens to be given back; else they stay taken."""
LATE_SECONDS: Final = 0.5
"""How much longer than it may a question must take for the endpoint to be left alone, whatever it answered."""
ANSWER_TOKENS: Final = 120
KEPT_SENTENCES: Final = 4_096
_FRAME_TOKENS: Final = 32
"""What an endpoint puts around instructions and sentence: roles, beginnings, ends."""
_MOST_TOLD: Final = 1_000_000
_log: Final = structlog.get_logger(__name__)


class Reasons(NamedTuple):
    """Recommendations in their order, and the areas of those whose sentence a model made."""

    recommendations: list[Recommendation]
    reworded: tuple[Component, ...]


@final
class ReasonRewording:
    """Rewords, remembers, and gives up in time."""

    def __init__(self, rewriter: Rewriter, budget: TokenBudget, clock: Clock, seconds: float) -> None:
        """Put the parts together.

        Args:
            rewriter: The model.
            budget: Tokens a day and school.
            clock: For the pause after a failure.
            seconds: Longest that an answer waits for its rewording.
        """
        self._rewriter = rewriter
        self._budget = budget
        self._clock = clock
        self._seconds = seconds
        # By model and plain sentence, in which nobody's id stands; None for one whose rewording was refused.
        self._known: OrderedDict[tuple[str, str], str | None] = OrderedDict()
        self._failed = False
        self._paused_until = 0.0

    async def reword(self, tenant_id: str, plain: list[Recommendation], ids: Sequence[str | None]) -> Reasons:
        """The same recommendations, with other words where there are any that may be served.

        Args:
            tenant_id: Whose tokens are used.
            plain: Recommendations as the domain makes them.
            ids: See `prompt_of`.
        """
        sentences = [one.reason for one in plain]
        prompts = _prompts(sentences, ids)
        new = [one for one in prompts if self._key(one.sentence) not in self._known]
        if new:
            await self._ask(tenant_id, new)
        words = self._words(one.sentence for one in prompts)
        said = [words.get(one.reason, one.reason) for one in plain]
        return Reasons(
            [replace(one, reason=text) for one, text in zip(plain, said, strict=True)],
            tuple(one.area for one, text in zip(plain, said, strict=True) if text != one.reason),
        )

    async def _ask(self, tenant_id: str, prompts: Sequence[Prompt]) -> None:
        started, trying = self._clock.monotonic(), self._failed
        if trying and started < self._paused_until:
            return
        # Whoever comes while this one tries again is served plainly at once.
        self._paused_until = started + PAUSE_SECONDS
        each = [_at_most(one) for one in prompts]
        key = await self._taken(tenant_id, sum(each))
        if key is None:
            if trying:
                # Nobody has tried: a school without tokens must not keep the others waiting.
                self._paused_until = started
            return
        left = self._seconds - (self._clock.monotonic() - started)
        answers = await self._rewriter.rewrite(prompts, ANSWER_TOKENS, max(0.0, left))
        late = self._clock.monotonic() - started > self._seconds + LATE_SECONDS
        self._note_troubles(answers, late=late)
        self._remember(prompts, answers)
        await self._settle(key, each, answers)

    async def _taken(self, tenant_id: str, tokens: int) -> str | None:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._budget.take(tenant_id, tokens)
        except (TimeoutError, DependencyDown) as error:
            _log.warning("no tokens counted for rewording", reason=type(error).__name__)
            return None

    async def _settle(self, key: str, each: Sequence[int], answers: Sequence[Rewording]) -> None:
        used = sum(_used(most, one) for most, one in zip(each, answers, strict=True))
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                await self._budget.settle(key, sum(each), used)
        except (TimeoutError, DependencyDown) as error:
            _log.warning("tokens of rewording stay taken", reason=type(error).__name__)

    def _note_troubles(self, answers: Iterable[Rewording], *, late: bool) -> None:
        troubles = Counter(one.trouble for one in answers if one.text is None)
        # Late although nobody waits so long: what came kept the process busy, and others waited too.
        troubles.update(["late"] if late else [])
        self._failed = late or all(one.text is None for one in answers)
        if troubles:
            pause = PAUSE_SECONDS if self._failed else 0.0
            _log.warning("rewording failed", reasons=dict(troubles), pause_seconds=pause)

    def _remember(self, prompts: Sequence[Prompt], answers: Sequence[Rewording]) -> None:
        refused: Counter[str] = Counter()
        for prompt, answer in zip(prompts, answers, strict=True):
            if answer.text is None:
                continue
            text, rule = rewording_guard.reworded(prompt.sentence, answer.text)
            refused.update([rule] if rule else [])
            # A refusal is remembered too: the same question would most often cost the same answer.
            self._known[self._key(prompt.sentence)] = text
        while len(self._known) > KEPT_SENTENCES:
            self._known.popitem(last=False)
        if refused:
            _log.info("rewordings refused", rules=dict(refused))

    def _words(self, sentences: Iterable[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for sentence in sentences:
            text = self._known.get(self._key(sentence))
            if text is not None:
                self._known.move_to_end(self._key(sentence))
                found[sentence] = text
        return found

    def _key(self, sentence: str) -> tuple[str, str]:
        return self._rewriter.model, sentence


def _prompts(sentences: Iterable[str], ids: Sequence[str | None]) -> list[Prompt]:
    """Those that may leave; a sentence in which an id stands is served as it is."""
    found: list[Prompt] = []
    for sentence in dict.fromkeys(sentences):
        try:
            found.append(prompt_of(sentence, ids))
        except InvalidInput:
            _log.info("a sentence is not reworded", reason="id_in_prompt")
    return found


def _at_most(prompt: Prompt) -> int:
    """More tokens than it should take: hardly any is shorter than a byte."""
    return len("".join(prompt).encode()) + _FRAME_TOKENS + ANSWER_TOKENS


def _used(most: int, answer: Rewording) -> int:
    """What is counted: what was told, where that can be."""
    told = answer.tokens
    if told is None or (told == 0 and answer.text is not None):
        return most
    return min(told, _MOST_TOLD)
