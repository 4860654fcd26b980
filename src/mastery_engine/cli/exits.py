"""Exit codes, and errors as people and programs read them.

| code | meaning |
|---|---|
| 0 | done |
| 1 | failed |
| 2 | wrong usage: an argument or a setting of the command breaks a rule |
| 3 | done, but some of what was sent was refused |
| 4 | not found |
| 75 | a dependency is down or a disk is full; nothing is lost, try again |
| 130 | interrupted with Ctrl-C |
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from mastery_engine.domain.errors import (
    ConfigurationError,
    DependencyDown,
    HistoryNotKept,
    InvalidInput,
    MasteryError,
    NotEnoughDays,
    NotFound,
    Problem,
)

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2
SOME_REFUSED: Final = 3
NOT_FOUND: Final = 4
DEPENDENCY_DOWN: Final = 75
INTERRUPTED: Final = 130


class Interrupted(MasteryError):
    """Ctrl-C came, and there is a better way to go on than the same command again."""

    code = "INTERRUPTED"


_CODES: Final[tuple[tuple[type[MasteryError], int], ...]] = (
    (NotEnoughDays, FAILED),
    (HistoryNotKept, FAILED),
    (InvalidInput, USAGE),
    (NotFound, NOT_FOUND),
    (DependencyDown, DEPENDENCY_DOWN),
    (Interrupted, INTERRUPTED),
)


def exit_code(error: MasteryError) -> int:
    """The exit code of an error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILED)


def code_of(error: MasteryError) -> str:
    """The code of an error for programs: that of the API, which has none for settings, since no caller of it can mend them."""
    return "CONFIGURATION_ERROR" if isinstance(error, ConfigurationError) else error.code


def tell(code: str, message: str, as_json: bool, problems: Sequence[Problem] = ()) -> None:
    """Write one error to standard error.

    Args:
        code: Stable code, as in the API.
        message: What, where, and what to do.
        as_json: As a JSON object.
        problems: Broken rules, for programs.
    """
    if not as_json:
        from mastery_engine.contracts.event_words import printable

        # What was typed or sent stands in it, and could rewrite the terminal.
        lines = "\n".join(map(printable, message.split("\n")))
        print(f"error: {lines}", file=sys.stderr)  # noqa: T201 - the door talks to a person
        return
    import msgspec

    details = [{"field": one.field, "value": one.value, "rule": one.rule} for one in problems]
    text = msgspec.json.encode({"error": {"code": code, "message": message, "details": details}}).decode()
    print(text, file=sys.stderr)  # noqa: T201 - as above
