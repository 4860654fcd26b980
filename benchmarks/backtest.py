"""How well the forecast models foresee OULAD: mean absolute errors, and how often the 80 % interval holds.

    python -m benchmarks.backtest FOLDER [--presentation 2014B] [--every 1]
    python -m benchmarks.backtest FOLDER --presentation 2013J --fit

A case is a registered student's course at the end of week 3 to 30 of it, with at least three days with an
event by then. `--every N` takes each N-th student. `--fit` prints the table of `forecast/intervals.py`:
measured on one presentation, checked on another.
"""

from __future__ import annotations

import argparse
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Final, NamedTuple

from mastery_engine.adapters.oulad.importer import OuladEvents, start_of
from mastery_engine.adapters.oulad.tables import load
from mastery_engine.domain.calendar import Calendar, day_of
from mastery_engine.domain.errors import NotEnoughDays
from mastery_engine.domain.forecast import DEFAULT_MODEL, MODELS, Situation
from mastery_engine.domain.forecast.intervals import HORIZONS, IDLE_FROM
from mastery_engine.domain.forecast.predict import situation_of
from mastery_engine.domain.formulas import BUILT_IN
from mastery_engine.domain.history import carried, state_on
from mastery_engine.domain.learner import LearnerState
from mastery_engine.domain.scores import Result

FORMULA: Final = BUILT_IN[0]
WEEKLY: Final = range(3 * 7, 31 * 7, 7)
ANY_DAY_OF_THE_WEEK: Final = range(3 * 7, 31 * 7, 3)
"""Due days fall on few days of the week: weekly origins would see their own part of that pattern only."""
TARGET: Final = 0.82
"""Above 80 %, for of a presentation that was not fitted an interval holds less."""
DISTANCES: Final = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 21, 25, 30)
NOISE: Final = 2e-6
"""Scores are told at 6 decimals; what differs by less is equal."""


class Case(NamedTuple):
    """A student's course on one day, with what came of it."""

    course: str
    situation: Situation
    history: list[Result]

    def outcome(self, days: int) -> float:
        """The score that came."""
        result = state_on(self.history, self.situation.today.day + days, FORMULA)
        return (result or self.situation.today).score


def histories(folder: Path, presentation: str, every: int) -> dict[tuple[str, str], list[Result]]:
    """Daily results of each course and student of a presentation."""
    calendar = Calendar()
    states: defaultdict[str, LearnerState] = defaultdict(LearnerState)
    for batch in OuladEvents(folder, presentation):
        for event in batch:
            if int(event.student_id) % every == 0:
                states[event.student_id].fold(event, calendar.day(event.timestamp), None)
    return {
        (course_id, student_id): state.history(FORMULA, state.newest_day, course_id)
        for student_id, state in states.items()
        for course_id in state.courses
    }


def cases(folder: Path, presentation: str, every: int, origins: range) -> Iterator[Case]:
    """Every case of a presentation."""
    start = day_of(start_of(presentation))
    tables = load(folder, presentation, None)
    registered = tables.registrations
    places = zip(
        registered.course.tolist(), registered.student.tolist(), registered.end.tolist(), strict=True
    )
    left = {
        (f"{tables.modules[course]}_{presentation}", str(student)): end for course, student, end in places
    }
    for (course, student), history in histories(folder, presentation, every).items():
        for origin in origins:
            today = state_on(history, start + origin, FORMULA)
            if today is None or left.get((course, student), 0.0) <= origin:
                continue
            try:
                yield Case(course, situation_of(history, today, FORMULA), history)
            except NotEnoughDays:
                continue


def neighbours(situation: Situation, days: int) -> float:
    """The line that takes days with an event for neighbours; told to show what ignoring gaps does."""
    scores = [result.score for result in situation.days]
    middle, mean = (len(scores) - 1) / 2, sum(scores) / len(scores)
    rise = sum((place - middle) * (score - mean) for place, score in enumerate(scores))
    slope = rise / sum((place - middle) ** 2 for place in range(len(scores)))
    return min(1.0, max(0.0, scores[-1] + slope * days))


