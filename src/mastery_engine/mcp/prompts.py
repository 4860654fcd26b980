"""What a person may begin a talk with: a student's week, and a class before the lesson."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import mcp_types as types

from mastery_engine.contracts.field_words import value_problems
from mastery_engine.domain.errors import InvalidInput, NotFound, Problem
from mastery_engine.domain.events import ItemId, StudentId


class _Prompt(NamedTuple):
    description: str
    argument: str
    kind: object
    text: str


_KNOWN: Final[dict[str, _Prompt]] = {
    "plan_week": _Prompt(
        "Plan a student's week.",
        "student_id",
        StudentId,
        "Plan the coming week for student '{value}'. Call recommend and forecast, then compare_interventions for the two or "
        "three acts that seem to win most. Give at most one act a day, with its minutes; say what the score will be if "
        "all of it is done. Use the tools' numbers only.",
    ),
    "brief_teacher": _Prompt(
        "Brief a teacher before class.",
        "cohort_id",
        ItemId,
        "Brief the teacher of class '{value}' in five lines. Call class_overview; for the two or three students who need "
        "help most, call recommend. Say how the class stands, who needs what, and one thing for everybody. Use the "
        "tools' numbers only.",
    ),
}
PROMPTS: Final = tuple(
    types.Prompt(
        name=name,
        description=one.description,
        arguments=[types.PromptArgument(name=one.argument, required=True)],
    )
    for name, one in _KNOWN.items()
)


def prompt_of(name: str, arguments: Mapping[str, str]) -> str:
    """The text of a prompt.

    Raises:
        NotFound: There is no such prompt.
        InvalidInput: Its argument is missing, no id, or not the only one.
    """
    known = _KNOWN.get(name)
    if known is None:
        raise NotFound(f"no prompt {name[:100]!r}; prompts are {', '.join(_KNOWN)}")
    if list(arguments) != [known.argument]:
        raise InvalidInput.of(
            Problem("arguments", f"{len(arguments)} of them", f"must be {known.argument} alone")
        )
    value = arguments[known.argument]
    problems = tuple(value_problems(known.argument, known.kind, value))
    if problems:
        raise InvalidInput.of(*problems)
    return known.text.format(value=value)
