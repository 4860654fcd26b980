"""Old days of the archive as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from mastery_engine.cli.words import counted
from mastery_engine.domain.calendar import DAY_MS, moment_of
from mastery_engine.engine.retention import OldDays

if TYPE_CHECKING:
    from rich.console import RenderableType


def retention_view(found: Sequence[OldDays]) -> Iterator[RenderableType]:
    """A table of the days, and a sentence for each school."""
    if any(old.days for old in found):
        yield _days(found)
        yield ""
    for old in found:
        yield f"{old.tenant_id}: {_told(old)}"
    if any((old.days or old.letters) and old.dropped is None for old in found):
        yield "nothing was dropped; drop them with --apply"


def _days(found: Sequence[OldDays]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("School")
    table.add_column("Day")
    table.add_column("Events", justify="right")
    table.add_column("Bytes", justify="right")
    for old in found:
        for day in old.days:
            when = moment_of(day.day * DAY_MS).date().isoformat()
            table.add_row(old.tenant_id, when, f"{day.events:,}", f"{day.size:,}")
    return table


def _told(old: OldDays) -> str:
    if old.first_kept is None:
        return "keeps everything"
    kept = f"{old.retention_days} days are kept, from {old.first_kept.isoformat()} on"
    if not (old.days or old.letters):
        return f"{kept}; nothing older is there"
    days, events = counted(len(old.days), "day"), counted(sum(day.events for day in old.days), "event")
    if old.dropped is None:
        letters = f" and {counted(old.letters, 'dead letter')}" if old.letters else ""
        return f"{kept}; {days} with {events}{letters} would go"
    letters = f" and {counted(old.dropped_letters or 0, 'dead letter')}" if old.letters else ""
    return f"{kept}; {days} with {counted(old.dropped, 'event')}{letters} went"
