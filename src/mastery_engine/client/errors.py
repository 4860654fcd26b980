"""Errors that the service answered, as the errors that it raised itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from mastery_engine.client.retry_after import seconds_asked
from mastery_engine.contracts.ingest_answer import Detail
from mastery_engine.domain.errors import (
    Conflict,
    DependencyDown,
    HistoryNotKept,
    InvalidInput,
    MasteryError,
    NotAllowed,
    NotAuthenticated,
    NotEnoughDays,
    NotFound,
    Problem,
    TooManyCourses,
)


class RateLimited(MasteryError):
    """Too many requests.

    Attributes:
        retry_after: Seconds until the service wants to be asked again; None if it did not say.
    """

    code = "RATE_LIMITED"

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PayloadTooLarge(MasteryError):
    """More was sent than the route takes at once."""

    code = "PAYLOAD_TOO_LARGE"


class EventsRefused(InvalidInput):
    """Of the events that were sent, none was accepted.

    Attributes:
        details: Every broken rule, with the `index` of its event in what was sent.
    """

    def __init__(self, message: str, problems: tuple[Problem, ...], details: tuple[Detail, ...]) -> None:
        super().__init__(message, problems)
        self.details = details


class UnexpectedAnswer(MasteryError):
    """What answered is no Mastery Engine, one of another age, or one that failed inside."""


class MethodNotAllowed(UnexpectedAnswer):
    """The service has the route and not the method: it is of another age than this client."""

    code = "METHOD_NOT_ALLOWED"


class NotAcceptable(UnexpectedAnswer):
    """The service has no such form of the answer: it is of another age than this client."""

    code = "NOT_ACCEPTABLE"


class UnsupportedMediaType(UnexpectedAnswer):
    """The service takes no such form of a body: it is of another age than this client."""

    code = "UNSUPPORTED_MEDIA_TYPE"


class ServiceFailed(UnexpectedAnswer):
    """The service failed inside; its log tells why, under the request id."""

    code = "INTERNAL_ERROR"


ERRORS: Final[Mapping[str, type[MasteryError]]] = {
    kind.code: kind
    for kind in (
        Conflict,
        DependencyDown,
        InvalidInput,
        MethodNotAllowed,
        NotAcceptable,
        NotAllowed,
        NotAuthenticated,
        NotFound,
        PayloadTooLarge,
        RateLimited,
        ServiceFailed,
        UnsupportedMediaType,
    )
}
"""By code of the API: what is raised."""
REASONS: Final[Mapping[str, type[InvalidInput]]] = {
    "history_not_kept": HistoryNotKept,
    "not_enough_days": NotEnoughDays,
    "too_many_courses": TooManyCourses,
}
"""By reason of a detail: the kind of InvalidInput that is raised."""


class _Error(Struct, frozen=True):
    code: str
    message: str
    details: tuple[Detail, ...] = ()


class _Failure(Struct, frozen=True):
    error: _Error


_decoder: Final = msgspec.json.Decoder(_Failure)


def error_of(server: str, status: int, headers: Mapping[str, str], body: bytes) -> MasteryError:
    """The error that an answer tells."""
    try:
        told = _decoder.decode(body).error
    except ValueError:
        return UnexpectedAnswer(
            f"{server} answered {status} and not in the form of a Mastery Engine; is it the right address?"
        )
    kind = ERRORS.get(told.code, UnexpectedAnswer)
    if issubclass(kind, InvalidInput):
        return _invalid(told)
    if issubclass(kind, RateLimited):
        return kind(told.message, seconds_asked(headers))
    if issubclass(kind, UnexpectedAnswer):
        request_id = headers.get("x-request-id", "")
        return kind(f"{server} answered {told.code}: {told.message} (request {request_id})")
    return kind(told.message)


def unreadable(server: str, status: int, error: ValueError) -> UnexpectedAnswer:
    """The error for an answer that should be good and cannot be read."""
    return UnexpectedAnswer(f"{server} answered {status} with what this release cannot read: {error}")


def _invalid(told: _Error) -> InvalidInput:
    if not told.details:
        return InvalidInput(told.message)
    # A rule without a field or value is the message itself.
    problems = tuple(Problem(one.field, one.value, one.rule) for one in told.details)
    message = "; ".join(map(str, problems))
    if any(one.index is not None for one in told.details):
        return EventsRefused(message, problems, told.details)
    reason = next((one.reason for one in told.details if one.reason in REASONS), None)
    if reason is None:
        return InvalidInput(message, problems)
    return REASONS[reason](message, tuple(one for one in problems if one.field), reason)
