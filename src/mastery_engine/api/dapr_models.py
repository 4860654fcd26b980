"""What the doors for the Dapr sidecar take and answer."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from mastery_engine.api.models import AskedDay, CourseId
from mastery_engine.domain.events import StudentId

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


class PredictRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks where a student is heading.

    Attributes:
        student_id: Whose mastery.
        course_id: One course; null or left out means all together.
        date: Last day whose evidence counts, 1970 to 2199; left out means today in the tenant's time zone.
        days: How many days ahead.
    """

    student_id: StudentId
    course_id: CourseId | None = None
    date: AskedDay | None = None
    days: Annotated[int, Meta(ge=1, le=30)] = 7


class RecommendRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks what a student should do next.

    Attributes:
        student_id: Whose mastery.
        course_id: One course; null or left out means all together.
        date: Day at whose end the answer holds, 1970 to 2199; left out means today in the tenant's time zone.
        limit: How many at most.
    """

    student_id: StudentId
    course_id: CourseId | None = None
    date: AskedDay | None = None
    limit: Annotated[int, Meta(ge=1, le=10)] = 10
