"""Errors that the service answered, as the errors that it raised itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from mastery_engine.domain.errors import (
    Conflict,
    DependencyDown,
    InvalidInput,
    MasteryError,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    Problem,
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


class UnexpectedAnswer(MasteryError):
    """What answered is no Mastery Engine, one of another age, or one that failed inside."""


_KINDS: Final[dict[str, type[MasteryError]]] = {
    kind.code: kind for kind in (Conflict, DependencyDown, NotAllowed, NotAuthenticated, NotFound)
}


class _Detail(Struct, frozen=True):
    field: str
    value: str
    rule: str


class _Error(Struct, frozen=True):
    code: str
    message: str
    details: tuple[_Detail, ...] = ()


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
    if told.code == InvalidInput.code:
        problems = tuple(Problem(one.field, one.value, one.rule) for one in told.details)
        return InvalidInput.of(*problems) if problems else InvalidInput(told.message)
    if told.code == RateLimited.code:
        after = headers.get("retry-after", "")
        return RateLimited(told.message, float(after) if after.isdecimal() else None)
    kind = _KINDS.get(told.code)
    if kind is not None:
        return kind(told.message)
    request_id = headers.get("x-request-id", "")
    return UnexpectedAnswer(f"{server} answered {told.code}: {told.message} (request {request_id})")


def unreadable(server: str, status: int, error: ValueError) -> UnexpectedAnswer:
    """The error for an answer that should be good and cannot be read."""
    return UnexpectedAnswer(f"{server} answered {status} with what this release cannot read: {error}")
