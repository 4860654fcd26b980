"""Printing what was measured, and keeping it with machine, versions and date."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.__main__ import RESULTS

_WIDTH = 100


def show(
    name: str,
    about: Mapping[str, str],
    figures: object,
    rows: Sequence[tuple[str, str]],
    *,
    as_json: bool,
    keep: bool,
) -> None:
    """Print a table, or JSON for programs.

    Args:
        name: Of the results, as in `benchmarks/results/NAME.json` and `.txt`.
        about: The machine and the versions.
        figures: As measured.
        rows: The same for people.
        as_json: Whether to print JSON.
        keep: Whether to write the results too.
    """
    whole: dict[str, Any] = {"machine": dict(about), name: figures}
    table = Table(box=None, show_header=False, pad_edge=False)
    for label, value in [*about.items(), ("", ""), *rows]:
        table.add_row(label, value)
    text = json.dumps(whole, indent=2) + "\n"
    if as_json:
        sys.stdout.write(text)
    else:
        Console(width=_WIDTH, highlight=False).print(table)
    if keep:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{name}.json").write_text(text)
        with (RESULTS / f"{name}.txt").open("w") as file:
            Console(file=file, width=_WIDTH, highlight=False).print(table)


def say(line: str) -> None:
    """Say how far it is."""
    sys.stderr.write(f"{line}\n")
