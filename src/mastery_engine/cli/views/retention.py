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
    if any((old.days or old.letters or old.keys) and old.dropped is None for old in found):
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
    kept = "keeps everything"
    if old.first_kept is not None:
        kept = f"{old.retention_days} days are kept, from {old.first_kept.isoformat()} on"
    parts: list[str] = []
    if old.days:
        events = sum(day.events for day in old.days) if old.dropped is None else old.dropped
        parts.append(f"{counted(len(old.days), 'day')} with {counted(events, 'event')}")
    if old.letters:
        letters = old.letters if old.dropped_letters is None else old.dropped_letters
        parts.append(counted(letters, "dead letter"))
    staying = old.dropped is not None and old.dropped_keys is None
    if old.keys and not staying:
        parts.append(counted(old.keys, "expired key"))
    told = f"{kept}; {' and '.join(parts)} {'would go' if old.dropped is None else 'went'}" if parts else kept
    if old.keys and staying:
        return f"{told}; {counted(old.keys, 'expired key')} can go with all schools' only: without --tenant"
    return told if parts or old.first_kept is None else f"{told}; nothing older is there"
