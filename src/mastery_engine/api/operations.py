"""The routes as the OpenAPI document tells them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from mastery_engine.api.models import Code

JSON: Final = "application/json"
CLOUD_EVENT: Final = "application/cloudevents+json"
Scheme = Literal["bearer", "dapr"]
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


@dataclass(frozen=True, slots=True)
class Operation:
    """One route as the document tells it.

    Attributes:
        name: Its operationId, and the name of its example.
        request: Name of the request's schema, None for a route without a body.
        answer: Name of the answer's schema, None where it is no schema of ours.
        media_type: Of the request's body.
        asks_for: How a caller shows who it is.
        others: Further good answers, by status and name of the schema.
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
    others: tuple[tuple[int, str], ...] = ()


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
        "has one) folds. With 503, `details` name what is down and since when this process has seen it so, and tell the "
        "lag. A worker and an archiver answer this and `/health` too, at their health port.",
        "ReadinessAnswer",
        errors=(*PLAIN, "SERVICE_UNAVAILABLE"),
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
        tuple(code for code in WITH_BODY if code != "NOT_FOUND"),
        asks_for=("bearer",),
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
        errors=WITH_BODY,
        asks_for=("bearer",),
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
        errors=WITH_BODY,
        asks_for=("bearer",),
    ),
    Operation(
        "process",
        "post",
        "/process",
        "dapr",
        "Ask through service invocation",
        "For other services, through their Dapr sidecar. The intent `ingest` answers as POST /api/v1/mastery/ingest, "
        "`query_mastery` as /query and `calculate` as /calculate, with the same checks, errors and audit, and with "
        "`X-Mastery-Position`; `predict` forecasts, and `recommend` tells what to do next. `security_context.token` is the "
        "end user's JWT, verified like one in `Authorization`, which is not looked at here; other claims in the body are not "
        "looked at either. A service without a token may ingest and calculate only, in the installation's own tenant.",
        "ProcessAnswer",
        "ProcessRequest",
        errors=WITH_BODY,
        asks_for=("dapr",),
        others=((202, "IngestedAnswer"),),
    ),
    Operation(
        "subscribe",
        "get",
        "/dapr/subscribe",
        "dapr",
        "What the sidecar is to bring",
        "Asked by the Dapr sidecar at its start: `learning.events` of its pub/sub component, brought to /events/learning.",
        "Subscriptions",
        errors=("AUTH_ERROR", "NOT_FOUND", *PLAIN),
        asks_for=("dapr",),
    ),
    Operation(
        "learning",
        "post",
        "/events/learning",
        "dapr",
        "Events from pub/sub",
        "A CloudEvent 1.0 in structured JSON, brought by the Dapr sidecar; its `data`, or what its `data_base64` holds, is a "
        "learning event, and one without `tenant_id` is of the tenant `default`. `SUCCESS` says that it is in the log, or "
        "kept whole as a dead letter if it breaks a rule; `RETRY`, that something does not answer. Neither `DROP` nor 404 is "
        "ever answered, on which a sidecar forgets the event; all other errors make it bring the event again.",
        "DeliveryAnswer",
        "CloudEvent",
        errors=("VALIDATION_ERROR", "AUTH_ERROR", "UNSUPPORTED_MEDIA_TYPE", "INTERNAL_ERROR"),
        media_type=CLOUD_EVENT,
        asks_for=("dapr",),
    ),
)
