"""What a model is told: a sentence of ours, and never whom it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from mastery_engine.domain.errors import InvalidInput
from mastery_engine.ports import Prompt

INSTRUCTIONS: Final = (
    "Say this to a learner in other words, friendly and plain, in English. Keep each number with its unit, and their order. "
    "Name the same thing to work on and nothing else. Add no advice. Answer with one sentence or two, and nothing beside."
)
_SHORT: Final = 4
"""An id of fewer characters is looked for as a word: `an` stands in many a word and tells nothing there."""


def prompt_of(sentence: str, ids: Iterable[str | None]) -> Prompt:
    """The prompt for a sentence.

    Args:
        sentence: As we say it.
        ids: Whoever and whatever the answer is about: student, course, school, who asks. One that happens to be a word of the
            sentence or of the instructions is refused too; nobody can tell the one from the other.

    Raises:
        InvalidInput: An id stands in it; the message does not say which.
    """
    prompt = Prompt(INSTRUCTIONS, sentence)
    text = f"{prompt.instructions}\n{prompt.sentence}".casefold()
    if any(_stands_in(one.strip().casefold(), text) for one in ids if one and one.strip()):
        raise InvalidInput(
            "an id stands in what would be sent to a language model; nothing was sent", reason="id_in_prompt"
        )
    return prompt


def _stands_in(name: str, text: str) -> bool:
    if len(name) >= _SHORT:
        return name in text
    return re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", text) is not None
