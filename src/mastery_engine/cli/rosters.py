"""Class rosters on the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mastery_engine.cli.session import Session
from mastery_engine.contracts.cohort_summary import CohortSummary
from mastery_engine.contracts.event_words import printable
from mastery_engine.domain.cohort import Cohort, Membership
from mastery_engine.domain.errors import InvalidInput, Problem

_ITEM: Final = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_STUDENT: Final = re.compile(r"[A-Za-z0-9_-]{1,50}")
_TEACHER: Final = re.compile(r"(?!os:)[\x21-\x7e]{1,200}")
_PAGE: Final = 1_000


def ids(file: Path | None, more: Sequence[str] | None) -> list[str]:
    """Ids of a file, one on each line, and of options; each once.

    Raises:
        InvalidInput: The file cannot be read, or a line holds no id; or there is neither file nor option, which
            would empty a class that was only to be given a name or a teacher.
    """
    if file is None and not more:
        rule = "are missing; give all of the class by --students or --student, an empty file for nobody"
        raise InvalidInput.of(Problem("students", "(none)", rule))
    found: list[tuple[str, str]] = [("--student", one) for one in more or ()]
    if file is not None:
        try:
            lines = file.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = (error.strerror or str(error)) if isinstance(error, OSError) else "it is not UTF-8"
            raise InvalidInput.of(Problem("--students", str(file), f"cannot be read: {reason}")) from None
        found += [(f"line {number}", line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    rule = "must be 1 to 50 of letters, digits, _ and -"
    problems = [Problem(where, one[:100], rule) for where, one in found if not _STUDENT.fullmatch(one)]
    if problems:
        raise InvalidInput.of(*problems[:10])
    return list(dict.fromkeys(one for _, one in found))


def cohort_of(cohort_id: str, name: str, students: Sequence[str], teachers: Sequence[str]) -> Cohort:
    """A class of these people, without ends of membership.

    Raises:
        InvalidInput: The id of the class or of a teacher breaks its rule.
    """
    if not _ITEM.fullmatch(cohort_id):
        rule = "must be 1 to 100 of letters, digits, ., _, : and -"
        raise InvalidInput.of(Problem("cohort_id", cohort_id[:100], rule))
    rule = "must be 1 to 200 visible characters of ASCII, as the sub of a teacher's token"
    wrong = [Problem("--teacher", one[:100], rule) for one in teachers if not _TEACHER.fullmatch(one)]
    if wrong:
        raise InvalidInput.of(*wrong[:10])
    return Cohort(
        cohort_id=cohort_id,
        name=name,
        teachers=tuple(Membership(person_id=one) for one in teachers),
        students=tuple(Membership(person_id=one) for one in students),
    )


async def all_of(session: Session) -> list[CohortSummary]:
    """Every class of the school that the caller may see."""
    engine, caller = session
    found, after = await engine.cohorts.list(caller, limit=_PAGE)
    while after is not None:
        part, after = await engine.cohorts.list(caller, after=after, limit=_PAGE)
        found += part
    return found


def table(found: Sequence[CohortSummary]) -> list[RenderableType]:
    """A list for people."""
    if not found:
        return [Text("no class; make one with: mastery cohort put ID --students FILE")]
    grid = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("Class", "Name", "Students", "Teachers"):
        grid.add_column(name, justify="right" if name == "Students" else "left")
    for one in found:
        teachers = printable(", ".join(one.teachers))
        grid.add_row(one.cohort_id, Text(printable(one.name)), str(one.students), Text(teachers))
    return [grid]


def page(cohort: Cohort) -> list[RenderableType]:
    """A class for people: who is in it, and when."""
    grid = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("Role", "Id", "From", "To"):
        grid.add_column(name)
    for role, members in (("teacher", cohort.teachers), ("student", cohort.students)):
        for one in members:
            grid.add_row(role, Text(printable(one.person_id)), _day(one.start), _day(one.end))
    name = f" ({printable(cohort.name)})" if cohort.name else ""
    return [Text(f"class {cohort.cohort_id}{name}"), grid]


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()
