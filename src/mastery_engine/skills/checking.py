"""What is refused before the domain is asked; the broken rules are told together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final, cast

from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.scores import COMPONENTS, Components

_SHOWN: Final = 100
_ALL: Final = 100
_SPELLED_OUT: Final = 1e15
"""A whole number may be longer than Python prints."""
MOST_PROBLEMS: Final = 10
"""Told at once: who hands over something else altogether need not read a line of each of its parts."""
_NAMES_RULE: Final = f"must be one of {', '.join(COMPONENTS)}"


def checked_components(given: object) -> Components:
    """Components by their names.

    Args:
        given: Mapping of names to values in [0, 1]; a name that is not there is not observed.

    Raises:
        InvalidInput: It is no mapping, names or values are wrong, or nothing is given.
    """
    if not isinstance(given, Mapping):
        rule = f"must be a mapping of {', '.join(COMPONENTS)} to numbers from 0 to 1"
        raise InvalidInput.of(Problem("components", type(given).__name__, rule))
    values = cast("Mapping[object, object]", given)
    if not values:
        raise InvalidInput.of(Problem("components", "{}", "at least one must be given"))
    refuse(_problems(values))
    given_values = (values.get(name) for name in COMPONENTS)
    return Components(*(None if value is None else float(cast("float", value)) for value in given_values))


def refuse(problems: Iterator[Problem]) -> None:
    """Raise if there is any.

    Raises:
        InvalidInput: There is; the first ones are told.
    """
    if found := list(islice(problems, MOST_PROBLEMS)):
        raise InvalidInput.of(*found)


def checked_whole(field: str, value: object, most: int) -> int:
    """A whole number from 1 on.

    Raises:
        InvalidInput: It is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInput.of(Problem(field, type(value).__name__, "must be a whole number"))
    if not 1 <= value <= most:
        raise InvalidInput.of(Problem(field, _shown(value), f"must be from 1 to {most}"))
    return value


def checked_share(field: str, value: object) -> float:
    """A number in [0, 1], as a float.

    Raises:
        InvalidInput: It is something else.
    """
    problem = share_problem(field, value)
    if problem is not None:
        raise InvalidInput.of(problem)
    return float(cast("float", value))


def share_problem(field: str, value: object) -> Problem | None:
    """Why a value is no number in [0, 1]; None if it is one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Problem(field, type(value).__name__, "must be a number from 0 to 1")
    if not 0.0 <= value <= 1.0:
        hint = ": write 80 % as 0.8" if 1 < value <= _ALL else ""
        return Problem(field, _shown(value), f"must be from 0 to 1{hint}")
    return None


def _shown(value: float) -> str:
    return f"{value:g}" if isinstance(value, float) or abs(value) < _SPELLED_OUT else "a huge number"


def _problems(values: Mapping[object, object]) -> Iterator[Problem]:
    for name, value in values.items():
        if name not in COMPONENTS:
            yield Problem("components", repr(name)[:_SHOWN], _NAMES_RULE)
            continue
        problem = share_problem(f"components.{name}", value)
        if problem is not None:
            yield problem
