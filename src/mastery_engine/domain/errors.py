"""One tree of errors, a code each; doors translate codes, nobody else does.

MasteryError
├── InvalidInput            VALIDATION_ERROR      a rule is broken; `problems` name field and value
│   ├── HistoryNotKept      VALIDATION_ERROR      a day before the kept ones was asked for
│   ├── NotEnoughDays       VALIDATION_ERROR      a forecast needs at least three days with an event
│   └── TooManyCourses      VALIDATION_ERROR      a student has reached the limit of courses
├── NotAuthenticated        AUTH_ERROR            no token, or one that does not hold
├── NotAllowed              FORBIDDEN             the role may not use this door
├── NotFound                NOT_FOUND             not there, or the caller may not see that it is
├── Conflict                CONFLICT              somebody else changed it, or it is there already
├── DependencyDown          SERVICE_UNAVAILABLE   a store or log is silent; nothing was lost, try again
├── NewerVersion            INTERNAL_ERROR        data of a newer release; refused, never guessed at
└── ConfigurationError      INTERNAL_ERROR        unsafe or contradictory settings
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule.

    Attributes:
        field: Path of the field, dotted (`metadata.topic`); empty for the whole.
        value: What was sent, shortened to 100 characters.
        rule: The rule in words, with its numbers.
    """

    field: str
    value: str
    rule: str

    def __str__(self) -> str:
        where = f"{self.field} = {self.value}" if self.field else self.value
        return f"{where}: {self.rule}" if where else self.rule


class MasteryError(Exception):
    """Root of all errors that the engine raises on purpose.

    Attributes:
        code: Stable code, the same in every door.
        message: One sentence: what, where, and what to do.
    """

    code: ClassVar[str] = "INTERNAL_ERROR"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidInput(MasteryError):
    """What was sent breaks one rule or more.

    Attributes:
        problems: Every broken rule found, in the order of the fields.
        reason: Short machine-readable reason (`invalid`, `event_id_reused`, ...).
    """

    code = "VALIDATION_ERROR"

    def __init__(self, message: str, problems: tuple[Problem, ...] = (), reason: str = "invalid") -> None:
        super().__init__(message)
        self.problems = problems
        self.reason = reason

    @classmethod
    def of(cls, *problems: Problem, reason: str = "invalid") -> Self:
        """Build the error from its problems; the message lists them."""
        return cls("; ".join(map(str, problems)), problems, reason)


class HistoryNotKept(InvalidInput):
    """A day before the kept ones was asked for."""


class NotEnoughDays(InvalidInput):
    """A forecast needs more days with an event than there are."""


class TooManyCourses(InvalidInput):
    """The student has reached the limit of courses."""


class NotAuthenticated(MasteryError):
    """No token, or one that does not hold.

    Attributes:
        reason: Short machine-readable reason, for counters and the log; never told to the caller.
    """

    code = "AUTH_ERROR"

    def __init__(self, message: str, reason: str = "credentials") -> None:
        super().__init__(message)
        self.reason = reason


class NotAllowed(MasteryError):
    """The role may not use this door."""

    code = "FORBIDDEN"


class NotFound(MasteryError):
    """It does not exist, or the caller may not see that it does."""

    code = "NOT_FOUND"


class Conflict(MasteryError):
    """Somebody else changed it, or it is there already."""

    code = "CONFLICT"


class DependencyDown(MasteryError):
    """A store or log does not answer; nothing was lost, and the same call may be made again."""

    code = "SERVICE_UNAVAILABLE"


class NewerVersion(MasteryError):
    """Data written by a newer release is refused, never guessed at."""


class ConfigurationError(MasteryError):
    """Unsafe or contradictory settings."""
