"""The table of the page about access is what the engine goes by, cell by cell."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from mastery_engine.engine.policy import ROLES, TABLE

PAGE: Final = Path(__file__).parents[2] / "docs" / "explanation" / "access.md"
WORDS: Final = {"own": "own", "taught": "taught", "school": "tenant"}


def rows() -> list[list[str]]:
    """Cells of the first table, the head first, without the line below it."""
    lines = PAGE.read_text("utf-8").splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("|"))
    table: list[str] = []
    for line in lines[first:]:
        if not line.startswith("|"):
            break
        table.append(line)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in (table[0], *table[2:])]


def told() -> dict[str, dict[str, str]]:
    """By action and role, the relation that the page names."""
    head, *body = rows()
    found: dict[str, dict[str, str]] = {}
    for _, *cells, actions in body:
        by_role = {role: WORDS[cell] for role, cell in zip(head[1:-1], cells, strict=True) if cell}
        for action in re.findall(r"`([^`]+)`", actions):
            assert action not in found, action
            found[action] = by_role
    return found


def test_the_table_names_every_role() -> None:
    assert tuple(rows()[0][1:-1]) == ROLES


def test_every_action_stands_in_the_table_once_with_what_each_role_needs() -> None:
    assert told() == {action: dict(relations) for action, relations in TABLE.items()}
