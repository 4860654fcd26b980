"""What the API takes and answers, beside the answers that all doors share."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Generic, Literal, TypeVar

from msgspec import Meta, Struct

from mastery_engine.contracts.event_words import RULE
from mastery_engine.contracts.ingest_answer import Detail
from mastery_engine.domain.events import StudentId, UnitScore

Data = TypeVar("Data")
MOST_EVENTS: Final = 1_000
FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)

Code = Literal[
    "VALIDATION_ERROR",
    "AUTH_ERROR",
    "FORBIDDEN",
    "NOT_FOUND",
    "METHOD_NOT_ALLOWED",
    "NOT_ACCEPTABLE",
    "CONFLICT",
    "PAYLOAD_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "RATE_LIMITED",
    "INTERNAL_ERROR",
    "SERVICE_UNAVAILABLE",
]
STATUS: Final[dict[str, int]] = {
    "VALIDATION_ERROR": 400,
    "AUTH_ERROR": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "NOT_ACCEPTABLE": 406,
    "CONFLICT": 409,
    "PAYLOAD_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "RATE_LIMITED": 429,
    "INTERNAL_ERROR": 500,
    "SERVICE_UNAVAILABLE": 503,
}
"""HTTP status of each code; a code tells more than its status and stays the same in every door."""

AskedDay = Annotated[
    date,
    Meta(extra_json_schema={"pattern": "^(19[7-9][0-9]|20[0-9]{2}|21[0-9]{2})-"}, description="1970 to 2199"),
]
CourseId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9._:-]{0,100}\Z",
        extra={RULE: "must be at most 100 of A-Z a-z 0-9 . _ : and -"},
        description="Course; the empty one holds events without a course",
    ),
]


class AnswerMeta(Struct, frozen=True, kw_only=True):
    """About the answer.

    Attributes:
        timestamp: When it was made, ISO 8601 in UTC.
        version: Release that made it.
        request_id: Id of the request, as in `X-Request-ID`; the audit trail is searched by it.
    """

    timestamp: str
    version: str
    request_id: str


class Success(Struct, Generic[Data], frozen=True, kw_only=True):
    """Envelope of an answer."""

    success: Annotated[bool, Meta(extra_json_schema={"const": True})] = True
    data: Data
    meta: AnswerMeta


class ErrorBody(Struct, frozen=True, kw_only=True):
    """What went wrong.

    Attributes:
        code: Stable, for programs.
        message: One sentence, for people.
        details: Every broken rule that was found.
    """

    code: Code
    message: str
    details: tuple[Detail, ...]


class Failure(Struct, frozen=True, kw_only=True):
    """Envelope of an error: the same for all of them."""

    success: Annotated[bool, Meta(extra_json_schema={"const": False})] = False
    error: ErrorBody
    meta: AnswerMeta


class QueryRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks how a student stands.

    Attributes:
        student_id: Whose mastery.
        course_id: One course; null or left out means all together.
        date: Day at whose end the answer holds, 1970 to 2199; left out means today in the tenant's time zone.
        include_components: Whether results tell their components.
    """

    student_id: StudentId
    course_id: CourseId | None = None
    date: AskedDay | None = None
    include_components: bool = True


class ComponentValues(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Component values of a what-if calculation, at least one; what is left out is not observed."""

    completion: UnitScore | None = None
    quiz: UnitScore | None = None
    quality: UnitScore | None = None
    consistency: UnitScore | None = None


class CalculateRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks what a score would be.

    Attributes:
        components: Values to calculate with.
        student_id: Whose current result to put beside it, and whose formula to use.
    """

    components: ComponentValues
    student_id: StudentId | None = None
