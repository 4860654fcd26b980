"""The threat model names a test for every line, and looks at each door from all six sides."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOORS = (
    "HTTP API",
    "Dapr doors",
    "Stream",
    "Command line",
    "Kafka",
    "State store",
    "Stores of record",
    "Backups and exports",
    "Language model that rewords",
    "Tools for language models",
    "The skill's script",
    "Docs page in the browser",
    "Supply chain",
)
WHY_NOT = "does not apply: "


def rows() -> Iterator[tuple[str, str, str, str, str]]:
    """Door, letter, threat, what stands against it, and test."""
    model = (ROOT / "SECURITY.md").read_text("utf-8").partition("## Threat model")[2].partition("\n## ")[0]
    for section in model.split("\n### ")[1:]:
        door, _, lines = section.partition("\n")
        for line in lines.splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if line.startswith("|") and cells[0] and not cells[0].startswith("-"):
                letter, threat, against, test = cells
                yield door, letter, threat, against, test


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("door", DOORS)
def test_each_door_is_looked_at_from_all_six_sides(door: str) -> None:
    assert {letter for one, letter, *_ in rows() if one == door} == set("STRIDE")


def test_there_is_no_door_beside_these() -> None:
    assert {door for door, *_ in rows()} == set(DOORS)


@pytest.mark.parametrize(
    ("threat", "against", "test"),
    [
        pytest.param(*cells, id=f"{number}-{door}-{letter}")
        for number, (door, letter, *cells) in enumerate(rows())
    ],
)
def test_each_line_names_a_test_that_is_there_or_says_why_it_does_not_apply(
    threat: str, against: str, test: str
) -> None:
    if not test:
        assert threat.startswith(WHY_NOT)
        assert not against
        return
    found = re.fullmatch(r"`(tests/[\w/]+\.py)::(test_\w+)`", test)
    assert found, test
    assert found[2] in names_in(found[1])
