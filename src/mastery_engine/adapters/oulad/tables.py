"""The tables of one presentation, checked and held in columns of numbers.

A course is a place in `Tables.modules`; a student is the dataset's number; a day counts from the start of the
presentation. (course, student, day) packs into one integer that sorts in this order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from mastery_engine.adapters.oulad.columns import Column, Integers, Numbers, bad_cell, integers
from mastery_engine.adapters.oulad.folder import Folder
from mastery_engine.domain.errors import InvalidInput, Problem

FIRST_DAY: Final = -2_048
LAST_DAY: Final = 2_047
_DAY_BITS: Final = 12
_STUDENT_BITS: Final = 32
_MAX_STUDENT: Final = (1 << _STUDENT_BITS) - 1
_COMPACT_AT: Final = 2_000_000
_MODULE: Final = re.compile(r"[A-Za-z0-9._:-]{1,50}\Z")

_MODULE_COLUMN: Final = Column("code_module", "text")
_PRESENTATION_COLUMN: Final = Column("code_presentation", "text")
_STUDENT_COLUMN: Final = Column("id_student", "number")
_COURSE_COLUMNS: Final = (_MODULE_COLUMN, _PRESENTATION_COLUMN)


@dataclass(frozen=True, slots=True)
class Assessments:
    """CMA and TMA (never exams), in order of their ids; `due` is the course's last day where none is told."""

    ids: Integers
    course: Integers
    due: Integers
    is_quiz: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Submissions:
    """One row for each student and assessment (a place in `Assessments`); no score is NaN."""

    assessment: Integers
    student: Integers
    day: Integers
    score: Numbers


@dataclass(frozen=True, slots=True)
class Registrations:
    """When a student was registered; the first day counts, the last one does not."""

    course: Integers
    student: Integers
    first: Numbers
    end: Numbers


@dataclass(frozen=True, slots=True)
class Tables:
    """A presentation. `clicks` holds packed (course, student, day), sorted, each once."""

    modules: tuple[str, ...]
    assessments: Assessments
    submissions: Submissions
    registrations: Registrations
    clicks: Integers


def pack(course: Integers, student: Integers, day: Integers) -> Integers:
    """One integer that sorts by course, student, day."""
    return (((course << _STUDENT_BITS) | student) << _DAY_BITS) | (day - FIRST_DAY)


def unpack(keys: Integers) -> tuple[Integers, Integers, Integers]:
    """Course, student and day of packed keys."""
    day = (keys & ((1 << _DAY_BITS) - 1)) + FIRST_DAY
    return keys >> (_DAY_BITS + _STUDENT_BITS), (keys >> _DAY_BITS) & _MAX_STUDENT, day


def load(path: Path, presentation: str, module: str | None) -> Tables:
    """Read and check the tables of a presentation, or of one module of it.

    Raises:
        InvalidInput: A file, column, presentation or module is missing, or a cell breaks a rule.
        ConfigurationError: The tables are Parquet files and pyarrow is not installed.
    """
    loader = _Loader(Folder(path), presentation, module)
    assessments = loader.assessments()
    return Tables(
        modules=tuple(loader.lengths),
        assessments=assessments,
        submissions=loader.submissions(assessments),
        registrations=loader.registrations(),
        clicks=loader.clicks(),
    )


