"""Events of a CSV file: the header names the fields; the separator is `,`, `;` or a tab."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, final

import msgspec

from mastery_engine.adapters.files.fields import BLANKS, METADATA, REQUIRED, Kind, fields, from_text, kind_of
from mastery_engine.adapters.files.lines import MAX_LINE_BYTES, Line, Lines
from mastery_engine.adapters.files.mapping import FieldMapping, Object, put
from mastery_engine.adapters.files.records import (
    Record,
    encoding_problem,
    is_comment,
    refused,
    shortened,
    too_long,
)
from mastery_engine.domain.errors import InvalidInput, Problem

_SEPARATORS = (",", ";", "\t")
_OPEN_QUOTE = "a quote opens a cell that is never closed; a quote inside a cell is written twice"


class _Column(NamedTuple):
    place: int
    field: str
    kind: Kind
    values: Mapping[str, Any]


@final
class CsvEvents:
    """A CSV file with a header.

    Attributes:
        header: The header as it is in the file.
        ignored_columns: Columns that are no field of an event.
    """

    def __init__(self, lines: Lines, mapping: FieldMapping) -> None:
        """Read the header.

        Raises:
            InvalidInput: It cannot be read, or lacks a column that every event needs.
        """
        self._lines = lines
        self._constants = mapping.constants
        first = self._next_line()
        self.header = first.data if first else b""
        if first and first.skipped:
            raise InvalidInput.of(*too_long(first).problems)
        if problem := encoding_problem(self.header):
            raise InvalidInput.of(problem)
        text = self.header.decode()
        self._separator = max(_SEPARATORS, key=text.count)
        cells = self._cells(text)
        if isinstance(cells, Problem):
            raise InvalidInput.of(cells)
        self._width = len(cells)
        names = [mapping.columns.get(cell.strip(), cell.strip()) for cell in cells]
        self._columns = [
            _Column(place, name, kind, mapping.values.get(name, {}))
            for place, name in enumerate(names)
            if (kind := kind_of(name)) is not None
        ]
        known = [column.field for column in self._columns]
        self.ignored_columns = tuple(name for name in names if name and name not in known)
        self._check(names, known)

    def __iter__(self) -> Iterator[Record]:
        while (line := self._next_line()) is not None:
            record = too_long(line) if line.skipped else self._record(line)
            if record is not None:
                yield record

    def _check(self, names: list[str], known: list[str]) -> None:
        missing = [name for name in REQUIRED if name not in known and name not in self._constants]
        if missing:
            rule = (
                f"lacks {', '.join(missing)}, which every event needs: name it there or by a mapping. "
                f"Columns found: {', '.join(filter(None, names)) or 'none'}. "
                f"Columns known: {', '.join(fields())}, {METADATA}NAME"
            )
            raise InvalidInput.of(Problem("", "the header", rule), reason="wrong_columns")
        twice = sorted({name for name in known if known.count(name) > 1})
        if twice:
            rule = "is the name of two columns"
            raise InvalidInput.of(*(Problem("header", name, rule) for name in twice), reason="wrong_columns")

    def _next_line(self) -> Line | None:
        while (line := self._lines.next()) is not None:
            if line.data.strip() and not is_comment(line.data):
                return line
        return None

    def _record(self, first: Line) -> Record | None:
        """The record that begins with this line; None for one that has nothing but separators."""
        group = [first]
        quotes = first.data.count(b'"')
        size = len(first.data)
        while quotes % 2:
            line = self._lines.next()
            if line is not None:
                group.append(line)
                quotes += line.data.count(b'"')
                size += len(line.data) + 1
            if line is None or line.skipped or size > MAX_LINE_BYTES:
                # Only the line with the open quote is lost: those after it are read again.
                return self._spoiled(group, Problem("", shortened(first.data), _OPEN_QUOTE))
        raw = b"\n".join([line.data for line in group]) if len(group) > 1 else first.data
        if not raw.isascii() and (problem := encoding_problem(raw)) is not None:
            return self._spoiled(group, problem)
        cells = self._cells(raw.decode())
        if isinstance(cells, Problem):
            return self._spoiled(group, cells)
        if not any(cells):
            return None
        if len(cells) != self._width:
            rule = f"the line has {len(cells)} cells, and the header has {self._width}"
            return self._spoiled(group, Problem("", shortened(raw), rule))
        return self._event(first.number, raw, cells)

    def _spoiled(self, group: list[Line], problem: Problem) -> Record:
        self._lines.put_back(group[1:])
        return refused(group[0].number, group[0].data, problem)

    def _cells(self, text: str) -> list[str] | Problem:
        try:
            return next(csv.reader([text], delimiter=self._separator, strict=True), list[str]())
        except csv.Error as error:
            return Problem("", shortened(text.encode()), f"is not CSV: {error}")

    def _event(self, number: int, raw: bytes, cells: list[str]) -> Record:
        event: Object = {}
        problems: list[Problem] = []
        for place, field, kind, values in self._columns:
            text = cells[place].strip(BLANKS)
            if not text:
                continue
            value = values[text] if text in values else from_text(field, kind, text)
            if isinstance(value, Problem):
                problems.append(value)
            elif "." in field:
                put(event, field, value)
            else:
                event[field] = value
        for field, value in self._constants.items():
            put(event, field, value)
        if problems:
            return refused(number, raw, *problems)
        return Record(number, raw, msgspec.json.encode(event))
