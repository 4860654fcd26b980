"""A history as a line and a table."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from mastery_engine.cli import words
from mastery_engine.cli.views.fitting import Fitting
from mastery_engine.cli.views.profile import level_text, line_of
from mastery_engine.contracts.answers import History
from mastery_engine.domain.scores import COMPONENTS

NARROW_BAR = 10


def history_view(history: History) -> Group:
    """Line, then table."""
    title = Text("Student ")
    title.append(history.student_id, style="bold")
    title.append(
        f" · {words.scope(history.course_id)}"
        f" · {words.long_date(history.start)} to {words.long_date(history.end)}"
        f" · formula {history.formula}"
    )
    if not history.days:
        return Group(title, Text(), Text("  no event in these days"))
    days = (history.end - history.start).days + 1
    table = _daily(history) if history.aggregation == "daily" else _buckets(history)
    return Group(title, Text(), line_of(history, days), Text(), table)


def _table(gap: int, first: str, *others: str) -> Table:
    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="dim")
    table.add_column(first, no_wrap=True, min_width=len("2026-01-31"))
    for name in others:
        table.add_column(name, justify="left" if name in {"Level", ""} else "right", no_wrap=True)
    return table


def _daily(history: History) -> Fitting:
    names = [words.COMPONENT_NAMES[name] for name in COMPONENTS]
    whole = _table(2, "Day", "Score", "", "Level", *names)
    without_bar = _table(2, "Day", "Score", "Level", *names)
    short = _table(1, "Day", "Score", "Level", *(words.SHORT_NAMES[name] for name in COMPONENTS))
    for one in history.days:
        result = one.result
        views = result.components or {}
        cells = [words.percent(views[name].value) if views[name].observed else "–" for name in COMPONENTS]
        bar = Text(words.bar(result.score, NARROW_BAR), style=words.LEVEL_STYLE[result.level])
        day, score, level = one.day.isoformat(), words.points(result.score), level_text(result.level)
        whole.add_row(day, score, bar, level, *cells)
        for table in (without_bar, short):
            table.add_row(day, score, level, *cells)
    return Fitting(whole, without_bar, short)


def _buckets(history: History) -> Table:
    first = "Week" if history.aggregation == "weekly" else "Month"
    table = _table(2, first, "Last", "", "Mean", "Lowest", "Highest", "Days")
    for one in history.buckets:
        bar = Text(words.bar(one.last, NARROW_BAR), style="bright_cyan")
        numbers = [words.points(value) for value in (one.mean, one.min, one.max)]
        table.add_row(one.label, words.points(one.last), bar, *numbers, str(one.days))
    return table
