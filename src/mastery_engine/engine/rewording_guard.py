"""Whether a model's words may stand in the place of a plain sentence.

Refusing costs nothing: the plain sentence is served. So each rule is strict, and refuses some words that a person would let
pass. What no rule sees is tone, and a meaning turned round with words that are not listed here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from mastery_engine.domain.scores import LEVELS

MOST_CHARACTERS: Final = 300
MOST_SENTENCES: Final = 2
# Letters, digits and what stands between words; no slash, bracket, quote, sign of markup, control character, nor a letter or
# digit of another script, which could look like one of ours. Printed forms of these signs are made the typed ones before.
_ALLOWED: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .,;:!?%'()-]*")
_TYPOGRAPHY: Final = str.maketrans({"’": "'", "–": "-", "—": "-", "\u00a0": " ", "\u202f": " "})
_ADDRESS: Final = re.compile(r"[A-Za-z0-9]\.[A-Za-z]|\b(?:www|https?|dot)\b", re.IGNORECASE)
_NUMBER: Final = re.compile(
    r"(?<![\w.,'+-])((?:0|[1-9]\d{0,5})(?:\.\d)?)(?![\w'-]|[.,]\d)(?:\s?(%|percent\b|points?\b|min\b|minutes?\b))?",
    re.IGNORECASE,
)
_UNITS: Final = {"percent": "%", "point": "points", "minute": "min", "minutes": "min"}
_ENDS: Final = re.compile(r"[.!?]+(?=\s|$)")
# What names each area; a rewording names those of the plain sentence and no other.
_AREAS: Final = {
    "completion": r"exercis\w*|complet\w*",
    "quiz": r"quiz\w*|tests?\b",
    "quality": r"quality|assessed|assignments?\b",
    "consistency": r"consisten\w*|(?:study|active) days?\b|study habits?\b",
}
# In both or in neither: with one more or one less the sentence says the opposite, or a bound becomes a value.
_BOTH: Final = {
    "negation": r"no|not|none|never|nothing|nobody|cannot|without|neither|nor|\w+n't",
    "less than": r"(?:less than|under)(?= [0-9.]+ points?)",
    "highest": r"highest|top",
    # Each of our sentences speaks to the learner; one in another language does it with other words.
    "you": r"you(?:rs?)?",
    **{level: level for level in LEVELS},
}
# Only where the plain sentence has them: numbers in words, what turns a gain into a loss or a shortfall into its contrary, and
# actions, which are told beside the sentence.
_ONLY_THERE: Final = (
    "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|"
    "(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundreds?|thousands?|millions?|half|halves|thirds?|quarters?|dozens?|"
    "billions?|trillions?|couples?|pairs?|nil|naught|\\w+fold|quadruple[ds]?|quintuple[ds]?|"
    "(?:four|fif|six|seven|eigh|nin|ten|eleven|twelf|\\w+teen|\\w+tie|hundred|thousand|million)ths?|"
    "per|each|every|an? (?:day|week|month|hour|minute|question|answer)|daily|weekly|hourly|"
    "at (?:most|least)|nearly|almost|roughly|approximately|"
    "first|second|once|twice|double[ds]?|triple[ds]?|above|over|exceed\\w*|more than|beyond|lose[s]?|losing|lost|loss|"
    "subtract\\w*|deduct\\w*|minus|negative|drops?|dropped|lowers?|lowered|reduce[ds]?|takes?|fail\\w*|already|"
    "cost\\w*|remov\\w*|cuts?|cutting|penal\\w*|forfeit\\w*|wors\\w*|shrink\\w*|sacrific\\w*|"
    "ignor\\w*|forget\\w*|skip\\w*|cheat\\w*|visit\\w*|click\\w*|download\\w*|pay\\w*|"
    "passwords?|e-?mails?|links?|websites?|phones?|prompts?|instructions?|"
    "practi[cs]e\\w*|practicing|review\\w*|refactor\\w*|schedul\\w*"
)


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})(?!\w)", re.IGNORECASE)


_AREA_WORDS: Final = {name: _words(pattern) for name, pattern in _AREAS.items()}
_BOTH_WORDS: Final = {name: _words(pattern) for name, pattern in _BOTH.items()}
_ONLY_THERE_WORDS: Final = _words(_ONLY_THERE)
# Numbers as Rome wrote them, and whatever else is shouted.
_CAPITALS: Final = re.compile(r"\b[A-Z]{2,}\b")


def reworded(plain: str, said: str) -> tuple[str | None, str]:
    """The words to serve, or which rule they break.

    Args:
        plain: The sentence as we say it.
        said: What a model made of it.

    Returns:
        The words without space around them, and nothing; or None, and the name of the first rule that they break. The name
        holds nothing of what was said, and may be logged.
    """
    if len(said) > 2 * MOST_CHARACTERS:
        return None, "length"
    text = said.strip(" \t\r\n").translate(_TYPOGRAPHY)
    for name, broken in _RULES.items():
        if broken(plain, text):
            return None, name
    return text, ""


def _too_long(plain: str, text: str) -> bool:
    del plain
    return not 0 < len(text) <= MOST_CHARACTERS


def _characters(plain: str, text: str) -> bool:
    del plain
    return _ALLOWED.fullmatch(text) is None


def _address(plain: str, text: str) -> bool:
    del plain
    return _ADDRESS.search(text) is not None


def _sentences(plain: str, text: str) -> bool:
    del plain
    ends = _ENDS.findall(text)
    return not 1 <= len(ends) <= MOST_SENTENCES or text[-1] not in ".!?"


def _numbers(plain: str, text: str) -> bool:
    return _numbers_of(plain) != _numbers_of(text) or any(one.isdigit() for one in _NUMBER.sub("", text))


def _numbers_of(text: str) -> dict[str, list[Decimal]]:
    """By unit, in their order: `40 %, below 70 %` is not `70 %, below 40 %`."""
    found: dict[str, list[Decimal]] = defaultdict(list)
    for number, unit in _NUMBER.findall(text):
        lower = str(unit).lower()
        found[_UNITS.get(lower, lower)].append(Decimal(number))
    return found


def _areas(plain: str, text: str) -> bool:
    return _named(_AREA_WORDS, plain) != _named(_AREA_WORDS, text)


def _both(plain: str, text: str) -> bool:
    return _named(_BOTH_WORDS, plain) != _named(_BOTH_WORDS, text)


def _only_there(plain: str, text: str) -> bool:
    new = _lower(_ONLY_THERE_WORDS.findall(text)) - _lower(_ONLY_THERE_WORDS.findall(plain))
    return bool(new) or _CAPITALS.search(text) is not None


def _named(words: dict[str, re.Pattern[str]], text: str) -> set[str]:
    return {name for name, pattern in words.items() if pattern.search(text)}


def _lower(words: Iterable[str]) -> set[str]:
    return {word.lower() for word in words}


_RULES: Final = {
    "length": _too_long,
    "characters": _characters,
    "address": _address,
    "sentences": _sentences,
    "numbers": _numbers,
    "area": _areas,
    "level or negation": _both,
    "words": _only_there,
}
