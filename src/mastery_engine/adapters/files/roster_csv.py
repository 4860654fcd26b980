"""Rosters in one CSV file: cohort_id, name, role, person_id, start, end."""

from __future__ import annotations

import re
from typing import Final

from mastery_engine.adapters.files.table import Problems, Row, Table
from mastery_engine.domain.cohort import NAME_RULE, is_good_name
from mastery_engine.domain.enrolment import ROLES, Enrolment, PersonRole

COLUMNS: Final = ("cohort_id", "role", "person_id")
"""Those that must be there; `name`, `start` and `end` may be."""
COHORT_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,100}")
PERSON_ID: Final[dict[PersonRole, tuple[re.Pattern[str], str]]] = {
    "student": (re.compile(r"[A-Za-z0-9_-]{1,50}"), "must be 1 to 50 of letters, digits, _ and -"),
    "teacher": (
        re.compile(r"(?!os:|dapr:)[\x21-\x7e]{1,200}"),
        "must be 1 to 200 visible characters of ASCII, as the sub of a teacher's token",
    ),
}
COHORT_RULE: Final = "must be 1 to 100 of letters, digits, ., _, : and -"
_ROLES: Final[dict[str, PersonRole]] = {role: role for role in ROLES}


def read_roster(data: bytes) -> list[Enrolment]:
    """Read a file whole.

    Args:
        data: The file.

    Raises:
        InvalidInput: Everything that is wrong with it, with the lines, up to a bound.
    """
    problems = Problems()
    table = Table("", data, COLUMNS, problems)
    names: dict[str, str] = {}
    found = [one for row in table if (one := _enrolment(table, row, names, problems)) is not None]
    problems.check()
    return found


def _enrolment(table: Table, row: Row, names: dict[str, str], problems: Problems) -> Enrolment | None:
    cohort_id, name = row.cells["cohort_id"], row.cells.get("name", "")
    if not COHORT_ID.fullmatch(cohort_id):
        problems.add(table.at(row.line, "cohort_id"), cohort_id, COHORT_RULE)
    if not is_good_name(name):
        problems.add(table.at(row.line, "name"), name, NAME_RULE)
    elif name and names.setdefault(cohort_id, name) != name:
        rule = f"is another name of the class than {names[cohort_id]!r} before"
        problems.add(table.at(row.line, "name"), name, rule)
    role, person_id = _ROLES.get(row.cells["role"].lower()), row.cells["person_id"]
    start, end = table.day(row, "start"), table.day(row, "end")
    if start is not None and end is not None and end < start:
        problems.add(table.at(row.line, "end"), end.isoformat(), f"is before start = {start.isoformat()}")
    if role is None:
        problems.add(table.at(row.line, "role"), row.cells["role"], f"must be one of {', '.join(ROLES)}")
        return None
    pattern, rule = PERSON_ID[role]
    if not pattern.fullmatch(person_id):
        problems.add(table.at(row.line, "person_id"), person_id, rule)
    return Enrolment(cohort_id=cohort_id, name=name, role=role, person_id=person_id, start=start, end=end)
