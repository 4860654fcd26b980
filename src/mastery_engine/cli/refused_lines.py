"""Lines of a file that were refused: told, kept for the report, and written to be mended."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, final

from mastery_engine.adapters.files.records import Record
from mastery_engine.adapters.files.rejects import RejectsWriter
from mastery_engine.cli.intake_report import IntakeReport, RefusedEvent
from mastery_engine.cli.progress import Meter
from mastery_engine.contracts.event_json import identity
from mastery_engine.domain.errors import Problem

MOST_TOLD: Final = 20
MOST_LISTED: Final = 1_000


@final
class RefusedLines:
    """Takes refused lines as they come."""

    def __init__(self, writer: RejectsWriter | None, meter: Meter, *, quiet: bool) -> None:
        """None yet.

        Args:
            writer: Where they go; None writes them nowhere.
            meter: Tells of the first ones.
            quiet: Do not tell of any.
        """
        self._writer = writer
        self._meter = meter
        self._quiet = quiet
        self._items: list[RefusedEvent] = []
        self._told = 0

    def add(self, record: Record, event_id: str | None, problems: Sequence[Problem]) -> None:
        """Take one.

        Args:
            record: The line.
            event_id: None if nobody has read it yet.
            problems: Why.
        """
        self._told += 1
        if self._writer is not None:
            self._writer.write(record, problems)
        if self._told <= MOST_TOLD and not self._quiet:
            self._meter.say(f"line {record.line}: {'; '.join(map(str, problems))}")
        if len(self._items) < MOST_LISTED:
            known = event_id or identity(record.event or record.raw)[2]
            told = [{"field": one.field, "value": one.value, "rule": one.rule} for one in problems]
            self._items.append(RefusedEvent(line=record.line, event_id=known, problems=told))

    def complete(self, report: IntakeReport, rejects: Path | None) -> None:
        """Put them into a report, and tell how many were not told.

        Args:
            report: Of the whole file.
            rejects: File that they were written to.
        """
        report.items = self._items
        report.rejects = None if rejects is None else str(rejects)
        hidden = self._told - MOST_TOLD
        if hidden > 0 and not self._quiet:
            where = f"see {rejects}" if rejects else "--rejects FILE writes them all"
            self._meter.say(f"... and {hidden:,} more refused lines; {where}")
