"""The ways to an answer without our tools: what is written down, in words, as a working and as a program's last line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from benchmarks.tokens import scenes
from benchmarks.tokens.scenes import CLASS_SIZE, Scene
from benchmarks.tokens.whatif import Change


@dataclass(frozen=True)
class Way:
    """What a model must do for a kind of question.

    Attributes:
        writes: What it must write down, in words.
        scene: The same, as a working.
        code: The last line of the program, of a model that writes one; it is run once for each student.
    """

    writes: str
    scene: Scene
    code: str


QUIZ: Final = Change("quiz", 0.8)
EXERCISES: Final = Change("exercises", 5)
QUALITY: Final = Change("quality", 0.9)
STUDY: Final = Change("study_day")
_A_DAY: Final = '"t":f"{T}T12:00Z"'
_ADDED: Final = {
    QUIZ: f'{{"type":"quiz",{_A_DAY},"correct":8,"total":10}}',
    EXERCISES: '{**X,"done":X["done"]+5}',
    QUALITY: f'{{"type":"quality",{_A_DAY},"scores":[.9]}}',
}
_LAST_REPORT: Final = 'X=next(e for e in E[::-1]if e["type"]=="exercise");'
_TOMORROW: Final = 'D=T+timedelta(1);print(S(P),S(parts(E+[{"type":"activity","t":f"{D}T12:00Z"}],D)))'
_PRINT: Final = "print(P,S(P))"


def what_if(*changes: Change) -> Way:
    """The score now, and after each of the changes alone.

    Args:
        changes: What would come.
    """
    then = ",".join(f"S(parts(E+[{_ADDED[one]}],T))" for one in changes)
    code = f"{_LAST_REPORT if EXERCISES in changes else ''}print(S(P),{then})"
    return Way("score, a part anew and the score then, for each", scenes.what_if(*changes), code)


def ahead(days: int) -> Way:
    """The score now, and days later.

    Args:
        days: How many.
    """
    code = f"print(S(P),S(P[:3]+[P[3]*.9**{days}]))"
    return Way("score, consistency and score then, both levels", scenes.ahead(days), code)


SCORE: Final = Way("parts, score, level", scenes.score, _PRINT)
NEXT_LEVEL: Final = Way("parts, score, difference", scenes.next_level, _PRINT)
WEAKEST: Final = Way("parts", scenes.weakest, "print(P)")
GAINS: Final = Way("parts, gain of each weak one", scenes.gains, "print(P,[w*(.7-x)for w,x in zip(W,P)])")
STUDY_DAY: Final = Way("score, consistency and score then", scenes.what_if(STUDY), _TOMORROW)
TREND: Final = Way("score, score 7 days ago", scenes.trend, "print(S(P),S(parts(E,T-timedelta(7))))")
TWO: Final = Way("parts and score of both", scenes.several(2), _PRINT)
CLASS: Final = Way("parts and score of each", scenes.several(CLASS_SIZE), _PRINT)
CLASS_MEAN: Final = Way("parts and score of each, mean", scenes.class_mean, _PRINT)
