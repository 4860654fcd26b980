"""Rosters of a file, whichever kind it is."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from mastery_engine.adapters.files.one_roster import ClassField, OneRosterIds, PersonField, read_one_roster
from mastery_engine.adapters.files.roster_csv import read_roster
from mastery_engine.domain.enrolment import Enrolment
from mastery_engine.domain.errors import InvalidInput, Problem

MOST_BYTES: Final = 128 << 20


def read_source(
    path: Path, student: PersonField, teacher: PersonField, cohort: ClassField
) -> tuple[str, list[Enrolment]]:
    """What kind of source it is, and its lines.

    Raises:
        InvalidInput: It cannot be read, or something in it is wrong.
    """
    if path.is_dir() or path.suffix.lower() == ".zip":
        return "oneroster", read_one_roster(
            path, OneRosterIds(student=student, teacher=teacher, cohort=cohort)
        )
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InvalidInput.of(Problem("", str(path), f"cannot be read: {error.strerror}")) from None
    if len(data) > MOST_BYTES:
        raise InvalidInput.of(Problem("", str(path), f"has more than {MOST_BYTES >> 20} MiB"))
    return "csv", read_roster(data)
