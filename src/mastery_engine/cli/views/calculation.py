"""A what-if calculation."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from mastery_engine.cli import words
from mastery_engine.cli.views.profile import parts
from mastery_engine.contracts.answers import Calculation
from mastery_engine.domain.scores import Formula


def calculation_view(answer: Calculation, formula: Formula) -> Group:
    """The score and its parts."""
    result = answer.result
    title = Text("That would be ")
    title.append(f"{words.points(result.score)} of 100", style="bold")
    title.append(", ")
    title.append(result.level, style=words.LEVEL_STYLE[result.level])
    title.append(f" (formula {result.formula})", style="dim")
    blocks: list[RenderableType] = [title, Text(), parts(result, formula)]
    if answer.current is not None:
        change = words.signed_points(result.score - answer.current.score)
        now = words.points(answer.current.score)
        blocks += [Text(), Text(f"Student {answer.student_id} is at {now} now: {change} points.")]
    return Group(*blocks)
