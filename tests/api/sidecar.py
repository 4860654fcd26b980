"""What a Dapr sidecar sends."""

from __future__ import annotations

import base64

SUBSCRIBE, LEARNING, PROCESS = "/dapr/subscribe", "/events/learning", "/process"


def cloud_event(data: object, **attributes: object) -> dict[str, object]:
    told = {"specversion": "1.0", "id": "7", "source": "quiz-agent", "type": "com.dapr.event.sent"}
    return {**told, "datacontenttype": "application/json", "data": data, **attributes}


def raw(published: bytes, delivery: str = "1") -> dict[str, object]:
    """As the sidecar wraps what was published, under an id that is another one at each delivery."""
    told = {"specversion": "1.0", "id": delivery, "source": "Dapr", "type": "com.dapr.event.sent"}
    content = {
        "datacontenttype": "application/octet-stream",
        "data_base64": base64.b64encode(published).decode(),
    }
    return {**told, **content, "topic": "learning.events", "pubsubname": "pubsub"}
