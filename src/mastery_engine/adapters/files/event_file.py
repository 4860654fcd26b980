"""A file of events, whatever its format: CSV or JSON lines, a path or standard input."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import BinaryIO, Final, Literal, TypeAlias, cast, final

from mastery_engine.adapters.files.csv_events import CsvEvents
from mastery_engine.adapters.files.json_lines import JsonLines
from mastery_engine.adapters.files.lines import Line, Lines
from mastery_engine.adapters.files.mapping import FieldMapping
from mastery_engine.adapters.files.records import Record, is_comment
from mastery_engine.domain.errors import InvalidInput, Problem

Format: TypeAlias = Literal["csv", "jsonl"]
STANDARD_INPUT: Final = "-"
_BY_SUFFIX: Final[dict[str, Format]] = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


@final
class EventFile:
    """Events of a stream, one record at a time; memory stays constant.

    Attributes:
        name: For messages.
        format: `csv` or `jsonl`, by the name or by the first line.
        size: Bytes in all, None if it is not known.
        header: The header line of a CSV file, None for JSON lines.
        ignored_columns: Columns of a CSV file that are no field of an event.
    """

    def __init__(
        self, stream: BinaryIO, name: str, mapping: FieldMapping | None = None, size: int | None = None
    ) -> None:
        """Read as far as the first line of data.

        Raises:
            InvalidInput: The file as a whole cannot be read: UTF-16, JSON over several lines, wrong columns.
        """
        self.name = name
        self.size = size
        self._lines = Lines(stream)
        self.format: Format = self._sniff()
        reader = CsvEvents if self.format == "csv" else JsonLines
        try:
            self._reader = reader(self._lines, mapping or FieldMapping())
        except InvalidInput as error:
            raise InvalidInput(f"FILE = {name}: {error.message}", error.problems, error.reason) from None
        self.header = self._reader.header
        self.ignored_columns = self._reader.ignored_columns

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return self._lines.position

    def __iter__(self) -> Iterator[Record]:
        return iter(self._reader)

    def _sniff(self) -> Format:
        first = self._lines.next()
        if first is None:
            return "jsonl"
        if first.data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise self._unreadable("is UTF-16; save it as UTF-8")
        if b"\0" in first.data[:2]:
            raise self._unreadable("is UTF-16 without its mark, or no text; save it as UTF-8")
        first = first._replace(data=first.data.removeprefix(codecs.BOM_UTF8))
        line: Line | None = first
        while line is not None and (not line.data.strip() or is_comment(line.data)):
            line = self._lines.next()
        if line is not None:
            self._lines.put_back([line])
        by_suffix = _BY_SUFFIX.get(PurePath(self.name).suffix.lower())
        if by_suffix is not None:
            return by_suffix
        # Refused lines of a CSV file come after its header: what begins with one is JSON lines.
        return "jsonl" if line is None or is_comment(first.data) else self._format_by(line)

    def _format_by(self, first: Line) -> Format:
        start = first.data.strip()
        if start in (b"{", b"[") or start.startswith(b"[{"):
            raise self._unreadable(
                "holds JSON over several lines or an array; write one event, whole, on each line"
            )
        return "jsonl" if start.startswith(b"{") else "csv"

    def _unreadable(self, rule: str) -> InvalidInput:
        return InvalidInput.of(Problem("FILE", self.name, rule), reason="unreadable")


@contextmanager
def open_events(file: str, mapping: FieldMapping | None = None) -> Generator[EventFile]:
    """Open a file of events, or standard input for `-`.

    Raises:
        InvalidInput: It cannot be opened, or not be read as a whole; see `EventFile`.
    """
    if file == STANDARD_INPUT:
        # Python has none where the caller has closed it.
        if cast("object", sys.stdin) is None:
            raise InvalidInput.of(Problem("FILE", file, "standard input is closed"), reason="unreadable")
        yield EventFile(sys.stdin.buffer, file, mapping)
        return
    try:
        stream = Path(file).open("rb")  # noqa: SIM115 - closed below, apart from the errors of opening
    except OSError as error:
        rule = f"cannot be opened: {error.strerror}"
        raise InvalidInput.of(Problem("FILE", file, rule), reason="unreadable") from None
    with stream:
        yield EventFile(stream, file, mapping, Path(file).stat().st_size)
