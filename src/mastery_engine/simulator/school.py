"""The school through its term: events of all students in order of time, in memory that grows with students.

Each student has random numbers of their own for each day: what one does depends on nobody else. A day goes in
two steps: who begins when, then the sittings in that order; events are held while their sitting lasts.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from hashlib import blake2b
from heapq import heappop, heappush
from random import Random
from typing import Final, final

from mastery_engine.domain.calendar import DAY_MS, day_of
from mastery_engine.domain.events import LearningEvent
from mastery_engine.simulator.kinds import KINDS, Form, StudentKind, form_of, kind_of, student_id_of
from mastery_engine.simulator.session import SessionWriter, Sitting
from mastery_engine.simulator.settings import SchoolSettings

_HOUR_MS: Final = 3_600_000
_FRIDAY: Final = 4
_PLACE_BITS: Final = 32
_ONE_COURSE_LESS: Final = 3
# An odd number of well mixed bits (Knuth's multiplicative hash): the days of a student lie far apart.
_DAY_STEP: Final = 0x9E37_79B9_7F4A_7C15
_MASK: Final = (1 << 64) - 1
_NEVER: Final = -2


def simulate(settings: SchoolSettings) -> Iterator[LearningEvent]:
    """All events of the term, in order of time; equal settings give equal events."""
    return _School(settings).term()


@final
class _School:
    def __init__(self, settings: SchoolSettings) -> None:
        self._settings = settings
        self._rng = Random()
        salt = f"{settings.seed}/{settings.tenant_id}/{settings.start.isoformat()}"
        self._writer = SessionWriter(settings, self._rng, int.from_bytes(_hash(salt, 16)))
        places = range(settings.students)
        self._seeds = array("Q", (int.from_bytes(_hash(f"{settings.seed}/{place}", 8)) for place in places))
        self._completed = array("H", bytes(2 * len(settings.courses) * settings.students))
        self._last_day = array("h", [_NEVER]) * settings.students
        self._streak = array("H", bytes(2 * settings.students))

    def term(self) -> Iterator[LearningEvent]:
        for day in range(self._settings.term.days):
            weekday = (self._settings.start.weekday() + day) % 7
            self._writer.open_day(day)
            yield from self._day(day, weekday)
            if weekday == _FRIDAY and not self._settings.term.is_holiday(day):
                yield from self._reports(day)

    def _day(self, day: int, weekday: int) -> Iterator[LearningEvent]:
        forms: dict[StudentKind, Form] = {
            kind: form_of(kind, self._settings.term, day, weekday) for kind in KINDS
        }
        midnight = (day_of(self._settings.start) + day) * DAY_MS
        going_on: list[tuple[int, str, LearningEvent]] = []
        for packed in self._beginnings(day, forms):
            begins_ms, place = packed >> _PLACE_BITS, packed & ((1 << _PLACE_BITS) - 1)
            while going_on and going_on[0][0] < midnight + begins_ms:
                yield heappop(going_on)[2]
            for event in self._sitting(day, place, begins_ms, forms[kind_of(place)]):
                heappush(going_on, (event.timestamp, event.event_id, event))
        while going_on:
            yield heappop(going_on)[2]

    def _beginnings(self, day: int, forms: dict[StudentKind, Form]) -> list[int]:
        """Time of day and place of each student who works on the day, packed, in order of time."""
        rng, seeds = self._rng, self._seeds
        found: list[int] = []
        for place in range(self._settings.students):
            form = forms[kind_of(place)]
            seed = seeds[place] + day * _DAY_STEP
            if _chance(seed) < form.attendance:
                rng.seed(seed)
                found.append(int(rng.triangular(*form.hours) * _HOUR_MS) << _PLACE_BITS | place)
        found.sort()
        return found

    def _sitting(self, day: int, place: int, begins_ms: int, form: Form) -> list[LearningEvent]:
        self._streak[place] = self._streak[place] + 1 if self._last_day[place] == day - 1 else 1
        self._last_day[place] = day
        seed = self._seeds[place]
        self._rng.seed(seed ^ (day + 1) * _DAY_STEP)
        who = Sitting(
            student_id_of(place),
            _talent(seed),
            form,
            begins_ms,
            self._courses(place),
            self._streak[place],
        )
        first = place * len(self._settings.courses)
        completed = self._completed[first : first + len(self._settings.courses)]
        events = self._writer.sitting(who, completed)
        self._completed[first : first + len(completed)] = completed
        return events

    def _reports(self, day: int) -> Iterator[LearningEvent]:
        width = len(self._settings.courses)
        for place in range(self._settings.students):
            self._rng.seed(~(self._seeds[place] + day * _DAY_STEP))
            completed = self._completed[place * width : (place + 1) * width]
            yield from self._writer.report(student_id_of(place), completed, self._courses(place))

    def _courses(self, place: int) -> int:
        """Every third student takes one course less."""
        courses = len(self._settings.courses)
        return max(1, courses - 1) if self._seeds[place] % _ONE_COURSE_LESS == 0 else courses


def _talent(seed: int) -> float:
    return (seed % 1_000 / 1_000 - 0.5) / 5


def _chance(seed: int) -> float:
    """A number in [0, 1) that looks random (the mixing of SplitMix64): asked of everybody on every day."""
    mixed = seed & _MASK
    mixed = (mixed ^ mixed >> 30) * 0xBF58_476D_1CE4_E5B9 & _MASK
    mixed = (mixed ^ mixed >> 27) * 0x94D0_49BB_1331_11EB & _MASK
    return (mixed ^ mixed >> 31) / 2.0**64


def _hash(text: str, size: int) -> bytes:
    return blake2b(text.encode(), digest_size=size).digest()
