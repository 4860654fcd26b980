"""Sentences said in other words by a language model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Prompt(NamedTuple):
    """What a model is told for one sentence: nothing else leaves.

    Attributes:
        instructions: What to do with it; the same for every sentence.
        sentence: The plain sentence.
    """

    instructions: str
    sentence: str


class Rewording(NamedTuple):
    """What came back for one prompt, as it was sent: whoever shows it to a person checks it before.

    Attributes:
        text: The model's words; None if none came.
        tokens: How many the endpoint says it took; 0 where it took none, None if nobody knows.
        trouble: Why no text came, in a few words that hold nothing of what was sent; empty if one did.
    """

    text: str | None
    tokens: int | None
    trouble: str = ""


class Rewriter(Protocol):
    """A language model somewhere else."""

    @property
    def model(self) -> str:
        """Its name."""
        ...

    async def rewrite(self, prompts: Sequence[Prompt], most_tokens: int, seconds: float) -> list[Rewording]:
        """Ask for all of them at once; never raises for what the endpoint does.

        Args:
            prompts: Each is asked for by itself, so that no answer can take another's place.
            most_tokens: Longest answer to one of them.
            seconds: After this long, what has not come is given up.

        Returns:
            One for each prompt, in their order.
        """
        ...

    async def close(self) -> None:
        """Let go of everything; idempotent."""
        ...
