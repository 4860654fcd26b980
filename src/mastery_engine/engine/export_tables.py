"""CSV of an export, safe to open in a spreadsheet: no cell begins a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from mastery_engine.contracts.student_export import iso
from mastery_engine.domain.calendar import date_of
from mastery_engine.domain.events import EVENT_CLASSES, Event, event_type
from mastery_engine.domain.learner import LearnerState
from mastery_engine.domain.scores import COMPONENTS, SCORE_DECIMALS, Formula

_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What may begin a formula; the last four are those of the full width, which some spreadsheets read as the others."""
EVENT_COLUMNS: Final = (
    "event_type",
    *dict.fromkeys(name for cls in EVENT_CLASSES for name in cls.__struct_fields__),
)
RESULT_COLUMNS: Final = ("day", "course_id", "score", "level", *COMPONENTS, "formula")


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: behind an apostrophe where it looks like one."""
    return f"'{cell}" if cell.startswith(_FORMULAS) else cell


def table(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as CSV (RFC 4180) in UTF-8."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([guarded(cell) for cell in row] for row in rows)
    return out.getvalue().encode()


def event_row(event: Event) -> list[str]:
    """An event as a row of `EVENT_COLUMNS`; the time as ISO 8601, lists and metadata as JSON."""
    fields = msgspec.structs.asdict(event) | {
        "event_type": event_type(event),
        "timestamp": iso(event.timestamp),
    }
    return [_cell(fields.get(name)) for name in EVENT_COLUMNS]


def result_rows(state: LearnerState, formula: Formula, day: int) -> Iterator[list[str]]:
    """Results of each kept day with an event, all courses together (an empty course) and then each."""
    for course_id in (None, *state.course_ids(day)):
        for result in state.history(formula, day, course_id):
            values = [
                "" if value is None else f"{round(value, SCORE_DECIMALS)}" for value in result.components
            ]
            when = date_of(result.day).isoformat()
            yield [when, course_id or "", f"{result.score}", result.level, *values, result.formula]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
