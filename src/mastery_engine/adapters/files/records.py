"""What a file gives: one record for each event, good or refused."""

from __future__ import annotations

from typing import Final, NamedTuple

from mastery_engine.adapters.files.lines import MAX_LINE_BYTES, Line
from mastery_engine.domain.errors import Problem

REFUSED: Final = b"# refused "
"""Lines that begin so say why the next one was refused; they are no data."""
_QUOTED_REFUSED: Final = b'"' + REFUSED


class Record(NamedTuple):
    """One event of a file, or why there is none.

    Attributes:
        line: Number of its first line, counted from 1.
        raw: As it is in the file, without the end of the line; empty if it was too long to keep.
        event: JSON of one event, to be decoded; empty if it was refused here.
        problems: Why it was refused, in the order of the fields; empty for a good one.
    """

    line: int
    raw: bytes
    event: bytes = b""
    problems: tuple[Problem, ...] = ()


def refused(line: int, raw: bytes, *problems: Problem) -> Record:
    """A record that was refused."""
    return Record(line, raw, b"", problems)


def is_comment(data: bytes) -> bool:
    """Whether a line says why the next one was refused; a spreadsheet may have put it in quotes."""
    return data.startswith((REFUSED, _QUOTED_REFUSED))


def shortened(data: bytes) -> str:
    """The beginning of what was sent, fit to be shown."""
    text = data[:400].decode("utf-8", "backslashreplace")
    return text if len(text) <= 100 else f"{text[:97]}..."  # noqa: PLR2004 - as errors shorten values


def too_long(line: Line) -> Record:
    """The record of a line over the limit."""
    size = len(line.data) + line.skipped
    rule = f"the line has {size:,} bytes, and a line has at most {MAX_LINE_BYTES:,}"
    return refused(line.number, b"", Problem("", shortened(line.data), rule))


def encoding_problem(data: bytes) -> Problem | None:
    """What is wrong with bytes that are not UTF-8, None if they are; positions count from 1."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = data[error.start]
        rule = (
            f"byte {error.start + 1} of the line is 0x{byte:02x}, which is not UTF-8; save the file as UTF-8"
        )
        return Problem("", shortened(data), rule)
    return None
