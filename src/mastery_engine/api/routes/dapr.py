"""Events from the Dapr sidecar's pub/sub: what it is to bring, and where it brings it.

A delivery is answered once it is safe: in the log, or as a dead letter. So nothing is ever answered with `DROP`, on which a
sidecar forgets it, nor with 404, which to a sidecar means the same.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final, NamedTuple

import msgspec
import structlog
from fastapi import APIRouter, Depends, Request, Response

from mastery_engine.api.app_token import check_bringer, check_sidecar
from mastery_engine.api.bodies import MOST_SECONDS, CallerGone, check_media_type, too_slow
from mastery_engine.api.dapr_models import DeliveryAnswer, Status, Subscription
from mastery_engine.api.operation import CLOUD_EVENT, JSON, PLAIN, Operation
from mastery_engine.api.parts import PartsNeeded, check_accept
from mastery_engine.contracts.topics import TopicNames
from mastery_engine.domain.errors import DependencyDown
from mastery_engine.engine.deliveries import NOT_TOLD, Origin

SUBSCRIBE: Final = "/dapr/subscribe"
LEARNING: Final = "/events/learning"
MOST_DELIVERED_BYTES: Final = 6 << 20
"""The largest record of the topic, 4 MiB, in Base64 and an envelope."""
_OFFSET: Final = re.compile(r"[0-9]{1,18}")
_log: Final = structlog.get_logger(__name__)
router: Final = APIRouter()


@router.get(SUBSCRIBE, dependencies=[Depends(check_accept), Depends(check_sidecar)])
async def subscribe(parts: PartsNeeded) -> Response:
    """What the sidecar is to bring."""
    settings = parts.engine.settings
    wanted = Subscription(
        pubsubname=settings.dapr_pubsub,
        topic=TopicNames(settings.kafka_prefix).cloud_events,
        route=LEARNING,
        metadata={"rawPayload": "true"},
    )
    return Response(msgspec.json.encode([wanted]), media_type=JSON)


@router.post(LEARNING, dependencies=[Depends(check_bringer)])
async def learning(request: Request, parts: PartsNeeded) -> Response:
    """An event in."""
    # A browser lets no page of a stranger send such a type here. Other headers may be those of the record on its way.
    check_media_type(request, (CLOUD_EVENT, JSON), any_encoding=True)
    delivery = await _read(request)
    origin = _origin(request, parts.engine.settings.dapr_pubsub)
    status: Status = "SUCCESS"
    try:
        if delivery.size > len(delivery.body):
            await parts.deliveries.keep_cut(delivery.body, delivery.size, origin)
        else:
            await parts.deliveries.take(delivery.body, origin)
    except DependencyDown as error:
        _log.warning("delivery is to come again", request_id=request.state.request_id, reason=error.message)
        status = "RETRY"
    return Response(msgspec.json.encode(DeliveryAnswer(status=status)), media_type=JSON)


class _Delivery(NamedTuple):
    body: bytes
    size: int


async def _read(request: Request) -> _Delivery:
    """The body, and of one that is too large its beginning: refused, it would come again for ever.

    Raises:
        Refusal: It is too slow.
        CallerGone: It did not come whole.
    """
    body, size, more = bytearray(), 0, True
    try:
        async with asyncio.timeout(MOST_SECONDS):
            while more:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise CallerGone
                part: bytes = message.get("body", b"")
                body += part[: MOST_DELIVERED_BYTES - len(body)]
                size += len(part)
                more = message.get("more_body", False)
    except TimeoutError:
        raise too_slow() from None
    return _Delivery(bytes(body), size)


def _origin(request: Request, component: str) -> Origin:
    """Where it lay, which the sidecar tells in headers beside those of the record itself."""
    told = request.headers
    place = [told.get(name, "") for name in ("__partition", "__offset")]
    partition, offset = (int(one) if _OFFSET.fullmatch(one) else NOT_TOLD for one in place)
    key = told.get("__key", "").encode("latin-1")
    return Origin(component, partition, offset, key, told.get("traceparent"))


OPERATIONS: Final = (
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
TYPES: Final[dict[str, Any]] = {
    "Subscription": Subscription,
    "DeliveryAnswer": DeliveryAnswer,
}
"""Names in the document and the types behind them."""
