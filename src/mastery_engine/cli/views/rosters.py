"""What an import of rosters changes, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from mastery_engine.cli.words import counted
from mastery_engine.contracts.event_words import printable
from mastery_engine.contracts.roster_report import RosterReport
from mastery_engine.domain.enrolment import ClassChange, RoleChange

_MOST_SHOWN: Final = 20
_MOST_CLASSES: Final = 50


def rows(report: RosterReport) -> list[RenderableType]:
    """The whole of it; of many classes and people the first, and how many more there are."""
    shown: list[RenderableType] = [
        Text(line) for change in report.changes[:_MOST_CLASSES] for line in _class_lines(change)
    ]
    more = len(report.changes) - _MOST_CLASSES
    if more > 0:
        shown.append(Text(f"and {counted(more, 'class', 'classes')} more; --json tells all"))
    verb = "would change" if report.dry_run else "changed"
    count = counted(report.classes, "class", "classes")
    shown.append(Text(f"{count}: {len(report.changes):,} {verb}, {report.unchanged:,} as before"))
    return shown


def _class_lines(change: ClassChange) -> Iterator[str]:
    name = f" ({printable(change.name)})" if change.name else ""
    what = ", new" if change.made else ", renamed" if change.renamed else ""
    yield f"class {change.cohort_id}{name}{what}"
    yield from _role_lines("students", change.students)
    yield from _role_lines("teachers", change.teachers)


def _role_lines(role: str, change: RoleChange) -> Iterator[str]:
    for verb, people in (("join", change.join), ("leave", change.leave), ("other days", change.change)):
        if people:
            yield f"  {role}, {verb}: {_people(people)}"


def _people(people: Sequence[str]) -> str:
    listed = ", ".join(map(printable, people[:_MOST_SHOWN]))
    more = len(people) - _MOST_SHOWN
    return f"{listed} and {more:,} more" if more > 0 else listed
