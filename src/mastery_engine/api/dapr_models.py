"""What the doors for the Dapr sidecar take and answer."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Status = Literal["SUCCESS", "RETRY"]


class Subscription(Struct, frozen=True, kw_only=True):
    """A topic that the sidecar is to bring.

    Attributes:
        pubsubname: Name of its pub/sub component.
        topic: Which topic.
        route: Where to bring it to.
        metadata: `rawPayload`, so that what is no CloudEvent is brought too, and holds up nothing behind it.
    """

    pubsubname: str
    topic: str
    route: str
    metadata: dict[str, str]


class DeliveryAnswer(Struct, frozen=True, kw_only=True):
    """What the sidecar is to do with what it brought.

    Attributes:
        status: `SUCCESS`: it is in the log, or kept as a dead letter. `RETRY`: bring it again, something does not answer.
    """

    status: Status


class SecurityContext(Struct, frozen=True, kw_only=True):
    """For whom a service asks.

    Attributes:
        token: The end user's JWT, verified like one in `Authorization`; null or left out, the service asks for itself. Nothing
            else that stands here is looked at.
    """

    token: str | None = None
