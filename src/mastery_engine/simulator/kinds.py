"""Kinds of students: how often they come, how well they do, and what they are called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, NamedTuple, TypeAlias

from mastery_engine.simulator.settings import SATURDAY, Term

StudentKind: TypeAlias = Literal["steady", "fading", "cramming", "returning", "gifted", "absent"]
KINDS: Final[tuple[StudentKind, ...]] = ("steady", "fading", "cramming", "returning", "gifted", "absent")
# The first six are one of each, so that even a small class shows them all.
_PATTERN: Final[tuple[StudentKind, ...]] = (*KINDS, "steady", "steady", "fading", "cramming", "steady")
# fmt: off
_NAMES: Final = (
    "ada", "ben", "chloe", "dario", "elif", "fatou", "goran", "hana", "ines", "jonas", "kaya", "liam", "mei",
    "noor", "otto", "priya", "quentin", "rosa", "samir", "tessa", "umar", "vera", "wanda", "xavi", "yara",
    "zoe",
)
# fmt: on

_LEFT: Final = 0.28
_BACK: Final = 0.55
_CRAMMING_DAYS: Final = 8
_HOLIDAY: Final = 0.12
_WEEKEND: Final = 0.35


class Form(NamedTuple):
    """A kind of student on one day.

    Attributes:
        attendance: Probability of working that day.
        skill: Expected share of right answers, before what is the student's own.
        diligence: Share of the given exercises that is done in the end.
        hours: Earliest, latest and most likely hour at which work begins.
    """

    attendance: float
    skill: float
    diligence: float
    hours: tuple[float, float, float]


def kind_of(index: int) -> StudentKind:
    """Kind of the student at a place in the school."""
    return _PATTERN[index % len(_PATTERN)]


def student_id_of(index: int) -> str:
    """Id of the student at a place in the school, e.g. `ada-01`."""
    return f"{_NAMES[index % len(_NAMES)]}-{index // len(_NAMES) + 1:02d}"


def form_of(kind: StudentKind, term: Term, day: int, weekday: int) -> Form:
    """How students of a kind are on a day of the term."""
    form = _FORMS[kind](term, day)
    share = (_HOLIDAY if term.is_holiday(day) else 1.0) * (_WEEKEND if weekday >= SATURDAY else 1.0)
    if kind == "cramming" and term.days_to_exam(day) <= _CRAMMING_DAYS:
        share = 1.0
    return form._replace(attendance=form.attendance * share)


def _progress(term: Term, day: int) -> float:
    return day / term.days


def _steady(term: Term, day: int) -> Form:
    return Form(0.86, 0.66 + 0.18 * _progress(term, day), 0.94, (14.0, 19.5, 16.0))


def _fading(term: Term, day: int) -> Form:
    progress = _progress(term, day)
    return Form(0.88 * (1.0 - progress) ** 1.6, 0.80 - 0.28 * progress, 0.90, (13.0, 20.0, 16.5))


def _cramming(term: Term, day: int) -> Form:
    close = term.days_to_exam(day) <= _CRAMMING_DAYS
    return Form(0.95 if close else 0.10, 0.72 if close else 0.55, 0.82, (15.0, 20.0, 19.5))


def _returning(term: Term, day: int) -> Form:
    progress = _progress(term, day)
    if _LEFT <= progress < _BACK:
        return Form(0.0, 0.6, 0.9, (14.0, 19.0, 16.0))
    return Form(0.78 if progress < _LEFT else 0.92, 0.60 + 0.20 * progress, 0.90, (9.0, 19.0, 15.0))


def _gifted(_term: Term, _day: int) -> Form:
    return Form(0.80, 0.96, 1.0, (8.0, 18.0, 15.0))


def _absent(_term: Term, _day: int) -> Form:
    return Form(0.05, 0.42, 0.5, (10.0, 20.0, 18.0))


_FORMS: Final[dict[StudentKind, Callable[[Term, int], Form]]] = {
    "steady": _steady,
    "fading": _fading,
    "cramming": _cramming,
    "returning": _returning,
    "gifted": _gifted,
    "absent": _absent,
}
