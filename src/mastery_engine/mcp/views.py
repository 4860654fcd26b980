"""What the tools answer: few numbers that a sentence needs, or what the API answers.

No words of people go in but ids, which are letters, digits and `._:-`: the name of a class, which anybody may choose, is out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mastery_engine.contracts.answers import (
    Calculation,
    Comparison,
    ForecastAnswer,
    InterventionsAnswer,
    MemberStanding,
    Profile,
    RecommendationsAnswer,
    ResultView,
)
from mastery_engine.contracts.pages import cursor_after, key_before, no_cursor
from mastery_engine.domain.recommend import Recommendation
from mastery_engine.domain.scores import LEVELS

Told = dict[str, Any]
_Need = tuple[bool, float, str]
MOST_COURSES: Final = 20
HELP_BELOW: Final = frozenset({"beginner", "developing"})
"""Levels of those who are named first in an overview: below `competent`."""


def whole(answer: Struct) -> Told:
    """All of it, as the API has it."""
    told: Told = msgspec.to_builtins(answer)
    return told


def calculation(answer: Calculation) -> Told:
    """Score, level, and what to do next."""
    return {**_result(answer.result), "next": _actions(answer.recommendations[:1])}


def few_courses(answer: Profile) -> tuple[dict[str, ResultView], int]:
    """The first of a student's courses, and of how many more nothing is told: a student may have hundreds."""
    few = dict(islice(answer.courses.items(), MOST_COURSES))
    return few, len(answer.courses) - len(few)


def whole_profile(answer: Profile) -> Told:
    """All of it, but of no more courses than a model reads; of another one it asks by id."""
    few, more = few_courses(answer)
    told = whole(replace(answer, courses=few))
    return {**told, "more_courses": more} if more else told


def profile(answer: Profile) -> Told:
    """Score, level, the parts that are observed, and the trend."""
    told = {**_result(answer.current), **_parts(answer.current)}
    if answer.trend is not None:
        told["trend"] = answer.trend
    return told


def forecast(answer: ForecastAnswer) -> Told:
    """The score to come, within what, and whether somebody should do something."""
    foreseen = answer.forecast
    return {
        "now": answer.current.score,
        "score": foreseen.predicted_score,
        "level": foreseen.predicted_level,
        "low": foreseen.interval_80.low,
        "high": foreseen.interval_80.high,
        "trend": foreseen.trend,
        "at_risk": foreseen.intervention_needed,
    }


def recommendations(answer: RecommendationsAnswer) -> Told:
    """What to do, best first."""
    return {"next": _actions(answer.recommendations)}


def interventions(answer: InterventionsAnswer) -> Told:
    """The score now and after each, in the order asked for, and which wins most."""
    after = [one.result.score for one in answer.interventions]
    return {"now": answer.current.score, "after": after, "best": after.index(max(after))}


def overview(answer: Comparison, limit: int, cursor: str | None) -> Told:
    """A class in numbers, and those of its members who need help, the lowest score first.

    Args:
        answer: The whole class.
        limit: Most members told.
        cursor: From which of them on; None from the first.
    """
    members = _by_need(answer.members or [])
    page, following = _page([one for one in members if one.level in HELP_BELOW], limit, cursor)
    told: Told = {**_class(answer, members), "needs_help": {one.student_id: one.value for one in page}}
    return told if following is None else {**told, "next_cursor": following}


def whole_overview(answer: Comparison, limit: int, cursor: str | None) -> Told:
    """The same with every member, page after page, as the API has them; see `overview`."""
    members = _by_need(answer.members or [])
    page, following = _page(members, limit, cursor)
    told = whole(replace(answer, name="", members=list(page)))
    del told["name"]
    told |= _class(answer, members)
    return told if following is None else {**told, "next_cursor": following}


def _result(result: ResultView) -> Told:
    return {"score": result.score, "level": result.level}


def _parts(result: ResultView) -> Told:
    return {name: one.value for name, one in (result.components or {}).items() if one.observed}


def _actions(found: Sequence[Recommendation]) -> list[Told]:
    # Action and area in one field: a model reads both, and names of fields are paid for with each.
    return [
        {"do": f"{one.action} {one.area}", "gain": one.gain, "minutes": one.estimated_time} for one in found
    ]


def _class(answer: Comparison, members: Sequence[MemberStanding]) -> Told:
    levels = Counter(one.level for one in members if one.level is not None)
    told: Told = {"students": len(members), "levels": {one: levels[one] for one in LEVELS if levels[one]}}
    unknown = sum(one.level is None for one in members)
    if unknown:
        # Else a class of which nothing is known, or a course that nobody has, reads like one in which nobody needs help.
        told["without_evidence"] = unknown
    mean = answer.standings["score"].mean
    return told if mean is None else {**told, "mean": mean}


def _by_need(members: Sequence[MemberStanding]) -> list[MemberStanding]:
    return sorted(members, key=_need)


def _need(member: MemberStanding) -> _Need:
    """Lowest score first; who has no evidence comes last, since nothing is known."""
    return member.value is None, member.value or 0.0, member.student_id


def _page(
    members: Sequence[MemberStanding], limit: int, cursor: str | None
) -> tuple[Sequence[MemberStanding], str | None]:
    """A part of the members by need, and the cursor to the next one.

    A cursor tells a place and no member, so that it still leads on when who stood there has moved or left.
    """
    place = _place(cursor)
    rest = [one for one in members if place is None or _need(one) > place]
    if len(rest) <= limit:
        return rest, None
    last = rest[limit - 1]
    value = "" if last.value is None else last.value
    return rest[:limit], cursor_after(f"{value} {last.student_id}")


def _place(cursor: str | None) -> _Need | None:
    """Where a cursor of ours leads on from.

    Raises:
        InvalidInput: It is none.
    """
    if cursor is None:
        return None
    value, _, student_id = key_before(cursor).partition(" ")
    try:
        return not value, float(value or 0), student_id
    except ValueError:
        raise no_cursor(cursor) from None
