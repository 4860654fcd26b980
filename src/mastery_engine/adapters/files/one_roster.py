"""OneRoster 1.2, its CSV binding: classes, and who is enrolled in them.

Read are manifest, orgs, courses, academicSessions, users, classes and enrollments, and of users nothing but the ids: no
name, no demographics. An export is taken in bulk, whole or not at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final, Literal, NamedTuple, final

from msgspec import Struct

from mastery_engine.adapters.files.one_roster_files import RosterFiles, open_files
from mastery_engine.adapters.files.roster_csv import (
    COHORT_ID,
    COHORT_RULE,
    PERSON_ID,
)
from mastery_engine.adapters.files.table import Problems, Row, Table
from mastery_engine.domain.cohort import NAME_RULE, is_good_name
from mastery_engine.domain.enrolment import Enrolment, PersonRole
from mastery_engine.domain.errors import InvalidInput, Problem

VERSION: Final = "1.2"
PersonField = Literal["sourcedId", "username", "identifier"]
ClassField = Literal["sourcedId", "classCode"]
PERSON_FIELDS: Final[tuple[PersonField, ...]] = ("sourcedId", "username", "identifier")
CLASS_FIELDS: Final[tuple[ClassField, ...]] = ("sourcedId", "classCode")
_NEEDED: Final = ("orgs", "users", "classes", "enrollments")
_OPTIONAL: Final = ("academicSessions", "courses")
_TAKEN: Final[dict[str, PersonRole]] = {"student": "student", "teacher": "teacher"}
_PASSED_OVER: Final = ("administrator", "proctor")
_STATUS: Final = {"": True, "active": True, "tobedeleted": False}
_DAY: Final = timedelta(days=1)


class OneRosterIds(Struct, frozen=True, kw_only=True):
    """Which column gives an id of ours.

    Attributes:
        student: A student's, who signs in by it and whose events name it.
        teacher: A teacher's, the `sub` of the token.
        cohort: A class's.
    """

    student: PersonField = "sourcedId"
    teacher: PersonField = "sourcedId"
    cohort: ClassField = "sourcedId"


class _Term(NamedTuple):
    start: date | None
    end: date | None


def read_one_roster(path: Path, ids: OneRosterIds) -> list[Enrolment]:
    """Read an export whole.

    Args:
        path: A folder, or a zip with the files at its root.
        ids: Which columns give ids.

    Raises:
        InvalidInput: Everything that is wrong with the first file that is wrong, up to a bound.
    """
    with open_files(path) as files:
        return list(_Export(files, ids).enrolments())


@final
class _Export:
    def __init__(self, files: RosterFiles, ids: OneRosterIds) -> None:
        self._files = files
        self._ids = ids
        self._problems = Problems()
        self._there = self._manifest()

    def enrolments(self) -> Iterator[Enrolment]:
        orgs = self._sourced_ids("orgs")
        courses = self._sourced_ids("courses") if "courses" in self._there else None
        terms = self._terms() if "academicSessions" in self._there else None
        users = self._users()
        classes = self._classes(orgs, courses, terms)
        found = self._enrollments(users, classes)
        self._problems.check()
        yield from (one for one, _ in classes.values())
        yield from found

    def _manifest(self) -> set[str]:
        data = self._files.read("manifest.csv")
        if data is None:
            rule = "is not there: an export has it, at the root of its folder or zip"
            raise InvalidInput.of(Problem("", "manifest.csv", rule))
        table = Table("manifest.csv", data, ("propertyName", "value"), self._problems)
        told = {row.cells["propertyName"]: row.cells["value"] for row in table}
        version = told.get("oneroster.version", "")
        if version != VERSION:
            self._problems.add("manifest.csv, oneroster.version", version, f"must be {VERSION}")
        there: set[str] = set()
        for name in (*_NEEDED, *_OPTIONAL):
            mode = told.get(f"file.{name}", "absent")
            if mode == "delta":
                rule = "is not taken: let the export be in bulk, so that who is not in it has left"
                self._problems.add(f"manifest.csv, file.{name}", mode, rule)
            elif mode == "bulk":
                there.add(name)
            elif mode != "absent" or name in _NEEDED:
                self._problems.add(f"manifest.csv, file.{name}", mode, "must be bulk")
        self._problems.check()
        return there

    def _table(self, name: str, needed: Sequence[str]) -> Iterator[tuple[Table, Row]]:
        """Rows of a file that are not to be deleted, each sourcedId once."""
        data = self._files.read(f"{name}.csv")
        if data is None:
            raise InvalidInput.of(
                Problem("", f"{name}.csv", "is not there, and the manifest says that it is")
            )
        table = Table(f"{name}.csv", data, ("sourcedId", *needed), self._problems)
        seen: set[str] = set()
        for row in table:
            status, sourced_id = row.cells.get("status", ""), row.cells["sourcedId"]
            if status not in _STATUS:
                rule = "must be empty, active or tobedeleted"
                self._problems.add(table.at(row.line, "status"), status, rule)
            if not sourced_id or sourced_id in seen:
                rule = "stands twice" if sourced_id else "must not be empty"
                self._problems.add(table.at(row.line, "sourcedId"), sourced_id, rule)
            seen.add(sourced_id)
            if _STATUS.get(status, True):
                yield table, row
        self._problems.check()

    def _sourced_ids(self, name: str) -> set[str]:
        return {row.cells["sourcedId"] for _, row in self._table(name, ())}

    def _terms(self) -> dict[str, _Term]:
        found: dict[str, _Term] = {}
        for table, row in self._table("academicSessions", ("startDate", "endDate")):
            found[row.cells["sourcedId"]] = self._days(table, row, "startDate", "endDate")
        return found

    def _users(self) -> dict[str, Row]:
        """Ids alone are kept."""
        fields = sorted({self._ids.student, self._ids.teacher} - {"sourcedId"})
        kept = ("sourcedId", *fields)
        return {
            row.cells["sourcedId"]: Row(row.line, {name: row.cells[name] for name in kept})
            for _, row in self._table("users", fields)
        }

    def _classes(
        self, orgs: Collection[str], courses: Collection[str] | None, terms: dict[str, _Term] | None
    ) -> dict[str, tuple[Enrolment, _Term]]:
        """By sourcedId: the class without anybody, and its days."""
        found: dict[str, tuple[Enrolment, _Term]] = {}
        taken: set[str] = set()
        needed = ("title", "schoolSourcedId", *({self._ids.cohort} - {"sourcedId"}))
        for table, row in self._table("classes", needed):
            cells, line = row.cells, row.line
            cohort_id, title = cells[self._ids.cohort], cells["title"]
            if not COHORT_ID.fullmatch(cohort_id):
                self._problems.add(
                    table.at(line, self._ids.cohort), cohort_id, f"{COHORT_RULE}; {_CHOOSE_CLASS}"
                )
            elif cohort_id in taken:
                rule = f"is the {self._ids.cohort} of two classes; {_CHOOSE_CLASS}"
                self._problems.add(table.at(line, self._ids.cohort), cohort_id, rule)
            taken.add(cohort_id)
            if not is_good_name(title):
                self._problems.add(table.at(line, "title"), title, NAME_RULE)
            self._refer(table, row, "schoolSourcedId", orgs, "orgs")
            if courses is not None and cells.get("courseSourcedId"):
                self._refer(table, row, "courseSourcedId", courses, "courses")
            found[cells["sourcedId"]] = (
                Enrolment(cohort_id=cohort_id, name=title),
                self._class_days(table, row, terms),
            )
        return found

    def _class_days(self, table: Table, row: Row, terms: dict[str, _Term] | None) -> _Term:
        """From the start of its first term to the end of its last."""
        names = [name for part in row.cells.get("termSourcedIds", "").split(",") if (name := part.strip())]
        if terms is None or not names:
            return _Term(None, None)
        of = [terms[name] for name in names if name in terms]
        for name in names:
            if name not in terms:
                rule = "is in no line of academicSessions.csv"
                self._problems.add(table.at(row.line, "termSourcedIds"), name, rule)
        starts, ends = [one.start for one in of if one.start], [one.end for one in of if one.end]
        return _Term(min(starts, default=None), max(ends, default=None))

    def _enrollments(
        self, users: dict[str, Row], classes: dict[str, tuple[Enrolment, _Term]]
    ) -> list[Enrolment]:
        found: list[Enrolment] = []
        checked: set[tuple[str, PersonRole]] = set()
        owners: dict[tuple[str, PersonRole], str] = {}
        for table, row in self._table("enrollments", ("classSourcedId", "userSourcedId", "role")):
            cells, line = row.cells, row.line
            role = _TAKEN.get(cells["role"])
            if role is None:
                if cells["role"] not in _PASSED_OVER:
                    known = ", ".join((*_TAKEN, *_PASSED_OVER))
                    self._problems.add(table.at(line, "role"), cells["role"], f"must be one of {known}")
                continue
            self._check_primary(table, row)
            refers = self._refer(table, row, "classSourcedId", classes, "classes")
            if not (self._refer(table, row, "userSourcedId", users, "users") and refers):
                continue
            cohort, days = classes[cells["classSourcedId"]]
            user_id = cells["userSourcedId"]
            user, field = users[user_id], getattr(self._ids, role)
            person_id = user.cells[field]
            if (user_id, role) not in checked:
                checked.add((user_id, role))
                self._check_person(user, field, role, owners.setdefault((person_id, role), user_id))
            own = self._days(table, row, "beginDate", "endDate")
            found.append(
                Enrolment(
                    cohort_id=cohort.cohort_id,
                    name=cohort.name,
                    role=role,
                    person_id=person_id,
                    start=own.start or days.start,
                    end=own.end or days.end,
                )
            )
        return found

    def _check_person(self, user: Row, field: str, role: PersonRole, owner: str) -> None:
        person_id, (pattern, rule) = user.cells[field], PERSON_ID[role]
        where = f"users.csv line {user.line}, {field}"
        if not pattern.fullmatch(person_id):
            self._problems.add(where, person_id, f"{rule}; {_CHOOSE[role]}")
        elif owner != user.cells["sourcedId"]:
            self._problems.add(where, person_id, f"is the {field} of two users; {_CHOOSE[role]}")

    def _check_primary(self, table: Table, row: Row) -> None:
        primary = row.cells.get("primary", "")
        if primary.lower() not in {"", "true", "false"}:
            self._problems.add(table.at(row.line, "primary"), primary, "must be true, false or empty")

    def _refer(self, table: Table, row: Row, column: str, known: Collection[str], name: str) -> bool:
        value = row.cells[column]
        if value not in known:
            self._problems.add(
                table.at(row.line, column), value, f"is in no line of {name}.csv that is active"
            )
        return value in known

    def _days(self, table: Table, row: Row, first: str, last: str) -> _Term:
        """Days of a line; OneRoster's last day is the first one that is not of it any more."""
        start, end = table.day(row, first), table.day(row, last)
        if start is not None and end is not None and end <= start:
            rule = f"must be after {first} = {start.isoformat()}; it is the first day that does not count"
            self._problems.add(table.at(row.line, last), end.isoformat(), rule)
        return _Term(start, None if end is None else end - _DAY)


_CHOOSE: Final[dict[PersonRole, str]] = {
    "student": "choose another column with --student-id",
    "teacher": "choose another column with --teacher-id",
}
_CHOOSE_CLASS: Final = "choose another column with --class-id"
