"""Events of a file of JSON lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast, final

import msgspec

from mastery_engine.adapters.files.lines import Line, Lines
from mastery_engine.adapters.files.mapping import FieldMapping, Object
from mastery_engine.adapters.files.records import (
    Record,
    encoding_problem,
    is_comment,
    refused,
    shortened,
    too_long,
)
from mastery_engine.contracts.strict_json import name_twice
from mastery_engine.domain.errors import Problem

_NOTHING: Final = FieldMapping()


@final
class JsonLines:
    """One JSON object a line; without a mapping its bytes are handed on as they are."""

    header = None
    ignored_columns: tuple[str, ...] = ()

    def __init__(self, lines: Lines, mapping: FieldMapping) -> None:
        self._lines = lines
        self._mapping = None if mapping == _NOTHING else mapping

    def __iter__(self) -> Iterator[Record]:
        while (line := self._lines.next()) is not None:
            if line.data.strip() and not is_comment(line.data):
                yield self._record(line)

    def _record(self, line: Line) -> Record:
        if line.skipped:
            return too_long(line)
        spoiled = None if line.data.isascii() else encoding_problem(line.data)
        if (problem := spoiled or name_twice(line.data)) is not None:
            return refused(line.number, line.data, problem)
        if self._mapping is None:
            return Record(line.number, line.data, line.data)
        try:
            sent = msgspec.json.decode(line.data)
        except (msgspec.DecodeError, RecursionError) as error:
            return refused(line.number, line.data, Problem("", shortened(line.data), f"is not JSON: {error}"))
        if not isinstance(sent, dict):
            return refused(line.number, line.data, Problem("", shortened(line.data), "must be a JSON object"))
        event = self._mapping.apply(cast("Object", sent))
        return Record(line.number, line.data, msgspec.json.encode(event))
