"""Formulas as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import asdict
from rich.console import Group
from rich.table import Table
from rich.text import Text

from mastery_engine.cli import words
from mastery_engine.cli.views.profile import level_text
from mastery_engine.domain.scores import COMPONENTS, LEVELS, Formula


def formulas_table(found: Sequence[Formula]) -> Table:
    """A list."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("Formula", no_wrap=True)
    table.add_column("What it does")
    for formula in found:
        table.add_row(formula.id, Text(formula.description))
    return table


def formula_page(formula: Formula) -> Group:
    """One, whole."""
    title = Text(formula.id, style="bold")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("Component")
    table.add_column("Weight", justify="right")
    table.add_column("Weak below", justify="right")
    for name, weight, below in zip(COMPONENTS, formula.weights, formula.weak_below, strict=True):
        table.add_row(words.COMPONENT_NAMES[name], f"{weight:.0%}", f"{below:.0%}")
    levels = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    levels.add_column("Level")
    levels.add_column("From", justify="right")
    starts = {"beginner": 0.0, **asdict(formula.thresholds)}
    for level in reversed(LEVELS):
        levels.add_row(level_text(level), f"{starts[level] * 100:g}")
    unobserved = (
        "What is not observed leaves its weight to the other components."
        if formula.only_observed
        else "What is not observed counts 0."
    )
    return Group(title, Text(formula.description), Text(), table, Text(), levels, Text(), Text(unobserved))
