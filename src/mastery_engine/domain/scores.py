"""Components, formulas, levels and results: from evidence to the score that people see."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.evidence import Evidence, merge_all

Component = Literal["completion", "quiz", "quality", "consistency"]
Level = Literal["beginner", "developing", "competent", "proficient", "expert"]
COMPONENTS: Final[tuple[Component, ...]] = ("completion", "quiz", "quality", "consistency")
LEVELS: Final[tuple[Level, ...]] = ("beginner", "developing", "competent", "proficient", "expert")
SCORE_DECIMALS: Final = 6
_SCORE_SCALE: Final = 10.0**SCORE_DECIMALS
_NO_TIE: Final = 0.4999
DAILY_CONSISTENCY_DECAY: Final = 0.9


class Components(NamedTuple):
    """Values of the four components, unrounded, in [0, 1]; None where there is no evidence."""

    completion: float | None
    quiz: float | None
    quality: float | None
    consistency: float | None


class Weights(Struct, frozen=True, kw_only=True):
    """Share of each component in the score; they sum to 1."""

    completion: float
    quiz: float
    quality: float
    consistency: float

    def __iter__(self) -> Iterator[float]:
        return iter((self.completion, self.quiz, self.quality, self.consistency))


class LevelThresholds(Struct, frozen=True, kw_only=True):
    """Lowest score of each level above `beginner`, rising."""

    developing: float = 0.40
    competent: float = 0.60
    proficient: float = 0.75
    expert: float = 0.90


class Formula(Struct, frozen=True, kw_only=True, dict=True):
    """How components make a score: named and versioned; a published one never changes, but has a successor.

    Attributes:
        name: Lower-case name, e.g. `adr-004`.
        version: Counts from 1.
        description: One sentence for people.
        weights: Share of each component.
        thresholds: Lowest score of each level.
        only_observed: Share the weights out over the observed components, instead of counting 0 for others.
        weak_below: A component below its value is weak and gets a recommendation.
    """

    name: str
    version: int
    description: str
    weights: Weights
    thresholds: LevelThresholds = LevelThresholds()
    only_observed: bool = False
    weak_below: Weights = Weights(completion=0.7, quiz=0.7, quality=0.7, consistency=0.7)

    def __post_init__(self) -> None:
        """Refuse a formula whose numbers contradict each other."""
        problems = list(self._problems())
        if problems:
            raise InvalidInput.of(*problems)

    @cached_property
    def id(self) -> str:
        """Name and version, e.g. `adr-004@1`."""
        return f"{self.name}@{self.version}"

    def score(self, components: Components) -> float:
        """Weighted sum of the components, in [0, 1], at 6 decimals."""
        completion, quiz, quality, consistency = components
        weights = self.weights
        total = (
            weights.completion * (completion or 0.0)
            + weights.quiz * (quiz or 0.0)
            + weights.quality * (quality or 0.0)
            + weights.consistency * (consistency or 0.0)
        )
        if self.only_observed:
            observed = math.fsum(w for w, v in zip(weights, components, strict=True) if v is not None)
            total = total / observed if observed > 0.0 else 0.0
        return _rounded(total)

    def level(self, score: float) -> Level:
        """Level of a rounded score."""
        thresholds = self.thresholds
        if score >= thresholds.competent:
            if score >= thresholds.expert:
                return "expert"
            return "proficient" if score >= thresholds.proficient else "competent"
        return "developing" if score >= thresholds.developing else "beginner"

    def weak(self, components: Components) -> tuple[Component, ...]:
        """Weak components, the one with most score to win first.

        Unobserved ones count 0, or nothing where the formula leaves them out of the score.
        """
        shortfalls: list[tuple[float, int]] = []
        for (place, weight, below), value in zip(self.edges, components, strict=True):
            if value is None:
                if not self.only_observed and below > 0.0:
                    shortfalls.append((-weight * below, place))
            elif value < below:
                shortfalls.append((-weight * (below - value), place))
        return tuple([COMPONENTS[place] for _, place in sorted(shortfalls)])

    @cached_property
    def edges(self) -> tuple[tuple[int, float, float], ...]:
        """Place, weight and threshold of each component, in the order of `COMPONENTS`."""
        return tuple(zip(range(len(COMPONENTS)), self.weights, self.weak_below, strict=True))

    def _problems(self) -> Iterable[Problem]:
        weights = list(self.weights)
        if not all(weight >= 0.0 for weight in weights) or not math.isclose(math.fsum(weights), 1.0):
            yield Problem("weights", str(weights), "none may be below 0, and together they must sum to 1")
        levels = self.thresholds
        edges = [0.0, levels.developing, levels.competent, levels.proficient, levels.expert]
        if any(not lower < higher for lower, higher in pairwise(edges)) or levels.expert > 1.0:
            yield Problem("thresholds", str(edges[1:]), "must rise, above 0 and up to 1")
        if not all(0.0 <= below <= 1.0 for below in self.weak_below):
            yield Problem("weak_below", str(list(self.weak_below)), "each must be in [0, 1]")


class Result(Struct, frozen=True, kw_only=True):
    """A student's mastery in one scope at the end of one day.

    Attributes:
        score: In [0, 1] at 6 decimals.
        level: Level of that score.
        components: Unrounded values, None where not observed.
        formula: `name@version` of the formula that made it.
        day: Number of the day at whose end it holds.
    """

    score: float
    level: Level
    components: Components
    formula: str
    day: int


def components_of(courses: Sequence[Evidence], as_of_day: int) -> Components:
    """Component values of one course, or overall of several.

    Args:
        courses: Evidence of each course in the scope, up to the end of `as_of_day`.
        as_of_day: Day number for which consistency is told.

    Returns:
        Values in [0, 1]. Completion over several courses is the credited exercises by the totals of all;
        the other components are those of the merged evidence.
    """
    completion = None
    if len(courses) == 1:
        whole = courses[0]
        if whole.completion is not None:
            completion = whole.completion.credited / whole.completion.total
    else:
        whole = merge_all(courses)
        credited: list[float] = []
        total = 0
        for course in courses:
            report = course.completion
            if report is not None:
                credited.append(report.credited)
                total += report.total
        if credited:
            completion = math.fsum(credited) / total
    quiz, quality = whole.quiz, whole.quality
    values = (
        completion,
        None if quiz is None else quiz.value,
        None if quality is None else quality.value,
        consistency_of(whole, as_of_day),
    )
    # One result follows every event, and a named tuple's own constructor would take a tenth of its time.
    return tuple.__new__(Components, values)  # pyright: ignore[reportUnknownMemberType]


def consistency_of(evidence: Evidence, as_of_day: int) -> float | None:
    """(current streak / longest streak) * 0.9^(days since the last active day), None without an active day.

    The longest streak is that of the kept days or the one told from outside if longer.
    """
    if not evidence.active_days:
        return None
    current, longest = streaks(evidence.active_days)
    if evidence.max_streak > longest:  # noqa: PLR1730 - on the way of every event
        longest = evidence.max_streak
    return current / longest * DAILY_CONSISTENCY_DECAY ** (as_of_day - evidence.active_until)


def streaks(active_days: int) -> tuple[int, int]:
    """Length of the run that ends at the newest day (bit 0) and of the longest run, in days.

    Args:
        active_days: Bitmap of active days, at least one.
    """
    current = (active_days ^ (active_days + 1)).bit_length() - 1
    # Where runs of 1, 2, 4, ... days begin, until there is none; then the longest by halves.
    begins, length = [active_days], 1
    while longer := begins[-1] & begins[-1] >> length:
        begins.append(longer)
        length *= 2
    found, longest = begins.pop(), length
    while begins:
        length //= 2
        if longer := found & begins.pop() >> longest:
            found = longer
            longest += length
    return current, longest


def evaluate(courses: Sequence[Evidence], as_of_day: int, formula: Formula) -> Result:
    """Result of a scope under a formula; see `components_of` for the arguments."""
    components = components_of(courses, as_of_day)
    score = formula.score(components)
    return Result(
        score=score, level=formula.level(score), components=components, formula=formula.id, day=as_of_day
    )


def _rounded(score: float) -> float:
    """The same as `round(score, 6)`, in a third of its time wherever it is not nearly a tie."""
    scaled = score * _SCORE_SCALE
    whole = (scaled + 0.5) // 1.0
    return whole / _SCORE_SCALE if -_NO_TIE < scaled - whole < _NO_TIE else round(score, SCORE_DECIMALS)
