"""The shortest written working that gets the right number: templates, filled with the real numbers on the way.

Every number is worked with as it is written, so the last one shows whether so few digits were enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from benchmarks.tokens.student import FORMULA, Student
from mastery_engine.domain.calendar import DAY_MS
from mastery_engine.domain.events import LearningEvent, QualityAssessmentCompleted, QuizPerformanceSubmitted
from mastery_engine.domain.evidence import HALF_LIFE_DAYS, quality_value, quiz_value
from mastery_engine.domain.scores import COMPONENTS, DAILY_CONSISTENCY_DECAY, Component, streaks

_MOST_AFTER_THE_POINT: Final = 6


class Term(NamedTuple):
    """A value in a decayed mean: its share of a total of the same age."""

    part: float
    whole: float
    at: int


class Part(NamedTuple):
    """A component as written down: what is worked, and what comes out."""

    text: str
    value: float


@dataclass(frozen=True)
class Sheet:
    """Writes a student's score down with so many digits after the point.

    Attributes:
        student: Whose.
        digits: Digits of the numbers on the way.
    """

    student: Student
    digits: int

    def number(self, value: float) -> str:
        """A number as it is written, without needless zeros.

        Args:
            value: The number.
        """
        written = f"{value:.{self.digits}f}"
        return written.rstrip("0").rstrip(".") if "." in written else written

    def written(self, value: float) -> float:
        """The number that is written.

        Args:
            value: The number.
        """
        return float(self.number(value))

    def equals(self, worked: str, value: float) -> Part:
        """A step with its outcome, which is worked with from here on.

        Args:
            worked: The step.
            value: What comes out.
        """
        written = self.number(value)
        return Part(f"{worked}={written}", float(written))

    def parts(self, day: int) -> dict[Component, Part]:
        """The four components on a day.

        Args:
            day: Number of the day.
        """
        events = [event for event in self.student.events if event.timestamp // DAY_MS <= day]
        return {
            "completion": self._completion(day),
            "quiz": self._mean(quiz_terms(events)),
            "quality": self._mean(quality_terms(events)),
            "consistency": self._consistency(day),
        }

    def score(self, parts: dict[Component, Part]) -> Part:
        """The weighted sum, and what comes out at 6 decimals.

        Args:
            parts: The four components, as written.
        """
        weighted = zip(FORMULA.weights, (parts[name].value for name in COMPONENTS), strict=True)
        pairs = [(weight, value) for weight, value in weighted if value]
        text = "+".join(f"{weight:g}*{self.number(value)}" for weight, value in pairs)
        score = round(sum(weight * value for weight, value in pairs), _MOST_AFTER_THE_POINT)
        return Part(f"score {text or '0'}={score:g}", score)

    def moved(self, now: float, before: dict[Component, Part], then: dict[Component, Part]) -> Part:
        """The score after parts have moved, from the score before: shorter than the whole sum again.

        Args:
            now: The score before, as written.
            before: The four components before.
            then: Those that are another then.
        """
        weights = dict(zip(COMPONENTS, FORMULA.weights, strict=True))
        text, score = f"{now:g}", now
        for name, part in then.items():
            text += f"+{weights[name]:g}*({self.number(part.value)}-{self.number(before[name].value)})"
            score += weights[name] * (part.value - before[name].value)
        score = round(score, _MOST_AFTER_THE_POINT)
        return Part(f"score {text}={score:g}", score)

    def _completion(self, day: int) -> Part:
        reports = [one.completion for one in self.student.evidence(day) if one.completion is not None]
        if not reports:
            return Part("0", 0.0)
        done = "+".join(f"{one.credited:g}" for one in reports)
        total = "+".join(str(one.total) for one in reports)
        above, below = (f"({done})", f"({total})") if len(reports) > 1 else (done, total)
        return self.equals(
            f"{above}/{below}", sum(one.credited for one in reports) / sum(one.total for one in reports)
        )

    def _mean(self, terms: Sequence[Term]) -> Part:
        if not terms:
            return Part("0", 0.0)
        newest = max(term.at for term in terms)
        weights = [self.weight(newest - term.at) for term in terms]
        told = "".join(f"{weight.text}, " for weight in weights if weight.value != 1.0)
        upper = "+".join(
            self._product(term.part, weight.value) for term, weight in zip(terms, weights, strict=True)
        )
        lower = "+".join(
            self._product(term.whole, weight.value) for term, weight in zip(terms, weights, strict=True)
        )
        above = sum(self.written(t.part) * w.value for t, w in zip(terms, weights, strict=True))
        below = sum(t.whole * w.value for t, w in zip(terms, weights, strict=True))
        if len(terms) > 1:
            upper, lower = f"({upper})", f"({lower})"
        return self.equals(f"{told}{upper}/{lower}", above / below)

    def weight(self, age_ms: int) -> Part:
        """How much evidence of an age counts.

        Args:
            age_ms: Milliseconds between it and the newest one.
        """
        days = age_ms / DAY_MS
        return self.equals(f"2^(-{self.number(days)}/{HALF_LIFE_DAYS})", 2.0 ** (-days / HALF_LIFE_DAYS))

    def _consistency(self, day: int) -> Part:
        whole = self.student.merged(day)
        if not whole.active_days:
            return Part("0", 0.0)
        current, longest = streaks(whole.active_days)
        longest, since = max(longest, whole.max_streak), day - whole.active_until
        power = f"^{since}" if since > 1 else ""
        decay = f"*{DAILY_CONSISTENCY_DECAY:g}{power}" if since else ""
        return self.equals(f"{current}/{longest}{decay}", current / longest * DAILY_CONSISTENCY_DECAY**since)

    def _product(self, value: float, weight: float) -> str:
        factors = [one for one in (value, weight) if one != 1.0] or [1.0]
        return "*".join(map(self.number, factors))


def quiz_terms(events: Sequence[LearningEvent]) -> list[Term]:
    """Calibrated correct answers, questions and time of each quiz.

    Args:
        events: Of one student.
    """
    return [
        Term(quiz_value(event) * event.total_questions, float(event.total_questions), event.timestamp)
        for event in events
        if isinstance(event, QuizPerformanceSubmitted)
    ]


def quality_terms(events: Sequence[LearningEvent]) -> list[Term]:
    """Mean score and time of each assessment, each with weight 1.

    Args:
        events: Of one student.
    """
    return [
        Term(quality_value(event), 1.0, event.timestamp)
        for event in events
        if isinstance(event, QualityAssessmentCompleted)
    ]