class _Loader:
    def __init__(self, folder: Folder, presentation: str, module: str | None) -> None:
        self._folder = folder
        self._keep = {"code_presentation": presentation} | ({"code_module": module} if module else {})
        self.lengths = self._courses(presentation, module)
        self._course = {name: place for place, name in enumerate(self.lengths)}

    def _courses(self, presentation: str, module: str | None) -> dict[str, int]:
        """Length in days by module, in order of the modules."""
        path = self._folder.find("courses")
        there: set[tuple[str, str]] = set()
        lengths: dict[str, int] = {}
        columns = (*_COURSE_COLUMNS, Column("module_presentation_length", "number"))
        for texts, numbers in self._folder.read(path, columns, {}):
            column = "module_presentation_length"
            days = integers(path.name, column, numbers[column], 1, LAST_DAY).tolist()
            for name, run, length in zip(texts["code_module"], texts["code_presentation"], days, strict=True):
                there.add((run, name))
                if run == presentation and module in (None, name):
                    if not _MODULE.match(name):
                        raise bad_cell(path.name, "code_module", name, f"must match {_MODULE.pattern}")
                    lengths[name] = length
        if lengths:
            return dict(sorted(lengths.items()))
        asked = presentation if module is None else f"{module} {presentation}"
        rule = f"is not in {path.name}, which has {', '.join(f'{name} {run}' for run, name in sorted(there))}"
        raise InvalidInput.of(Problem("presentation", asked, rule))

    def assessments(self) -> Assessments:
        path = self._folder.find("assessments")
        columns = (
            *_COURSE_COLUMNS,
            Column("id_assessment", "number"),
            Column("assessment_type", "text"),
            Column("date", "number", nullable=True),
        )
        rows: dict[int, tuple[int, int, bool]] = {}
        for texts, numbers in self._folder.read(path, columns, self._keep):
            ids = integers(path.name, "id_assessment", numbers["id_assessment"], 0, _MAX_STUDENT).tolist()
            course = self._places(path, texts["code_module"])
            last = np.array(list(self.lengths.values()), dtype=np.float64)[course]
            dates = np.where(np.isnan(numbers["date"]), last, numbers["date"])
            due = integers(path.name, "date", dates, FIRST_DAY, LAST_DAY).tolist()
            for key, kind, place, day in zip(
                ids, texts["assessment_type"], course.tolist(), due, strict=True
            ):
                if kind in ("CMA", "TMA"):
                    rows[key] = (place, day, kind == "CMA")
                elif kind != "Exam":
                    raise bad_cell(path.name, "assessment_type", kind, "must be CMA, TMA or Exam")
        ordered = sorted(rows)
        return Assessments(
            ids=np.array(ordered, dtype=np.int64),
            course=np.array([rows[key][0] for key in ordered], dtype=np.int64),
            due=np.array([rows[key][1] for key in ordered], dtype=np.int64),
            is_quiz=np.array([rows[key][2] for key in ordered], dtype=np.bool_),
        )

    def submissions(self, assessments: Assessments) -> Submissions:
        path = self._folder.find("studentAssessment")
        columns = (
            Column("id_assessment", "number"),
            _STUDENT_COLUMN,
            Column("date_submitted", "number"),
            Column("score", "number", nullable=True),
        )
        parts: list[tuple[Integers, Integers, Integers, Numbers]] = []
        for _, numbers in self._folder.read(path, columns, {}):
            # The table names no presentation: rows of others go by their assessments, exams as well.
            mine = np.isin(numbers["id_assessment"], assessments.ids)
            score = numbers["score"][mine]
            wrong = (score < 0) | (score > 100)  # noqa: PLR2004 - per cent
            if wrong.any():
                raise bad_cell(path.name, "score", f"{score[wrong][0]:g}", "must be from 0 to 100")
            key = integers(path.name, "id_assessment", numbers["id_assessment"][mine], 0, _MAX_STUDENT)
            day = numbers["date_submitted"][mine]
            parts.append(
                (
                    np.searchsorted(assessments.ids, key).astype(np.int64),
                    self._students(path, numbers["id_student"][mine]),
                    integers(path.name, "date_submitted", day, FIRST_DAY, LAST_DAY),
                    score,
                )
            )
        assessment = _joined([part[0] for part in parts])
        student = _joined([part[1] for part in parts])
        days = _joined([part[2] for part in parts])
        scores = np.concatenate([np.empty(0), *(part[3] for part in parts)])
        # Of rows that repeat assessment and student the first counts, as it does for events of the same id.
        first = np.unique((assessment << _STUDENT_BITS) | student, return_index=True)[1]
        return Submissions(assessment[first], student[first], days[first], scores[first])

    def registrations(self) -> Registrations:
        path = self._folder.find("studentRegistration")
        columns = (
            *_COURSE_COLUMNS,
            _STUDENT_COLUMN,
            Column("date_registration", "number", nullable=True),
            Column("date_unregistration", "number", nullable=True),
        )
        parts: list[tuple[Integers, Integers, Numbers, Numbers]] = []
        for texts, numbers in self._folder.read(path, columns, self._keep):
            first, end = numbers["date_registration"], numbers["date_unregistration"]
            parts.append(
                (
                    self._places(path, texts["code_module"]),
                    self._students(path, numbers["id_student"]),
                    np.where(np.isnan(first), -np.inf, first),
                    np.where(np.isnan(end), np.inf, end),
                )
            )
        return Registrations(
            _joined([part[0] for part in parts]),
            _joined([part[1] for part in parts]),
            np.concatenate([np.empty(0), *(part[2] for part in parts)]),
            np.concatenate([np.empty(0), *(part[3] for part in parts)]),
        )

    def clicks(self) -> Integers:
        path = self._folder.find("studentVle_daily", "studentVle")
        columns = (*_COURSE_COLUMNS, _STUDENT_COLUMN, Column("date", "number"), Column("sum_click", "number"))
        parts: list[Integers] = []
        waiting = 0
        for texts, numbers in self._folder.read(path, columns, self._keep):
            student = self._students(path, numbers["id_student"])
            day = integers(path.name, "date", numbers["date"], FIRST_DAY, LAST_DAY)
            clicked = integers(path.name, "sum_click", numbers["sum_click"], 0, 2**40) > 0
            keys = pack(self._places(path, texts["code_module"]), student, day)[clicked]
            # A day's clicks sum to more than zero when any row of it does: the days are all that is kept.
            parts.append(np.unique(keys))
            waiting += len(parts[-1])
            if waiting > _COMPACT_AT:
                parts, waiting = [np.unique(np.concatenate(parts))], 0
        return np.unique(_joined(parts))

    def _places(self, path: Path, modules: Sequence[str]) -> Integers:
        try:
            return np.array([self._course[name] for name in modules], dtype=np.int64)
        except KeyError as error:
            raise bad_cell(
                path.name, "code_module", error.args[0], "has no row in the table courses"
            ) from None

    def _students(self, path: Path, values: Numbers) -> Integers:
        return integers(path.name, "id_student", values, 0, _MAX_STUDENT)


def _joined(parts: Sequence[Integers]) -> Integers:
    return np.concatenate([np.empty(0, dtype=np.int64), *parts])
