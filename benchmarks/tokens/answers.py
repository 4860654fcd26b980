"""What an answer must tell to be one: numbers and words, by the domain's own fold of the same events."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from benchmarks.tokens.scenes import CLASS_SIZE
from benchmarks.tokens.student import FORMULA, Student
from benchmarks.tokens.ways import EXERCISES, QUALITY, QUIZ, STUDY
from benchmarks.tokens.whatif import Change, event_of
from mastery_engine.domain.calendar import DAY_MS, date_of
from mastery_engine.domain.events import ConsistencyActivityRecorded
from mastery_engine.domain.forecast import forecast
from mastery_engine.domain.forecast.trend import trend_of
from mastery_engine.domain.recommend import recommend

NEAR: Final = 5e-6
"""What would come weighs a little less with each second between the question and this."""
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")


class Right(NamedTuple):
    """What an answer must tell.

    Attributes:
        numbers: Each of them, to the last decimals.
        words: Each of them.
    """

    numbers: tuple[float, ...]
    words: tuple[str, ...] = ()


Answers = Mapping[str, Right]
"""By task."""


def lacks(right: Right, told: str) -> list[str]:
    """What an answer does not tell.

    Args:
        right: What it must.
        told: The text of the answer.
    """
    found = [float(one) for one in _NUMBER.findall(told)]
    numbers = [f"{one:g}" for one in right.numbers if not any(abs(one - other) <= NEAR for other in found)]
    return numbers + [word for word in right.words if word not in told]


def answers_of(student: Student, now_ms: int, members: Sequence[str]) -> Answers:
    """What the answer to each task must tell.

    Args:
        student: Whose events every member has.
        now_ms: When it is asked.
        members: Ids of the class.
    """
    day = now_ms // DAY_MS
    result, history = student.result(day), student.state.history(FORMULA, day)
    score = Right((result.score,), (result.level,))
    told: dict[str, Right] = dict.fromkeys(
        ("score", "level", "to next level", "course score", "two students"), score
    )
    told["weakest part"] = Right(tuple(one for one in result.components if one is not None))
    for name, most in (("next step", 1), ("three steps", 3)):
        best = recommend(result, FORMULA)[:most]
        words = tuple(word for one in best for word in (one.action, one.area))
        told[name] = Right(tuple(number for one in best for number in (one.gain, one.estimated_time)), words)
    for name, changes in _WHAT_IFS.items():
        after = (_after(one, student, now_ms) for one in changes)
        told[name] = Right((result.score, *after))
    for name, days in (("next week", 7), ("at risk", 7), ("next month", 30)):
        foreseen = forecast(history, result, FORMULA, timeframe_days=days)
        ends = (foreseen.interval_80.low, foreseen.interval_80.high)
        told[name] = Right((foreseen.predicted_score, *ends), (foreseen.predicted_level,))
    told["trend"] = Right((result.score,), (trend_of(history, result, FORMULA),))
    told["class mean"] = Right((result.score, CLASS_SIZE))
    told["who needs help"] = Right((result.score,), tuple(members))
    return told


Asking = Callable[[Student, int, Sequence[str]], Answers]
_WHAT_IFS: Final[dict[str, tuple[Change, ...]]] = {
    "one more quiz": (QUIZ,),
    "five exercises": (EXERCISES,),
    "good submission": (QUALITY,),
    "study tomorrow": (STUDY,),
    "quiz or exercises": (QUIZ, EXERCISES),
    "best of three": (QUIZ, EXERCISES, QUALITY),
}


def _after(change: Change, student: Student, now_ms: int) -> float:
    """The score once the event has really come."""
    event, day = event_of(change, student), now_ms // DAY_MS
    if isinstance(event, ConsistencyActivityRecorded):
        day += 1
        event = replace(event, timestamp=day * DAY_MS, activity_dates=(date_of(day),))
    else:
        event = replace(event, timestamp=now_ms)
    return student.with_event(event).result(day).score
