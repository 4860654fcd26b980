"""Answers and errors in their envelope, as bytes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, cast

import msgspec
from fastapi import Request, Response

from mastery_engine import __version__
from mastery_engine.api.models import STATUS, AnswerMeta, Code, Detail, ErrorBody, Failure, Success
from mastery_engine.ports import Clock

JSON: Final = "application/json"
RETRY_SECONDS: Final = 1
_encoder: Final = msgspec.json.Encoder()


def success(request: Request, data: object, status: int = 200) -> Response:
    """An answer.

    Args:
        request: What it answers.
        data: Any type that msgspec encodes.
        status: HTTP status.
    """
    body = _encoder.encode(Success(data=data, meta=meta_of(request)))
    return Response(body, status, media_type=JSON)


def failure(
    request: Request,
    code: str,
    message: str,
    details: tuple[Detail, ...] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An error.

    Args:
        request: What it answers.
        code: One of the known codes.
        message: One sentence.
        details: Broken rules.
        headers: Further headers.
    """
    body = failure_body(code, message, details, meta_of(request))
    return Response(body, STATUS[code], headers, media_type=JSON)


def failure_body(code: str, message: str, details: tuple[Detail, ...], meta: AnswerMeta) -> bytes:
    """The body of an error; see `failure`."""
    error = ErrorBody(code=cast("Code", code), message=message, details=details)
    return _encoder.encode(Failure(error=error, meta=meta))


def meta_of(request: Request) -> AnswerMeta:
    """About the answer to a request."""
    return meta_at(clock_of(request).now_ms(), request.state.request_id)


def meta_at(milliseconds: int, request_id: str) -> AnswerMeta:
    """About an answer at a moment."""
    return AnswerMeta(timestamp=moment_text(milliseconds), version=__version__, request_id=request_id)


def clock_of(request: Request) -> Clock:
    """The clock that stamps answers."""
    return cast("Clock", request.app.state.clock)


def moment_text(milliseconds: int) -> str:
    """A moment (Unix milliseconds) as it is told: ISO 8601 in UTC."""
    moment = datetime.fromtimestamp(milliseconds / 1_000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
