"""The tree of errors as HTTP, in the one envelope; what is not foreseen is logged and never told."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from typing import Final, cast

import structlog
from fastapi import FastAPI, Request, Response
from msgspec.structs import replace
from starlette.routing import compile_path

from mastery_engine.api.envelope import RETRY_SECONDS, failure
from mastery_engine.api.heads import has_head
from mastery_engine.api.models import STATUS, Code, Detail
from mastery_engine.api.operation import Operation
from mastery_engine.domain.errors import DependencyDown, InvalidInput, MasteryError, NotAuthenticated, Problem
from mastery_engine.engine.idempotency import UnderWay

_REALM: Final = 'Bearer realm="mastery-engine"'
_INTERNAL: Final = "INTERNAL_ERROR"
_log: Final = structlog.get_logger(__name__)


class Refusal(Exception):
    """What HTTP itself has a word for: an unknown route, a body too large, ..."""

    def __init__(
        self,
        code: Code,
        message: str,
        details: tuple[Detail, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Refuse a request.

        Args:
            code: Known code.
            message: One sentence: what, and what to do.
            details: Broken rules.
            headers: Further headers.
        """
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details
        self.headers = headers


def no_such_route() -> Refusal:
    """What an unknown route is answered."""
    return Refusal("NOT_FOUND", "no such route; see /openapi.json")


class CredentialsMissing(NotAuthenticated):
    """No token was sent: the challenge names no error (RFC 6750)."""


def add_handlers(app: FastAPI, operations: Sequence[Operation]) -> None:
    """Answer every error in the envelope.

    Args:
        app: Whose errors.
        operations: All that is served, for `Allow`: each method of a path is a route of its own, and the framework would
            name those of the first one alone.
    """
    paths = [
        (compile_path(one.path)[0], ("GET", "HEAD") if has_head(one) else (one.method.upper(),))
        for one in operations
    ]

    async def on_wrong_method(request: Request, error: Exception) -> Response:
        del error
        path = request.scope["path"]
        methods = sorted({method for pattern, some in paths if pattern.match(path) for method in some})
        message = "this route has other methods; see Allow"
        return failure(request, "METHOD_NOT_ALLOWED", message, headers={"Allow": ", ".join(methods)})

    app.add_exception_handler(MasteryError, _on_mastery_error)
    app.add_exception_handler(Refusal, _on_refusal)
    app.add_exception_handler(404, _on_unknown_route)
    app.add_exception_handler(405, on_wrong_method)


def detail_of(problem: Problem, index: int | None = None, event_id: str | None = None) -> Detail:
    """A broken rule as it is told."""
    return Detail(field=problem.field, value=problem.value, rule=problem.rule, index=index, event_id=event_id)


def _details_of(error: InvalidInput) -> tuple[Detail, ...]:
    """The broken rules; a kind of error of its own says which, also where it has no field to name."""
    if type(error) is InvalidInput:
        return tuple(map(detail_of, error.problems))
    problems = error.problems or (Problem("", "", error.message),)
    return tuple(replace(detail_of(problem), reason=error.reason) for problem in problems)


def unexpected(request: Request, error: Exception) -> Response:
    """Log what nobody foresaw, with its place and without its words, which may hold what was sent."""
    _log.error(
        "request failed",
        request_id=request.state.request_id,
        route=route_of(request),
        error=type(error).__name__,
        place="".join(traceback.format_tb(error.__traceback__)),
    )
    return failure(request, _INTERNAL, "something went wrong here; tell the operator the request id")


def route_of(request: Request) -> str:
    """Template of the route, never the path that was sent."""
    return str(getattr(request.scope.get("route"), "path", "unknown"))


def challenged(request: Request, error: NotAuthenticated, further: str = "") -> Response:
    """What who is not known is answered (RFC 6750, section 3).

    Args:
        request: What it answers.
        error: Why; where no token was sent, the challenge names no error.
        further: Parameters of the challenge.
    """
    told = "" if isinstance(error, CredentialsMissing) else ', error="invalid_token"'
    return failure(
        request, error.code, error.message, headers={"WWW-Authenticate": f"{_REALM}{told}{further}"}
    )


async def _on_mastery_error(request: Request, error: Exception) -> Response:
    error = cast("MasteryError", error)
    if isinstance(error, InvalidInput):
        count = len(error.problems)
        message = error.message if count <= 1 else f"{count} rules are broken; see details"
        return failure(request, error.code, message, _details_of(error))
    if isinstance(error, NotAuthenticated):
        return challenged(request, error)
    if isinstance(error, DependencyDown):
        _log.warning("dependency down", request_id=request.state.request_id, reason=error.message)
        message = "something that the service needs does not answer; nothing was lost, try again"
        return failure(request, error.code, message, headers={"Retry-After": str(RETRY_SECONDS)})
    if error.code == _INTERNAL or error.code not in STATUS:
        return unexpected(request, error)
    headers = {"Retry-After": str(RETRY_SECONDS)} if isinstance(error, UnderWay) else None
    return failure(request, error.code, error.message, headers=headers)


async def _on_refusal(request: Request, error: Exception) -> Response:
    error = cast("Refusal", error)
    return failure(request, error.code, error.message, error.details, error.headers)


async def _on_unknown_route(request: Request, error: Exception) -> Response:
    del error
    return await _on_refusal(request, no_such_route())