def report_errors(found: list[Case]) -> None:
    """Print mean absolute errors at 7 days, and how often each model's interval holds, by course."""
    errors: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    held: defaultdict[str, defaultdict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for case in found:
        outcome = case.outcome(7)
        for course in (case.course, "all"):
            errors[course]["neighbours"].append(abs(neighbours(case.situation, 7) - outcome))
        for name, model in MODELS.items():
            prediction = model(case.situation, 7)
            interval = prediction.interval.rounded()
            for course in (case.course, "all"):
                errors[course][name].append(abs(prediction.score - outcome))
                held[course][name].append(interval.low - NOISE <= outcome <= interval.high + NOISE)
    names = sorted(MODELS)
    print("\nMean absolute error at 7 days, and share of outcomes inside the 80 % interval")
    print(f"{'course':<12}{'cases':>8}{'neighbours':>12}" + "".join(f"{name:>22}" for name in names))
    for course in sorted(errors, key=lambda course: (course == "all", course)):
        line = f"{course:<12}{len(errors[course]['decay']):>8}{mean(errors[course]['neighbours']):>12.4f}"
        for name in names:
            line += f"{mean(errors[course][name]):>14.4f}{mean(held[course][name]):>8.1%}"
        print(line)


def report_coverage(found: list[Case]) -> None:
    """Print how often the default model's interval holds, and how wide it is, by days ahead."""
    print(f"\n80 % interval of `{DEFAULT_MODEL}` by days ahead: share of outcomes inside, mean width")
    for days in DISTANCES:
        inside: list[float] = []
        widths: list[float] = []
        for case in found:
            interval = MODELS[DEFAULT_MODEL](case.situation, days).interval.rounded()
            inside.append(interval.low - NOISE <= case.outcome(days) <= interval.high + NOISE)
            widths.append(interval.high - interval.low)
        print(f"{days:>4} days {mean(inside):>8.1%} {mean(widths):>8.4f}")


def fit(found: list[Case]) -> None:
    """Print the offsets of the shortest interval around the `decay` score that holds so many outcomes."""
    rows: list[list[tuple[float, float]]] = []
    for row in range(len(IDLE_FROM)):
        group = [case for case in found if bisect_right(IDLE_FROM, case.situation.idle_days) - 1 == row]
        rows.append([])
        for days in HORIZONS:
            rows[row].append(
                shortest(sorted(case.outcome(days) - idle_score(case.situation, days) for case in group))
            )
    for name, side in (("BELOW", 0), ("ABOVE", 1)):
        print(f"{name}: Final = (")
        for row in rows:
            print("    (" + ", ".join(f"{abs(offsets[side]):.4f}" for offsets in row) + "),")
        print(")")


def idle_score(situation: Situation, days: int) -> float:
    """The score if nothing comes."""
    return carried(situation.today, situation.today.day + days, FORMULA).score


def shortest(errors: list[float]) -> tuple[float, float]:
    """The shortest range that includes 0 and holds the target's share of the sorted errors."""
    need = ceil(TARGET * len(errors))
    best = (errors[0], errors[-1])
    for first in range(0, len(errors) - need + 1, max(1, len(errors) // 400)):
        low = min(0.0, errors[first])
        start = next(place for place, error in enumerate(errors) if error >= low - NOISE)
        if start + need <= len(errors):
            high = max(0.0, errors[start + need - 1])
            if high - low < best[1] - best[0]:
                best = (low, high)
    return best


def mean(values: list[float] | list[bool]) -> float:
    """Their mean."""
    return sum(values) / len(values)


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="holds OULAD's tables")
    parser.add_argument("--presentation", default="2014B")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--fit", action="store_true")
    arguments = parser.parse_args()
    origins = ANY_DAY_OF_THE_WEEK if arguments.fit else WEEKLY
    found = list(cases(arguments.folder, arguments.presentation, arguments.every, origins))
    print(f"{arguments.presentation}, days {origins[0]} to {origins[-1]} of it: {len(found)} cases")
    if arguments.fit:
        fit(found)
    else:
        report_errors(found)
        report_coverage(found)


if __name__ == "__main__":
    main()
