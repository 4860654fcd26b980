"""Tables as CSV files, in constant memory; an empty cell and `?` are no value, as in the published files."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from math import nan
from operator import methodcaller
from pathlib import Path

import numpy as np

from mastery_engine.adapters.oulad.columns import CHUNK_ROWS, Chunk, Column, bad_cell, check_columns
from mastery_engine.domain.errors import InvalidInput, Problem

_NO_VALUE = frozenset(("", "?"))
Row = list[str]


def read(path: Path, columns: Sequence[Column], keep: Mapping[str, str]) -> Iterator[Chunk]:
    """Read columns of the rows in which every column of `keep` has the given text.

    Raises:
        InvalidInput: A column is missing, a row is too short, a cell is no number, or the file is not UTF-8.
    """
    header: Row = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = [name.strip() for name in next(csv.reader(file), Row())]
            check_columns(path, header, columns)
            # Most of a large table is another presentation's: its lines are left before they are taken apart.
            reader = csv.reader(_lines_with(file, list(keep.values())))
            wanted = [(header.index(name), text) for name, text in keep.items()]
            while rows := list(islice(reader, CHUNK_ROWS)):
                yield _chunk([row for row in rows if row], header, columns, wanted)
    except UnicodeDecodeError as error:
        raise _unreadable(
            path, f"{error.reason} in {error.object[error.start :][:8]!r}; it is not UTF-8"
        ) from None
    except csv.Error as error:
        raise _unreadable(path, str(error)) from None
    except (IndexError, ValueError):
        raise _first_problem(path, header, columns, keep) from None


def _lines_with(lines: Iterable[str], texts: list[str]) -> Iterator[str]:
    for text in texts:
        lines = filter(methodcaller("__contains__", text), lines)
    return map(_whole, lines)


def _whole(line: str) -> str:
    if line.count('"') % 2:
        raise csv.Error(f"a cell is not closed, or goes over several lines: {line[:100]!r}")
    return line


def _chunk(rows: list[Row], header: Row, columns: Sequence[Column], wanted: list[tuple[int, str]]) -> Chunk:
    for place, text in wanted:
        rows = [row for row in rows if row[place] == text]
    cells = {column: [row[place] for row in rows] for column, place in _places(header, columns)}
    return Chunk(
        {column.name: texts for column, texts in cells.items() if column.kind == "text"},
        {
            column.name: np.array(
                [nan if text in _NO_VALUE else float(text) for text in texts], dtype=np.float64
            )
            for column, texts in cells.items()
            if column.kind == "number"
        },
    )


def _places(header: Row, columns: Sequence[Column]) -> list[tuple[Column, int]]:
    return [(column, header.index(column.name)) for column in columns]


def _first_problem(
    path: Path, header: Row, columns: Sequence[Column], keep: Mapping[str, str]
) -> InvalidInput:
    """Look again, row by row, for the one that spoiled a chunk."""
    texts = list(keep.values())
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, line in enumerate(file, 1):
            row = next(csv.reader(_lines_with([line], texts)), None)
            if number == 1 or not row:
                continue
            where = f"{path.name}, line {number}"
            for column, place in _places(header, columns):
                if place >= len(row):
                    return bad_cell(where, column.name, "(none)", f"the row has only {len(row)} cells")
                if column.kind == "number" and not _is_number(row[place]):
                    return bad_cell(where, column.name, row[place], "must be a number")
    return _unreadable(path, "it changed while it was read")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text in _NO_VALUE
    return True


def _unreadable(path: Path, why: str) -> InvalidInput:
    return InvalidInput.of(Problem(path.name, "(file)", f"cannot be read as CSV: {why}"))
