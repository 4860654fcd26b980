"""The routes: from a request to a use case and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, cast

from fastapi import APIRouter, Depends, Request, Response

from mastery_engine.api.asking import check_day, wait_for_position
from mastery_engine.api.bodies import MOST_INGEST_BYTES, read_body, read_model
from mastery_engine.api.envelope import failure, success
from mastery_engine.api.errors import detail_of
from mastery_engine.api.models import (
    MOST_EVENTS,
    CalculateRequest,
    QueryRequest,
    Success,
)
from mastery_engine.api.operation import IDEMPOTENCY_KEY, POSITION, WITH_BODY, Link, Operation
from mastery_engine.api.parts import CallerNeeded, Parts, PartsNeeded, check_accept
from mastery_engine.contracts.answers import Calculation, Profile
from mastery_engine.contracts.ingest_answer import IngestAnswer, ItemResult
from mastery_engine.contracts.strict_json import decode_strictly
from mastery_engine.domain.errors import InvalidInput, Problem
from mastery_engine.domain.scores import Components
from mastery_engine.engine.access import Caller
from mastery_engine.engine.idempotency import Kept
from mastery_engine.engine.ingest import Receipt

PREFIX: Final = "/api/v1"
KEY_HEADER: Final = "Idempotency-Key"
REPLAYED_HEADER: Final = "Idempotent-Replayed"
_MOST_ID: Final = 50
router: Final = APIRouter(prefix=PREFIX, dependencies=[Depends(check_accept)])


@router.post("/mastery/query")
async def query(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """How a student stands."""
    return await answer_query(request, parts, caller, await read_model(request, QueryRequest))


@router.post("/mastery/calculate")
async def calculate(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """What a score would be; nothing is stored."""
    return await answer_calculation(request, parts, caller, await read_model(request, CalculateRequest))


@router.post("/mastery/ingest")
async def ingest(request: Request, parts: PartsNeeded, caller: CallerNeeded) -> Response:
    """Events in."""
    # Who may not send events is told so before megabytes of them are read.
    await parts.engine.access.permit(caller, "events.ingest", [], _today(parts))
    raw = await read_body(request, MOST_INGEST_BYTES, "an event, or a list of events, as JSON")
    return await answer_ingest(request, parts, caller, decode_strictly(raw), raw)


async def answer_query(request: Request, parts: Parts, caller: Caller, asked: QueryRequest) -> Response:
    """The answer to how a student stands, whoever has read the question."""
    check_day(asked.date)
    await wait_for_position(request, parts, caller, "mastery.read", asked.student_id)
    profile = await parts.engine.queries.profile(
        caller,
        asked.student_id,
        course_id=asked.course_id,
        as_of=asked.date,
        include_components=asked.include_components,
    )
    return success(request, profile)


async def answer_calculation(
    request: Request, parts: Parts, caller: Caller, asked: CalculateRequest
) -> Response:
    """The answer to what a score would be."""
    values = asked.components
    components = Components(values.completion, values.quiz, values.quality, values.consistency)
    if asked.student_id is not None:
        await wait_for_position(request, parts, caller, "mastery.calculate", asked.student_id)
    calculation = await parts.engine.queries.calculate(caller, components, student_id=asked.student_id)
    return success(request, calculation)


async def answer_ingest(request: Request, parts: Parts, caller: Caller, body: object, raw: bytes) -> Response:
    """The answer to one event or a list of them.

    Args:
        request: What is answered; its `Idempotency-Key` is read.
        parts: What there is to work with.
        caller: Who sends them.
        body: Decoded JSON.
        raw: The same as bytes: what must be the same for the same key.
    """
    engine = parts.engine
    items = cast("list[object]", body) if isinstance(body, list) else [body]
    if not 1 <= len(items) <= MOST_EVENTS:
        rule = f"must be one event, or a list of 1 to {MOST_EVENTS}"
        raise InvalidInput.of(Problem("", f"{len(items)} events", rule))
    students = sorted({student for item in items if (student := _text(item, "student_id")) is not None})
    detail = {"events": str(len(items))}
    await engine.access.permit(caller, "events.ingest", students, _today(parts), detail)
    given = request.headers.getlist(KEY_HEADER)
    if not given:
        receipts = await engine.ingest.take(items, caller.tenant_id)
        return _ingested(request, items, receipts, await _token(parts, receipts))
    if len(given) > 1:
        raise InvalidInput.of(Problem(KEY_HEADER, f"{len(given)} of them", "must stand once"))
    begun = await engine.idempotency.begin(caller, given[0], raw)
    if isinstance(begun, Kept):
        # Made anew from the body, as it was judged then: so nothing of any student need be kept for it.
        receipts = await engine.ingest.judge(items, caller.tenant_id, begun.at_ms)
        answer = _ingested(request, items, receipts, begun.token or "")
        answer.headers[REPLAYED_HEADER] = "true"
        return answer
    try:
        receipts = await engine.ingest.take(items, caller.tenant_id, begun.kept.at_ms)
        token = await _token(parts, receipts)
    except BaseException:
        await engine.idempotency.release(begun)
        raise
    await engine.idempotency.finish(begun, token)
    return _ingested(request, items, receipts, token)


async def _token(parts: Parts, receipts: Sequence[Receipt]) -> str:
    """The token of the events that lie in the log, empty where none does."""
    lie = [receipt.position for receipt in receipts if receipt.position is not None]
    return await parts.positions.token(lie) if lie else ""


def _ingested(request: Request, items: Sequence[object], receipts: Sequence[Receipt], token: str) -> Response:
    results = tuple(_result(receipt, item) for receipt, item in zip(receipts, items, strict=True))
    accepted = sum(result.accepted for result in results)
    if not accepted:
        details = tuple(detail for result in results for detail in result.errors)
        return failure(request, InvalidInput.code, "no event was accepted; see details", details)
    answer = IngestAnswer(accepted=accepted, refused=len(results) - accepted, position=token, results=results)
    return success(request, answer, 202)


def _today(parts: Parts) -> date:
    return datetime.fromtimestamp(parts.engine.adapters.clock.now_ms() / 1_000, UTC).date()


def _result(receipt: Receipt, item: object) -> ItemResult:
    event_id = receipt.event_id or _text(item, "event_id")
    problems = () if receipt.error is None else receipt.error.problems
    return ItemResult(
        index=receipt.index,
        event_id=event_id,
        accepted=receipt.error is None,
        errors=tuple(detail_of(problem, receipt.index, event_id) for problem in problems),
    )


def _text(item: object, name: str) -> str | None:
    """A field that is a text of an id's length."""
    value = cast("dict[str, Any]", item).get(name) if isinstance(item, dict) else None
    return value if isinstance(value, str) and 1 <= len(value) <= _MOST_ID else None


OPERATIONS: Final = (
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
        (*(code for code in WITH_BODY if code != "NOT_FOUND"), "CONFLICT"),
        asks_for=("bearer",),
        action="events.ingest",
        rate=1_200,
        rated="service",
        headers=(IDEMPOTENCY_KEY,),
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
        action="mastery.read",
        rate=50,
        headers=(POSITION,),
        links=(
            Link("mastery", "student_id", "$request.body#/student_id"),
            Link("accesses", "student_id", "$request.body#/student_id"),
        ),
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
        action="mastery.calculate",
        rate=30,
        headers=(POSITION,),
    ),
)
TYPES: Final[dict[str, Any]] = {
    "QueryRequest": QueryRequest,
    "CalculateRequest": CalculateRequest,
    "QueryAnswer": Success[Profile],
    "CalculateAnswer": Success[Calculation],
    "IngestedAnswer": Success[IngestAnswer],
}
"""Names in the document and the types behind them."""
