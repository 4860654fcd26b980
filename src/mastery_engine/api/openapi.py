"""The OpenAPI 3.1 document: schemas from the types, examples from real answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from mastery_engine import __version__
from mastery_engine.api.models import STATUS, Code
from mastery_engine.api.schemas import all_schemas, reference

_JSON: Final = "application/json"
_MEANING: Final[dict[str, str]] = {
    "VALIDATION_ERROR": "What was sent breaks a rule; `details` name field, value and rule",
    "AUTH_ERROR": "No token, or one that does not hold",
    "FORBIDDEN": "The role may not use this route",
    "NOT_FOUND": "It does not exist, or is not the caller's to see: the answer is the same",
    "METHOD_NOT_ALLOWED": "The route has other methods; `Allow` names them",
    "NOT_ACCEPTABLE": "`Accept` leaves application/json out",
    "CONFLICT": "Somebody else changed it, or it is there already",
    "PAYLOAD_TOO_LARGE": "The body is larger than this route takes",
    "UNSUPPORTED_MEDIA_TYPE": "The body is not application/json in UTF-8",
    "RATE_LIMITED": "Too many requests; `Retry-After` tells when to come again",
    "INTERNAL_ERROR": "Something went wrong here; the log has it under the request id",
    "SERVICE_UNAVAILABLE": "A dependency does not answer; nothing was lost, try again after `Retry-After`",
}
_PLAIN: Final[tuple[Code, ...]] = ("NOT_ACCEPTABLE", "INTERNAL_ERROR")
_WITH_BODY: Final[tuple[Code, ...]] = (
    "VALIDATION_ERROR",
    "AUTH_ERROR",
    "FORBIDDEN",
    "NOT_FOUND",
    "NOT_ACCEPTABLE",
    "PAYLOAD_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "INTERNAL_ERROR",
    "SERVICE_UNAVAILABLE",
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One route as the document tells it.

    Attributes:
        name: Its operationId, and the name of its example.
        request: Name of the request's schema, None for a route without a body.
        answer: Name of the answer's schema, None where it is not an envelope.
    """

    name: str
    method: str
    path: str
    tag: str
    summary: str
    description: str
    answer: str | None
    request: str | None = None
    status: int = 200
    errors: tuple[Code, ...] = _PLAIN


OPERATIONS: Final = (
    Operation("info", "get", "/", "service", "Service info", "What answers here.", "ServiceInfoAnswer"),
    Operation(
        "health",
        "get",
        "/health",
        "service",
        "Liveness",
        "Whether the process lives; no dependency is asked.",
        "HealthAnswer",
    ),
    Operation(
        "ready",
        "get",
        "/ready",
        "service",
        "Readiness",
        "Whether store, log, archive and (on Kafka) the schema registry answer, and the worker of this process (if it "
        "has one) folds. With 503, `details` name what is down, and tell the lag. A worker and an archiver answer this "
        "and `/health` too, at their health port.",
        "ReadinessAnswer",
        errors=(*_PLAIN, "SERVICE_UNAVAILABLE"),
    ),
    Operation("openapi", "get", "/openapi.json", "service", "This document", "OpenAPI 3.1.", None),
    Operation(
        "ingest",
        "post",
        "/api/v1/mastery/ingest",
        "mastery",
        "Send learning events",
        "One event, or a list of up to 1,000, in at most 5 MiB. Each is judged by itself: 202 if any was "
        "accepted, with a result for each, in order; 400 if none was, with `index` and `event_id` in the "
        "details. An accepted event counts exactly once, however often it is sent. Roles: service, admin.",
        "IngestedAnswer",
        "IngestRequest",
        202,
        tuple(code for code in _WITH_BODY if code != "NOT_FOUND"),
    ),
    Operation(
        "query",
        "post",
        "/api/v1/mastery/query",
        "mastery",
        "How a student stands",
        "Result with its reasons, historical average, trend and learning path. A student sees their own, a "
        "teacher those on rosters of theirs, an admin those of the school. Every access is on record before "
        "its answer.",
        "QueryAnswer",
        "QueryRequest",
        errors=_WITH_BODY,
    ),
    Operation(
        "calculate",
        "post",
        "/api/v1/mastery/calculate",
        "mastery",
        "What a score would be",
        "Calculates with the given components and stores nothing; with a student, the current result stands "
        "beside it. Roles: all; with a student those who may see them, and services.",
        "CalculateAnswer",
        "CalculateRequest",
        errors=_WITH_BODY,
    ),
)
_REQUEST_ID: Final = {
    "name": "X-Request-ID",
    "in": "header",
    "description": "Id of the request, 1 to 64 of A-Z, a-z, 0-9, `.`, `_`, `-`; anything else is replaced.",
    "schema": {"type": "string"},
}
_POSITION: Final = {
    "name": "X-Mastery-Position",
    "in": "header",
    "description": "`position` of an ingest: the query waits up to 2 seconds until those events are folded, "
    "and answers 503 if they are not.",
    "schema": {"type": "string"},
}


def examples() -> dict[str, Any]:
    """Request and answer of each operation, as they really went over the wire, by its name."""
    return json.loads(files("mastery_engine.api").joinpath("examples.json").read_text("utf-8"))


@cache
def document() -> dict[str, Any]:
    """The document."""
    known = examples()
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _described(
            operation, known.get(operation.name, {})
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mastery Engine",
            "version": __version__,
            "summary": "Learning events in; mastery scores with their reasons and what to do next out.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "mastery", "description": "Events in, answers out"},
            {"name": "service", "description": "The service about itself; no token"},
        ],
        "paths": paths,
        "components": {
            "schemas": all_schemas(),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "HS256, with sub, role (student, teacher, admin, service), tenant_id, "
                    "exp, iat, iss and aud",
                }
            },
        },
    }


@cache
def document_bytes() -> bytes:
    """The document as JSON."""
    return msgspec.json.encode(document())


def _described(operation: Operation, example: dict[str, Any]) -> dict[str, Any]:
    parameters = [_REQUEST_ID, _POSITION] if operation.name == "query" else [_REQUEST_ID]
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": parameters,
        "security": [{"bearer": []}] if operation.request else [],
        "responses": {str(operation.status): _answer(operation, example.get("answer"))},
    }
    if operation.request:
        content = {"schema": reference(operation.request), "example": example.get("request")}
        described["requestBody"] = {"required": True, "content": {_JSON: content}}
    for code in operation.errors:
        described["responses"][str(STATUS[code])] = _error(code)
    return described


def _answer(operation: Operation, example: object) -> dict[str, Any]:
    schema = reference(operation.answer) if operation.answer else {"type": "object"}
    content: dict[str, Any] = {"schema": schema}
    if example is not None:
        content["example"] = example
    return {"description": operation.summary, "headers": _headers(), "content": {_JSON: content}}


def _error(code: Code) -> dict[str, Any]:
    headers = _headers()
    if code == "AUTH_ERROR":
        headers["WWW-Authenticate"] = {
            "description": "The challenge",
            "schema": {"type": "string"},
            "required": True,
        }
    if code == "SERVICE_UNAVAILABLE":
        headers["Retry-After"] = {"description": "Seconds", "schema": {"type": "integer"}, "required": True}
    content = {_JSON: {"schema": reference("Error")}}
    return {"description": f"{code}: {_MEANING[code]}", "headers": headers, "content": content}


def _headers() -> dict[str, Any]:
    return {
        "X-Request-ID": {"description": "Id of the request", "required": True, "schema": {"type": "string"}},
    }
