"""Tables in CSV files that are taken whole or not at all: every problem is named with its line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final, NamedTuple, final

from mastery_engine.contracts.event_words import shown
from mastery_engine.domain.errors import InvalidInput, Problem

MOST_PROBLEMS: Final = 20
MOST_ROWS: Final = 1_000_000
_ISO_DATE_LENGTH: Final = 10


class Row(NamedTuple):
    """A line of a table.

    Attributes:
        line: Its number in the file, from 1.
        cells: Its cells, stripped, by the name of their column.
    """

    line: int
    cells: dict[str, str]


@final
class Problems:
    """What is wrong with a file, up to a bound; the rest is counted."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._found: list[Problem] = []
        self._more = 0

    def add(self, where: str, value: str, rule: str) -> None:
        """Note one."""
        if len(self._found) < MOST_PROBLEMS:
            self._found.append(Problem(where, shown(value), rule))
        else:
            self._more += 1

    def check(self) -> None:
        """Return if there is none.

        Raises:
            InvalidInput: All that were noted, and how many more there were.
        """
        if self._more:
            self._found.append(Problem("", f"{self._more} more", "are not told; correct these first"))
            self._more = 0
        if self._found:
            raise InvalidInput.of(*self._found)


@final
class Table:
    """A CSV file in UTF-8, with or without a byte order mark, whose first line names the columns.

    Attributes:
        name: Of the file, for problems.
    """

    def __init__(self, name: str, data: bytes, needed: Sequence[str], problems: Problems) -> None:
        """Read the header.

        Args:
            name: Of the file; empty where there is only one.
            data: All of it.
            needed: Columns that must be there; others are passed over.
            problems: Noted as they are found.

        Raises:
            InvalidInput: It is not UTF-8, or a column is missing or stands twice.
        """
        self.name = name
        self._problems = problems
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise InvalidInput.of(
                Problem(self.at(line), "a byte", "is not UTF-8; save the file as CSV in UTF-8")
            ) from None
        self._reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        self._columns = [cell.strip() for cell in self._next() or ()]
        for column in needed:
            if column not in self._columns:
                found = ", ".join(filter(None, self._columns))
                problems.add(
                    self.at(1), column, f"is a column that must be there; found: {shown(found) or 'none'}"
                )
            elif self._columns.count(column) > 1:
                problems.add(self.at(1), column, "is the name of two columns")
        problems.check()

    def __iter__(self) -> Iterator[Row]:
        """Rows that have as many cells as the header; empty lines are passed over."""
        width, count = len(self._columns), 0
        while True:
            line = self._reader.line_num + 1
            cells = self._next()
            if cells is None:
                return
            if not any(map(str.strip, cells)):
                continue
            count += 1
            if count > MOST_ROWS:
                self._problems.add(self.at(line), "a row", f"is one of more than {MOST_ROWS:,}")
                return
            if len(cells) != width:
                rule = f"are in the line, and {width} in the header"
                self._problems.add(self.at(line), f"{len(cells)} cells", rule)
                continue
            yield Row(line, {name: cell.strip() for name, cell in zip(self._columns, cells, strict=True)})

    def at(self, line: int, column: str = "") -> str:
        """Where something stands, for a problem."""
        return f"{self.name + ' ' if self.name else ''}line {line}" + (f", {column}" if column else "")

    def day(self, row: Row, column: str) -> date | None:
        """A cell that holds a day or nothing; a problem is noted for anything else."""
        text = row.cells.get(column, "")
        if not text:
            return None
        try:
            if len(text) == _ISO_DATE_LENGTH:
                return date.fromisoformat(text)
        except ValueError:
            pass
        self._problems.add(self.at(row.line, column), text, "must be a day like 2026-09-01, or empty")
        return None

    def _next(self) -> list[str] | None:
        line = self._reader.line_num + 1
        try:
            return next(self._reader, None)
        except csv.Error as error:
            # What follows an open quote cannot be told apart: nothing after it is read.
            self._problems.add(self.at(line), "the line", f"is not CSV: {error}")
            return None
