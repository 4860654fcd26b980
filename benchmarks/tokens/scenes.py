"""What a model would write down for each kind of question, by the formula of the baseline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from benchmarks.tokens.student import FORMULA, Student
from benchmarks.tokens.whatif import Change, after, apply
from benchmarks.tokens.working import Part, Sheet
from mastery_engine.domain.forecast import forecast
from mastery_engine.domain.forecast.trend import TREND_DAYS, change
from mastery_engine.domain.scores import COMPONENTS, DAILY_CONSISTENCY_DECAY, Component

DIGITS: Final = range(4, 13)
CLASS_SIZE: Final = 5
"""Students of the class in questions about a class: the same one so many times, for who knows a larger one's mix?"""


@dataclass
class Written:
    """A working.

    Attributes:
        lines: As written.
        found: The numbers that come out.
        expected: The same numbers, by the engine.
    """

    lines: list[str] = field(default_factory=list)
    found: list[float] = field(default_factory=list)
    expected: list[float] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)

    def check(self, found: float, expected: float) -> None:
        """Note a number beside the engine's.

        Args:
            found: As worked.
            expected: By the engine.
        """
        self.found.append(found)
        self.expected.append(expected)


Parts = dict[Component, Part]
Scene = Callable[[Student, Sheet, Written], None]


def write(scene: Scene, student: Student) -> Written:
    """The shortest working that gets every number right, over numbers of digits on the way.

    Args:
        scene: What to write.
        student: Whose.

    Raises:
        ValueError: No number of digits does: the working does not follow the formula.
    """
    right: list[Written] = []
    for digits in DIGITS:
        written = Written()
        scene(student, Sheet(student, digits), written)
        if written.found == written.expected:
            right.append(written)
    if not right:
        raise ValueError("the working does not get the engine's numbers with any number of digits")
    return min(right, key=lambda written: len(written.text))


def score(student: Student, sheet: Sheet, written: Written) -> None:
    """Parts, score and level."""
    parts = parts_only(student, sheet, written)
    _sum(student, sheet, written, parts)


def parts_only(student: Student, sheet: Sheet, written: Written) -> Parts:
    """The four parts."""
    parts = sheet.parts(student.day)
    written.lines += [f"{name} {part.text}" for name, part in parts.items()]
    components = student.result(student.day).components
    for part, value in zip(parts.values(), components, strict=True):
        written.check(round(part.value, 4), round(value or 0.0, 4))
    return parts


def weakest(student: Student, sheet: Sheet, written: Written) -> None:
    """The parts, which are compared without the score."""
    parts = parts_only(student, sheet, written)
    written.lines.append(f"weakest {min(parts, key=lambda name: parts[name].value)}")


def next_level(student: Student, sheet: Sheet, written: Written) -> None:
    """The score, and what is missing to the next level."""
    parts = parts_only(student, sheet, written)
    found = _sum(student, sheet, written, parts)
    thresholds = FORMULA.thresholds
    edges = (thresholds.developing, thresholds.competent, thresholds.proficient, thresholds.expert, 1.0)
    edge = next((one for one in edges if one > found), 1.0)
    written.lines.append(f"{edge:g}-{found:g}={edge - found:.6g} to next")


def gains(student: Student, sheet: Sheet, written: Written) -> None:
    """The parts, and what each weak one would bring."""
    parts = parts_only(student, sheet, written)
    weights = dict(zip(COMPONENTS, FORMULA.weights, strict=True))
    for name, part in parts.items():
        if part.value < FORMULA.weak_below.quiz:
            gain = weights[name] * (FORMULA.weak_below.quiz - part.value)
            written.lines.append(f"{name} {weights[name]:g}*(0.7-{sheet.number(part.value)})={gain:.4g}")


def what_if(*changes: Change) -> Scene:
    """The score, and for each change what differs then, and the score of it.

    Args:
        changes: What would come, each alone.
    """

    def scene(student: Student, sheet: Sheet, written: Written) -> None:
        parts = parts_only(student, sheet, written)
        now = _sum(student, sheet, written, parts)
        for one in changes:
            told = apply(one, student, sheet)
            written.lines += [f"{name} {part.text}" for name, part in told.items()]
            _moved(sheet, written, (now, parts, told), after(one, student))

    return scene


def ahead(days: int) -> Scene:
    """The score, and that of later, if nothing comes.

    Args:
        days: How far ahead.
    """

    def scene(student: Student, sheet: Sheet, written: Written) -> None:
        parts = parts_only(student, sheet, written)
        now = _sum(student, sheet, written, parts)
        value = parts["consistency"].value
        worked = f"{sheet.number(value)}*{DAILY_CONSISTENCY_DECAY:g}^{days}"
        then = sheet.equals(worked, value * DAILY_CONSISTENCY_DECAY**days)
        today = student.result(student.day)
        history = student.state.history(FORMULA, student.day)
        told = forecast(history, today, FORMULA, timeframe_days=days, model="decay")
        written.lines.append(f"in {days} days consistency {then.text}")
        later: Parts = {"consistency": then}
        found = _moved(sheet, written, (now, parts, later), told.predicted_score)
        written.lines.append(FORMULA.level(found))

    return scene


def trend(student: Student, sheet: Sheet, written: Written) -> None:
    """The score of today and of seven days ago, of which only what differs is written."""
    parts = parts_only(student, sheet, written)
    now = _sum(student, sheet, written, parts)
    day = student.day - TREND_DAYS
    before: Parts = {name: part for name, part in sheet.parts(day).items() if part != parts[name]}
    written.lines.append("7 days ago")
    written.lines += [f"{name} {part.text}" for name, part in before.items()]
    then = _moved(sheet, written, (now, parts, before), student.result(day).score)
    moved = round(now - then, 6)
    today = student.result(student.day)
    written.check(moved, change(student.state.history(FORMULA, student.day), today, FORMULA))
    written.lines.append(f"{moved:+.6g}")


def several(count: int) -> Scene:
    """The score of so many students, one after the other, and their order.

    Args:
        count: How many.
    """

    def scene(student: Student, sheet: Sheet, written: Written) -> None:
        for place in range(count):
            written.lines.append(f"{place + 1}")
            score(student, sheet, written)

    return scene


def class_mean(student: Student, sheet: Sheet, written: Written) -> None:
    """Every student's score, and their mean."""
    several(CLASS_SIZE)(student, sheet, written)
    found = student.result(student.day).score
    written.lines.append(f"({'+'.join([f'{found:g}'] * CLASS_SIZE)})/{CLASS_SIZE}={found:g}")


def _sum(student: Student, sheet: Sheet, written: Written, parts: Parts) -> float:
    found = sheet.score(parts)
    written.check(found.value, student.result(student.day).score)
    written.lines.append(f"{found.text} {FORMULA.level(found.value)}")
    return found.value


def _moved(sheet: Sheet, written: Written, told: tuple[float, Parts, Parts], expected: float) -> float:
    """The score after parts have moved: by the difference where that gets it right, else by the whole sum."""
    now, parts, then = told
    found = sheet.moved(now, parts, then)
    if found.value != expected:
        found = sheet.score(parts | then)
    written.check(found.value, expected)
    written.lines.append(found.text)
    return found.value
