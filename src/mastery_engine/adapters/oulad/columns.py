"""What the readers of CSV and Parquet have in common: the columns asked for, and the chunks given back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from mastery_engine.domain.errors import InvalidInput, Problem

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
CHUNK_ROWS = 16_384


class Column(NamedTuple):
    """A column that a table must have."""

    name: str
    kind: Literal["text", "number"]
    nullable: bool = False


class Chunk(NamedTuple):
    """Some rows of a table, by column.

    Attributes:
        texts: Cells of the text columns.
        numbers: Cells of the number columns; an empty cell is NaN.
    """

    texts: Mapping[str, Sequence[str]]
    numbers: Mapping[str, Numbers]


def check_columns(path: Path, found: Iterable[str], columns: Sequence[Column]) -> None:
    """Refuse a file that lacks a column.

    Raises:
        InvalidInput: It names the file, the missing columns and those that are there.
    """
    there = list(found)
    missing = [column.name for column in columns if column.name not in there]
    if missing:
        rule = f"is missing; the columns found are {', '.join(there) or 'none'}"
        raise InvalidInput.of(*(Problem(f"{path.name}, column {name}", "(none)", rule) for name in missing))


def bad_cell(file: str, column: str, value: object, rule: str) -> InvalidInput:
    """The error for a cell: file, column, value and rule."""
    return InvalidInput.of(Problem(f"{file}, column {column}", str(value)[:100] or "(empty)", rule))


def integers(file: str, column: str, values: Numbers, low: int, high: int) -> Integers:
    """Numbers of a column as integers.

    Raises:
        InvalidInput: One is empty, no whole number or out of [low, high].
    """
    with np.errstate(invalid="ignore"):
        bad = ~((values >= low) & (values <= high) & (np.floor(values) == values))
    if bad.any():
        first = float(values[bad][0])
        raise bad_cell(file, column, "(empty)" if np.isnan(first) else f"{first:g}", whole_number(low, high))
    return values.astype(np.int64)


def whole_number(low: int, high: int) -> str:
    """The rule for a whole number within bounds, in words."""
    return f"must be a whole number from {low} to {high}"
