"""Which events the tables of a presentation make, as columns of numbers.

| source | event | time |
|---|---|---|
| day of clicks in a course | `CLICKS` | 08:00:00 |
| submission of a CMA with a score | `QUIZ` | 12:00:00 |
| submission of a TMA with a score | `QUALITY` | 12:00:00 |
| submission day; due day of a registered student | `COMPLETION` | 23:59:59 on a due day, else 12:00:00 |

A due day is a due day of the course, whoever submits on it: also one who is not registered then.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mastery_engine.adapters.oulad.columns import Integers, Numbers
from mastery_engine.adapters.oulad.tables import FIRST_DAY, Tables, pack, unpack

CLICKS: Final = 0
QUIZ: Final = 1
QUALITY: Final = 2
COMPLETION: Final = 3

DAY_SECONDS: Final = 86_400
_MORNING: Final = 8 * 3_600
_NOON: Final = 12 * 3_600
_END: Final = DAY_SECONDS - 1


@dataclass(frozen=True, slots=True)
class Plan:
    """Events to make, one row each, by student, time, course, kind and item.

    Student by student, because a batch then changes few documents, each once: an import is three times as fast
    so as in order of time, and the fold does not mind.

    Attributes:
        seconds: Event time, from the presentation's start.
        course: Place of the course.
        student: Number of the student.
        kind: `CLICKS`, `QUIZ`, `QUALITY` or `COMPLETION`.
        item: Id of the assessment; of `COMPLETION` the total.
        value: Score from 0 to 100; of `COMPLETION` the number completed.
        active: Whether the student did something.
    """

    seconds: Integers
    course: npt.NDArray[np.int16]
    student: npt.NDArray[np.uint32]
    kind: npt.NDArray[np.int8]
    item: npt.NDArray[np.uint32]
    value: Numbers
    active: npt.NDArray[np.bool_]


def plan(tables: Tables) -> Plan:
    """Lay out the events of a presentation."""
    parts = [_clicks(tables), _scores(tables), _completions(tables)]
    # All keys are in the order, so that it does not depend on the order of rows in the files.
    keys = ("item", "kind", "course", "seconds", "student")
    order = np.lexsort([_column(parts, key) for key in keys])
    return Plan(*(_column(parts, field.name)[order] for field in fields(Plan)))


def _column(parts: list[Plan], name: str) -> npt.NDArray[Any]:
    return np.concatenate([getattr(part, name) for part in parts])


def _part(
    seconds: Integers,
    course: Integers,
    student: Integers,
    kind: Integers,
    rest: tuple[Integers, Numbers, npt.NDArray[np.bool_]],
) -> Plan:
    item, value, active = rest
    return Plan(
        seconds,
        course.astype(np.int16),
        student.astype(np.uint32),
        kind.astype(np.int8),
        item.astype(np.uint32),
        value,
        active,
    )


def _clicks(tables: Tables) -> Plan:
    course, student, day = unpack(tables.clicks)
    none = np.zeros(len(day), dtype=np.int64)
    rest = (none, none.astype(np.float64), np.ones(len(day), dtype=np.bool_))
    return _part(day * DAY_SECONDS + _MORNING, course, student, none + CLICKS, rest)


def _scores(tables: Tables) -> Plan:
    rows, assessments = tables.submissions, tables.assessments
    scored = ~np.isnan(rows.score)
    which = rows.assessment[scored]
    kind = np.where(assessments.is_quiz[which], QUIZ, QUALITY)
    rest = (assessments.ids[which], rows.score[scored], np.ones(len(which), dtype=np.bool_))
    seconds = rows.day[scored] * DAY_SECONDS + _NOON
    return _part(seconds, assessments.course[which], rows.student[scored], kind, rest)


def _completions(tables: Tables) -> Plan:
    """One row for each student, course and day with a submission, or due day while registered."""
    rows, assessments = tables.submissions, tables.assessments
    submitted = np.sort(pack(assessments.course[rows.assessment], rows.student, rows.day))
    submission_days = np.unique(submitted)
    keys = np.unique(np.concatenate([submission_days, *_due_keys(tables)]))
    course, student, day = unpack(keys)
    before = pack(course, student, np.full_like(day, FIRST_DAY))
    completed = np.searchsorted(submitted, keys, side="right") - np.searchsorted(
        submitted, before, side="left"
    )
    due = np.sort(_course_day(assessments.course, assessments.due))
    start = np.searchsorted(due, _course_day(course, np.full_like(day, FIRST_DAY)), side="left")
    due_so_far = np.searchsorted(due, _course_day(course, day), side="right") - start
    total = np.maximum(due_so_far, completed)
    is_due_day = np.isin(_course_day(course, day), due)
    seconds = day * DAY_SECONDS + np.where(is_due_day, _END, _NOON)
    rest = (total, completed.astype(np.float64), np.isin(keys, submission_days))
    return _part(seconds, course, student, np.full_like(day, COMPLETION), rest)


def _due_keys(tables: Tables) -> list[Integers]:
    registered = tables.registrations
    keys: list[Integers] = []
    days = set(zip(tables.assessments.course.tolist(), tables.assessments.due.tolist(), strict=True))
    for course, day in sorted(days):
        there = (registered.course == course) & (registered.first <= day) & (day < registered.end)
        student = registered.student[there]
        keys.append(pack(np.full_like(student, course), student, np.full_like(student, day)))
    return keys


def _course_day(course: Integers, day: Integers) -> Integers:
    return pack(course, np.zeros_like(course), day)
