"""The OpenAPI 3.1 document: schemas from the types, examples from real answers."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from mastery_engine import __version__
from mastery_engine.api.models import STATUS, Code
from mastery_engine.api.operation import JSON, Operation
from mastery_engine.api.schemas import all_schemas, parameters, reference
from mastery_engine.api.table import OPERATIONS

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
_HEADERS: Final = {
    "X-Request-ID": "Id of the request",
    "ETag": "Stands for `data` as it is, until it is another; `meta` is not in it",
}
_REQUEST_ID: Final = {
    "name": "X-Request-ID",
    "in": "header",
    "description": "Id of the request, 1 to 64 of A-Z, a-z, 0-9, `.`, `_`, `-`; anything else is replaced.",
    "schema": {"type": "string"},
}
_LIMITS: Final = {
    "X-RateLimit-Limit": {
        "description": "How many requests of the caller's role this route takes in any 60 seconds. Once the caller is known, "
        "every answer tells this and the two beside it.",
        "schema": {"type": "integer"},
    },
    "X-RateLimit-Remaining": {
        "description": "How many more would pass now",
        "schema": {"type": "integer"},
    },
    "X-RateLimit-Reset": {
        "description": "Unix second at which one more passes than now",
        "schema": {"type": "integer"},
    },
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
            {"name": "audit", "description": "Who saw whose data"},
            {"name": "predictions", "description": "Where a student is heading"},
            {"name": "recommendations", "description": "What a student should do next"},
            {"name": "analytics", "description": "Over time, and in a class"},
            {"name": "cohorts", "description": "Classes, with their teachers and students"},
            {"name": "dlq", "description": "Dead letters: events that could not be counted"},
            {"name": "tokens", "description": "Who may come in"},
            {"name": "service", "description": "The service about itself; no token"},
            {"name": "privacy", "description": "What a person may ask for about the data held on them"},
            {"name": "dapr", "description": "For the Dapr sidecar and those who call through it"},
        ],
        "paths": paths,
        "components": {
            "schemas": all_schemas(),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "HS256, or RS256 and ES256 by the issuer's published keys; with sub, role (student, "
                    "teacher, admin, service), tenant_id, exp, iat, iss and aud",
                },
                "dapr": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "dapr-api-token",
                    "description": "The sidecar's token for its application. Without one set, callers on the same machine in "
                    "development, and nobody in production",
                },
                "metrics": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token of the metrics. Without one set, callers on the same machine",
                },
            },
        },
    }


@cache
def document_bytes() -> bytes:
    """The document as JSON."""
    return msgspec.json.encode(document())


def _described(operation: Operation, example: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": [
            *_parameters(operation, example.get("parameters", {})),
            _REQUEST_ID,
            *(
                {"name": name, "in": "header", "description": words, "schema": {"type": "string"}}
                for name, words in operation.headers
            ),
        ],
        "security": [{scheme: []} for scheme in operation.asks_for],
        "responses": {str(operation.status): _answer(operation, operation.answer, example.get("answer"))},
    }
    for status, answer in operation.others:
        described["responses"][str(status)] = (
            _answer(operation, answer)
            if answer
            else {"description": "Unchanged", "headers": _headers(operation)}
        )
    if operation.request:
        content = {"schema": reference(operation.request), "example": example.get("request")}
        described["requestBody"] = {"required": True, "content": {operation.media_type: content}}
    for link in operation.links:
        links = described["responses"][str(link.status or operation.status)].setdefault("links", {})
        links[link.to] = {"operationId": link.to, "parameters": {link.parameter: link.value}}
    for code in operation.codes:
        described["responses"][str(STATUS[code])] = _error(code)
    if operation.rate is not None:
        for response in described["responses"].values():
            response["headers"] |= _LIMITS
    return described


def _parameters(operation: Operation, example: dict[str, str]) -> list[dict[str, Any]]:
    if operation.parameters is None:
        return []
    found = parameters(operation.parameters, operation.path)
    for one in found:
        if one["name"] in example:
            kind = one["schema"].get("type")
            one["example"] = int(example[one["name"]]) if kind == "integer" else example[one["name"]]
    return found


def _answer(operation: Operation, answer: str | None, example: object = None) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for media_type in operation.answers_with:
        is_json = media_type == JSON
        schema: dict[str, Any] = reference(answer) if answer else {"type": "object"}
        if not is_json:
            # The events of a stream are JSON within a text.
            inner = {"contentMediaType": JSON, "contentSchema": schema} if answer else {}
            schema = {"type": "string", **inner}
        content[media_type] = {"schema": schema}
        if is_json and example is not None:
            content[media_type]["example"] = example
    return {"description": operation.summary, "headers": _headers(operation), "content": content}


def _error(code: Code) -> dict[str, Any]:
    headers = _headers()
    if code == "AUTH_ERROR":
        headers["WWW-Authenticate"] = {
            "description": "The challenge",
            "schema": {"type": "string"},
            "required": True,
        }
    if code in {"SERVICE_UNAVAILABLE", "RATE_LIMITED"}:
        headers["Retry-After"] = {"description": "Seconds", "schema": {"type": "integer"}, "required": True}
    content = {JSON: {"schema": reference("Error")}}
    return {"description": f"{code}: {_MEANING[code]}", "headers": headers, "content": content}


def _headers(operation: Operation | None = None) -> dict[str, Any]:
    names = ("X-Request-ID", *(operation.answer_headers if operation else ()))
    return {
        name: {"description": _HEADERS[name], "required": True, "schema": {"type": "string"}}
        for name in names
    }
