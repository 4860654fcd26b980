"""A class, and a student in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mastery_engine.cli import words
from mastery_engine.cli.class_lines import ClassLine
from mastery_engine.cli.views.fitting import Fitting
from mastery_engine.cli.views.profile import level_text
from mastery_engine.contracts.answers import Comparison, MemberStanding, Metric
from mastery_engine.contracts.event_words import printable
from mastery_engine.domain.cohort import Standing

_BAR_WIDTH = 10
_NUMBERS = (0, 2)


def class_view(answer: Comparison, lines: Mapping[str, ClassLine]) -> Group:
    """Everybody in the order of ranks."""
    metric = next(iter(answer.standings))
    parts: list[RenderableType] = [_title(answer), _summary(answer.standings[metric], metric), Text()]
    names = ("Rank", "Student", words.COMPONENT_NAMES[metric], "", "Level", "12 weeks", "7 days")
    rows = [
        _row(member, lines.get(member.student_id, ClassLine("", None))) for member in answer.members or ()
    ]
    forms = (_table(names, rows, left_out) for left_out in ((), ("",), ("", "12 weeks")))
    return Group(*parts, Fitting(*forms))


def _table(
    names: Sequence[str], rows: Sequence[Sequence[RenderableType]], left_out: Collection[str]
) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    kept = [place for place, name in enumerate(names) if name not in left_out]
    for place in kept:
        is_student = names[place] == "Student"
        table.add_column(
            names[place],
            justify="right" if place in _NUMBERS else "left",
            no_wrap=not is_student,
            overflow="fold" if is_student else "ellipsis",
        )
    for row in rows:
        table.add_row(*(row[place] for place in kept))
    return table


def _row(member: MemberStanding, moved: ClassLine) -> tuple[RenderableType, ...]:
    if member.value is None:
        return ("–", member.student_id, "–", "", Text("not observed yet", style="dim"), "", "")
    trend = Text("")
    if moved.trend is not None:
        arrow = f"{words.TREND_ARROW[moved.trend]} {moved.trend}"
        trend = Text(arrow, style=words.TREND_STYLE[moved.trend])
    style = words.LEVEL_STYLE[member.level] if member.level else "default"
    return (
        str(member.rank),
        member.student_id,
        words.points(member.value),
        Text(words.bar(member.value, _BAR_WIDTH), style=style),
        level_text(member.level) if member.level else "",
        Text(moved.line, style="bright_cyan"),
        trend,
    )


def student_view(answer: Comparison) -> Group:
    """One student among the others."""
    wide = _standings_table(2, "Class mean", "Class median")
    narrow = _standings_table(1, "Mean", "Median")
    for metric, one in answer.standings.items():
        rank = "–" if one.rank is None else f"{one.rank} of {one.with_evidence}"
        numbers = [_told(value) for value in (one.value, one.mean, one.median)]
        percentile = "–" if one.percentile is None else f"{one.percentile:.0f}"
        for table in (wide, narrow):
            table.add_row(words.COMPONENT_NAMES[metric], *numbers, percentile, rank)
    return Group(_title(answer), Text(), Fitting(wide, narrow))


def _standings_table(gap: int, mean: str, median: str) -> Table:
    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="dim")
    for name in ("", "Student", mean, median, "Percentile", "Rank"):
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    return table


def _title(answer: Comparison) -> Text:
    text = Text("Class ")
    text.append(printable(answer.name) or answer.cohort_id, style="bold")
    if answer.student_id is not None:
        text.append(" · student ")
        text.append(answer.student_id, style="bold")
    if answer.course_id is not None:
        text.append(f" · {words.scope(answer.course_id)}")
    text.append(f" · {words.long_date(answer.as_of)}")
    return text


def _summary(standing: Standing, metric: Metric) -> Text:
    size = words.counted(standing.size, "student")
    if standing.mean is None or standing.median is None:
        return Text(f"{size}; nothing of them is observed yet", style="dim")
    return Text(
        f"{size}, {standing.with_evidence} with evidence · {words.COMPONENT_NAMES[metric].lower()}: mean "
        f"{words.points(standing.mean)}, median {words.points(standing.median)} of 100",
        style="dim",
    )


def _told(value: float | None) -> str:
    return "–" if value is None else words.points(value)
