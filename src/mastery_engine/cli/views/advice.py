"""Recommendations and learning paths."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from mastery_engine.cli import words
from mastery_engine.contracts.answers import RecommendationsAnswer
from mastery_engine.domain.learning_path import LearningPath

_PRIORITY_STYLE = {"high": "bright_red", "medium": "bright_yellow", "low": "default"}


def recommendations_view(answer: RecommendationsAnswer) -> Group:
    """Best first, each with its reason and minutes."""
    title = Text("Student ")
    title.append(answer.student_id, style="bold")
    title.append(f" · {words.scope(answer.course_id)} · {words.long_date(answer.as_of)} · now at ")
    title.append(f"{words.points(answer.current.score)} of 100", style="bold")
    title.append(", ")
    title.append(answer.current.level, style=words.LEVEL_STYLE[answer.current.level])
    parts: list[RenderableType] = [title, Text()]
    for number, one in enumerate(answer.recommendations, 1):
        line = Text(f"{number:2}. ")
        line.append(f"{one.action} {words.COMPONENT_NAMES[one.area].lower()}", style="bold")
        line.append(f"  {words.minutes(one.estimated_time)}, {words.gain(one.gain)}, ", style="dim")
        line.append(f"{one.priority} priority", style=_PRIORITY_STYLE[one.priority])
        reason = Text(one.reason)
        if one.area in answer.reworded:
            reason.append(" (in the words of a language model)", style="dim")
        parts += [line, Padding(reason, (0, 0, 0, 4), expand=False)]
    return Group(*parts)


def path_view(student_id: str, path: LearningPath) -> Group:
    """Steps with their days."""
    title = Text("Student ")
    title.append(student_id, style="bold")
    goal = path.plan.goal.replace("_", " ")
    title.append(f" · {goal} · {path.plan.daily_minutes} minutes a day from {words.long_date(path.as_of)}")
    parts: list[RenderableType] = [title, Text()]
    for number, step in enumerate(path.steps, 1):
        line = Text(f"{number:2}. ")
        line.append(f"{step.action} {words.COMPONENT_NAMES[step.area].lower()}", style="bold")
        when = step.starts_on.isoformat()
        if step.ends_on != step.starts_on:
            when += f" to {step.ends_on.isoformat()}"
        line.append(f"  {when}, {words.minutes(step.minutes)}, {words.gain(step.gain)}", style="dim")
        parts += [line, Padding(Text(step.reason), (0, 0, 0, 4), expand=False)]
    parts += [Text(), _end(path)]
    if path.left_out:
        parts.append(Text(f"No time is left before the assessment for: {', '.join(path.left_out)}."))
    return Group(*parts)


def _end(path: LearningPath) -> Text:
    text = Text(f"Together {words.minutes(path.total_minutes)}, {words.gain(path.gain)}. ")
    if path.estimated_completion is not None:
        text.append(f"Done by {words.long_date(path.estimated_completion)}", style="bold")
        if path.in_time is not None:
            text.append(", in time" if path.in_time else ", after the assessment")
        text.append(": ")
    text.append(path.completion_note, style="dim")
    return text
