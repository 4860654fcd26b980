"""A route as a row of the table: what the document tells of it, who may use it, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from msgspec import Struct

from mastery_engine.api.models import Code
from mastery_engine.engine.policy import Action

JSON: Final = "application/json"
ZIP: Final = "application/zip"
EVENT_STREAM: Final = "text/event-stream"
CLOUD_EVENT: Final = "application/cloudevents+json"
POSITION: Final = (
    "X-Mastery-Position",
    "`position` of an ingest: the answer waits up to 2 seconds until those events are folded, and is 503 if they are not.",
)
"""Of a route that waits for events."""
IF_NONE_MATCH: Final = (
    "If-None-Match",
    "`ETag` of an answer that the caller has: if it still holds, the answer is 304 and empty.",
)
IF_MATCH: Final = (
    "If-Match",
    "`ETag` of an answer: nothing is changed unless it still holds, and the answer is 409 if it does not; `*` for any.",
)
IF_NOBODY: Final = (
    "If-None-Match",
    "`*`: nothing is changed if there is one already, and the answer is 409.",
)
IDEMPOTENCY_KEY: Final = (
    "Idempotency-Key",
    (
        "1 to 255 visible ASCII characters of your choice. For 24 hours a key and body get the same answer, then with "
        "`Idempotent-Replayed: true`; with another body, or while the first is under way, 409."
    ),
)
"""Of a route whose requests may be sent again."""
Scheme = Literal["bearer", "dapr", "metrics"]
PLAIN: Final[tuple[Code, ...]] = ("NOT_ACCEPTABLE", "INTERNAL_ERROR")
WITH_BODY: Final[tuple[Code, ...]] = (
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
BODILESS: Final[tuple[Code, ...]] = tuple(
    code for code in WITH_BODY if code not in {"PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"}
)
"""Of a route with a token and without a body."""
ALWAYS: Final = frozenset({"/health", "/ready", "/metrics"})
"""Answered however much is under way: they tell how it stands."""


@dataclass(frozen=True, slots=True)
class Link:
    """What may be asked next, with what an answer has told.

    Attributes:
        to: Name of the operation.
        parameter: Its parameter.
        value: Where that is found, as OpenAPI writes it.
        status: Of the answer that tells it; None for the good one of the row.
    """

    to: str
    parameter: str
    value: str
    status: int | None = None


def in_answer(place: str) -> str:
    """A value of the answer's `data`.

    Args:
        place: JSON pointer within it.
    """
    return f"$response.body#/data/{place}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One route.

    Attributes:
        name: Its operationId, and the name of its example.
        method: HTTP method in lower case.
        path: Template.
        tag: Group in the document.
        answer: Name of the answer's schema, None where it is no schema of ours.
        request: Name of the request's schema, None for a route without a body.
        status: Of the good answer.
        errors: Codes that it may answer.
        media_type: Of the request's body.
        asks_for: How a caller shows who it is.
        others: Further good answers, by status and name of the schema; None where there is no body.
        action: What `engine/access` is asked for; None for a route that concerns no tenant's data.
        rate: How many requests of a student are taken in any 60 seconds; other roles have a multiple of it. None: no limit.
        rated: Whose rate it is. A service's is everybody's: a route for programs.
        parameters: Of path and query, a field each; `read_parameters` reads them.
        headers: Further request headers that it reads, by name and description.
        answers_with: Media types of the answer.
        answer_headers: Further headers of the good answers; the document knows what they are.
        links: What may be asked next.
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
    errors: tuple[Code, ...] = PLAIN
    media_type: str = JSON
    asks_for: tuple[Scheme, ...] = ()
    others: tuple[tuple[int, str | None], ...] = ()
    action: Action | None = None
    rate: int | None = None
    rated: Literal["student", "service"] = "student"
    parameters: type[Struct] | None = None
    headers: tuple[tuple[str, str], ...] = ()
    answers_with: tuple[str, ...] = (JSON,)
    answer_headers: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def codes(self) -> tuple[Code, ...]:
        """All that it may answer: what its row says, and what limits and overload say before it is asked."""
        limited: tuple[Code, ...] = (
            ("RATE_LIMITED",) if self.rate is not None or "bearer" in self.asks_for else ()
        )
        shed: tuple[Code, ...] = () if self.path in ALWAYS else ("SERVICE_UNAVAILABLE",)
        return tuple(dict.fromkeys((*self.errors, *limited, *shed)))
