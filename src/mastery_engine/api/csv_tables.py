"""Answers as tables for spreadsheets (RFC 4180), in which no cell is taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

from fastapi import Response

from mastery_engine.contracts.answers import Comparison, History
from mastery_engine.engine.export_tables import guarded

CSV: Final = "text/csv"
Row = Iterable[object]


def csv_answer(rows: Iterable[Row], name: str) -> Response:
    """A table as an answer.

    Args:
        rows: The first one is the header.
        name: Of the file that a browser keeps it in; it holds nobody's id.
    """
    text = io.StringIO()
    csv.writer(text).writerows(map(_cells, rows))
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(text.getvalue(), headers=headers, media_type=f"{CSV}; charset=utf-8; header=present")


def history_rows(answer: History) -> Iterator[Row]:
    """A row for each day, week or month with an event."""
    yield ("label", "start", "end", "mean", "min", "max", "last", "days")
    for one in answer.buckets:
        yield (one.label, one.start, one.end, one.mean, one.min, one.max, one.last, one.days)


def comparison_rows(answer: Comparison) -> Iterator[Row]:
    """A row for each member of a whole class; for one student in it, a row for each metric."""
    if answer.members is not None:
        yield ("student_id", "value", "level", "rank")
        for member in answer.members:
            yield (member.student_id, member.value, member.level, member.rank)
        return
    yield ("metric", "value", "size", "with_evidence", "mean", "median", "percentile", "rank")
    for metric, one in answer.standings.items():
        told = (one.value, one.size, one.with_evidence, one.mean, one.median, one.percentile, one.rank)
        yield (metric, *told)


def _cells(row: Row) -> Iterator[object]:
    """Cells, those of text that a spreadsheet would calculate behind an apostrophe; numbers stay numbers."""
    for cell in row:
        yield guarded(cell) if isinstance(cell, str) else cell
