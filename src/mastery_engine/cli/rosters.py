"""Class rosters on the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mastery_engine.cli.session import Session
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


async def all_of(session: Session) -> list[Cohort]:
    """Every class of the caller's tenant, once the look at their students is on record."""
    engine, caller = session
    await engine.tenants.get(caller.tenant_id)
    found: list[Cohort] = []
    after = ""
    while part := await engine.adapters.rosters.list(caller.tenant_id, after=after, limit=_PAGE):
        found += part
        students = sorted({member.person_id for one in part for member in one.students})
        await engine.access.record(caller, "cohorts.read", students, allowed=True)
        after = part[-1].cohort_id
    return found


def table(found: Sequence[Cohort]) -> list[RenderableType]:
    """A list for people."""
    if not found:
        return [Text("no class; make one with: mastery cohort put ID --students FILE")]
    grid = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("Class", "Name", "Students", "Teachers"):
        grid.add_column(name, justify="right" if name == "Students" else "left")
    for one in found:
        teachers = printable(", ".join(member.person_id for member in one.teachers))
        grid.add_row(one.cohort_id, Text(printable(one.name)), str(len(one.students)), Text(teachers))
    return [grid]
