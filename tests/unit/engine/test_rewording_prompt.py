"""What a model is told, and in which an id is looked for."""

from __future__ import annotations

import pytest

from mastery_engine.domain.errors import InvalidInput
from mastery_engine.engine.rewording_prompt import INSTRUCTIONS, prompt_of
from mastery_engine.ports import Prompt
from tests.unit.engine.rewording_house import QUIZ


@pytest.mark.parametrize("name", ["ann", "4", "ver", "quizzes", "os:root", ""])
def test_an_id_that_stands_nowhere_or_within_a_word_keeps_nothing_back(name: str) -> None:
    assert prompt_of(QUIZ, [name]) == Prompt(INSTRUCTIONS, QUIZ)


@pytest.mark.parametrize("name", ["ann", "a1", "x-9", "çelik", "ann smith"])
def test_an_id_that_has_come_into_a_sentence_is_found_between_whatever_signs(name: str) -> None:
    for around in ("{}", "'{}'", "_{}_", "({}).", "id={}"):
        with pytest.raises(InvalidInput):
            prompt_of(f"Your average, {around.format(name.upper())} %.", [name])
