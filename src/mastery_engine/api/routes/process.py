"""`POST /process`: the use cases by name, for services that call through Dapr.

The sidecar's token says that a service calls; for whom it asks, the user's JWT says. Without one it asks for itself.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple, cast

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from msgspec import Struct

from mastery_engine.api.app_token import check_sidecar
from mastery_engine.api.bodies import (
    MOST_BYTES,
    MOST_INGEST_BYTES,
    read_body,
    too_large,
)
from mastery_engine.api.dapr_models import SecurityContext
from mastery_engine.api.models import CalculateRequest, QueryRequest
from mastery_engine.api.operation import IDEMPOTENCY_KEY, POSITION, WITH_BODY, Operation
from mastery_engine.api.parts import Parts, PartsNeeded, caller_by, check_accept, recorded_id
from mastery_engine.api.question_models import (
    ComparisonRequest,
    HistoryRequest,
    PathRequest,
    PredictRequest,
    RecommendRequest,
    TrajectoryRequest,
    WhatIfRequest,
)
from mastery_engine.api.routes import analytics, mastery, predictions, recommendations
from mastery_engine.contracts.event_words import shown
from mastery_engine.contracts.request_fields import MOST_PROBLEMS, model_of
from mastery_engine.contracts.strict_json import MOST_DEPTH, decode_strictly
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.engine.access import Caller

PATH: Final = "/process"
INGEST: Final = "ingest"
CALLING_APP: Final = "dapr-caller-app-id"
_APP_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_FIELDS: Final = ("intent", "payload", "security_context")
router: Final = APIRouter(dependencies=[Depends(check_accept), Depends(check_sidecar)])


class Intent(NamedTuple):
    """What can be asked for.

    Attributes:
        operation: Name of the route that does the same; a caller's requests here and there are counted together.
        model: Of the payload.
        answer: Gives the answer of the route that does the same.
    """

    operation: str
    model: type[Struct]
    answer: Callable[[Request, Parts, Caller, Any], Awaitable[Response]]


INTENTS: Final[dict[str, Intent]] = {
    "query_mastery": Intent("query", QueryRequest, mastery.answer_query),
    "calculate": Intent("calculate", CalculateRequest, mastery.answer_calculation),
    "predict": Intent("next_week", PredictRequest, predictions.answer_forecast),
    "trajectory": Intent("trajectory", TrajectoryRequest, predictions.answer_trajectory),
    "what_if": Intent("what_if", WhatIfRequest, predictions.answer_what_if),
    "recommend": Intent("adaptive", RecommendRequest, recommendations.answer_recommendations),
    "learning_path": Intent("learning_path", PathRequest, recommendations.answer_path),
    "mastery_history": Intent("mastery_history", HistoryRequest, analytics.answer_history),
    "compare": Intent("compare", ComparisonRequest, analytics.answer_comparison),
}
"""All but `ingest`, whose payload is one event or a list, each judged by itself."""


@router.post(PATH)
async def process(request: Request, parts: PartsNeeded) -> Response:
    """The use case that the intent names."""
    body = await read_body(request, MOST_INGEST_BYTES, f"a JSON object with {', '.join(_FIELDS[:2])}")
    fields = _fields(decode_strictly(body, MOST_DEPTH + 1))
    intent = fields["intent"]
    if intent != INGEST and len(body) > MOST_BYTES:
        raise too_large(MOST_BYTES)
    caller = await _caller(request, parts, fields.get("security_context"))
    known = INTENTS.get(intent)
    await parts.limits.admit(request, caller, INGEST if known is None else known.operation)
    if known is None:
        # Of the events alone: a request that is sent again may bring a newer token.
        payload = fields["payload"]
        return await mastery.answer_ingest(request, parts, caller, payload, msgspec.json.encode(payload))
    asked = model_of(fields["payload"], known.model, "payload")
    return await known.answer(request, parts, caller, asked)


def _fields(value: object) -> dict[str, Any]:
    """The parts of a request.

    Raises:
        InvalidInput: A part is missing, not known, or names no intent.
    """
    if not isinstance(value, dict):
        raise InvalidInput.of(Problem("", shown(value), "must be a JSON object"))
    fields = cast("dict[str, Any]", value)
    problems = [
        Problem(name[:100], shown(one), f"is not known; known are {', '.join(_FIELDS)}")
        for name, one in fields.items()
        if name not in _FIELDS
    ]
    problems += [Problem(name, "absent", "is required") for name in _FIELDS[:2] if name not in fields]
    intents = (INGEST, *INTENTS)
    intent = fields.get("intent", INGEST)
    if not isinstance(intent, str) or intent not in intents:
        problems.append(Problem("intent", shown(intent), f"must be one of {', '.join(intents)}"))
    if problems:
        raise InvalidInput.of(*problems[:MOST_PROBLEMS])
    return fields


async def _caller(request: Request, parts: Parts, context: object) -> Caller:
    """Who asks: the user of the JWT; without one a service, which may do what the role `service` may.

    Raises:
        InvalidInput: The context is none.
        NotAuthenticated: The JWT does not hold.
    """
    try:
        token = msgspec.convert({} if context is None else context, SecurityContext).token
    except msgspec.ValidationError as error:
        rule = "must be an object in which `token` is a text or null"
        raise InvalidInput.of(Problem("security_context", "not shown", rule)) from error
    if token is not None:
        return await caller_by(request, token)
    return Caller(
        tenant_id=parts.engine.settings.tenant,
        subject=f"dapr:{_app_of(request)}",
        role="service",
        request_id=recorded_id(request, parts.engine.settings.tenant),
    )


def _app_of(request: Request) -> str:
    """The app that calls, as its sidecar tells it.

    Raises:
        InvalidInput: It is told more than once: a sidecar passes on what an app says of itself, beside what it says itself.
    """
    told = request.headers.getlist(CALLING_APP)
    if len(told) > 1:
        raise InvalidInput.of(Problem(CALLING_APP, "more than one", "is the sidecar's to send; leave it out"))
    return told[0] if told and _APP_ID.fullmatch(told[0]) else "unknown"


OPERATIONS: Final = (
    Operation(
        "process",
        "post",
        "/process",
        "dapr",
        "Ask through service invocation",
        "For other services, through their Dapr sidecar. The intent `ingest` answers as POST /api/v1/mastery/ingest, "
        "`query_mastery` as /query and `calculate` as /calculate, with the same checks, errors and audit, and with "
        "`X-Mastery-Position`; `predict` forecasts some days; `trajectory`, `recommend`, `learning_path`, `mastery_history` "
        "and `compare` answer as the routes of that name (`recommend` as /adaptive), always as JSON. "
        "`security_context.token` is the "
        "end user's JWT, verified like one in `Authorization`, which is not looked at here; other claims in the body are not "
        "looked at either. A service without a token may ingest and calculate only, in the installation's own tenant.",
        "ProcessAnswer",
        "ProcessRequest",
        errors=(*WITH_BODY, "RATE_LIMITED", "CONFLICT"),
        asks_for=("dapr",),
        others=((202, "IngestedAnswer"),),
        headers=(POSITION, IDEMPOTENCY_KEY),
    ),
)
TYPES: Final[dict[str, Any]] = {
    "PredictRequest": PredictRequest,
    "SecurityContext": SecurityContext,
}
"""Names in the document and the types behind them."""
