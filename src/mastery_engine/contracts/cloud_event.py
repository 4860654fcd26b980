"""CloudEvents 1.0 in JSON, as a sidecar's pub/sub brings them, taken apart down to the event that was published.

A sidecar that is asked for raw payloads wraps whatever was published in a CloudEvent of its own, under an id that is
another one at each delivery. So an envelope may hold another one, and the inner one is the sender's.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec
from msgspec import Struct

from mastery_engine.contracts.event_words import shown
from mastery_engine.contracts.strict_json import MOST_DEPTH, decode_strictly
from mastery_engine.contracts.tracing import CORRELATION_ID, TRACEPARENT, Headers
from mastery_engine.domain.errors import InvalidInput, Problem

VERSION: Final = "1.0"
_MOST_ENVELOPES: Final = 2
_REASON: Final = "no_cloud_event"
_SIDECARS_OWN: Final = ("Dapr", "com.dapr.event.sent")
"""Source and type of an envelope that a sidecar puts around what is none."""
_REQUIRED: Final = ("id", "source", "type")
_ENCODED: Final = "data_base64"
_CONTENT: Final = frozenset({"data", _ENCODED})
_NAME: Final = re.compile(r"[a-z0-9]{1,50}\Z")
_JSON_TYPE: Final = re.compile(r"[^/;]+/(?:[^/;]+\+)?json *(?:;.*)?\Z", re.IGNORECASE)
# What the standard calls an attribute has no underscore.
_TRACE_ATTRIBUTES: Final = {"traceparent": TRACEPARENT, "correlationid": CORRELATION_ID}


class CloudEvent(Struct, frozen=True, kw_only=True):
    """What was published, taken out of its envelopes.

    Attributes:
        payload: The event's very bytes; all that was brought, where no event can be told in it.
        attributes: Attributes of the sender's envelope by name; none where nothing but a sidecar wrapped it.
        error: Why there is no event in it.
    """

    payload: bytes
    attributes: Mapping[str, str]
    error: InvalidInput | None = None

    def headers(self) -> Headers:
        """The attributes as headers of a record, named as the standard's binding for Kafka names them; and the trace."""
        told = [(f"ce_{name}", value.encode()) for name, value in self.attributes.items()]
        traces = [
            (header, self.attributes[name].encode())
            for name, header in _TRACE_ATTRIBUTES.items()
            if name in self.attributes
        ]
        return (*told, *traces)


def open_cloud_event(body: bytes) -> CloudEvent:
    """Take a delivery apart.

    Args:
        body: A CloudEvent in structured JSON, whose `data` is an event, or whose `data_base64` holds an event or a CloudEvent.
    """
    payload, attributes = body, dict[str, str]()
    try:
        for envelope in range(_MOST_ENVELOPES):
            value = decode_strictly(payload, MOST_DEPTH + 1)
            if envelope and not _is_envelope(value):
                return CloudEvent(payload=payload, attributes=attributes)
            fields = _checked(value)
            attributes = _attributes(fields)
            if _ENCODED not in fields:
                # The very bytes that were published, and not the same values written anew.
                payload = bytes(msgspec.json.decode(payload, type=dict[str, msgspec.Raw])["data"])
                _check_content_type(fields)
                return CloudEvent(payload=payload, attributes=attributes)
            payload = base64.b64decode(fields[_ENCODED])
        decode_strictly(payload)
    except InvalidInput as error:
        return CloudEvent(payload=payload, attributes=attributes, error=error)
    return CloudEvent(payload=payload, attributes=attributes)


def _is_envelope(value: object) -> bool:
    return isinstance(value, dict) and "specversion" in value


def _checked(value: object) -> dict[str, Any]:
    """The fields of an envelope.

    Raises:
        InvalidInput: It is none.
    """
    if not _is_envelope(value):
        rule = "must be a CloudEvent in JSON, with specversion, id, source, type and data"
        raise InvalidInput.of(Problem("", shown(value), rule), reason=_REASON)
    fields = {name: one for name, one in cast("dict[str, Any]", value).items() if one is not None}
    problems = _problems(fields)
    if problems:
        raise InvalidInput.of(*problems, reason=_REASON)
    return fields


def _attributes(fields: dict[str, Any]) -> dict[str, str]:
    if (fields["source"], fields["type"]) == _SIDECARS_OWN:
        return {}
    return {
        name: one if isinstance(one, str) else msgspec.json.encode(one).decode()
        for name, one in fields.items()
        if name not in _CONTENT and _NAME.match(name) and isinstance(one, str | int | float)
    }


def _check_content_type(fields: dict[str, Any]) -> None:
    content_type = fields.get("datacontenttype", "application/json")
    if not isinstance(content_type, str) or not _JSON_TYPE.match(content_type):
        problem = Problem("datacontenttype", shown(content_type), "must be application/json")
        raise InvalidInput.of(problem, reason="not_json")


def _problems(fields: dict[str, Any]) -> list[Problem]:
    found = [
        Problem(name, shown(fields.get(name, "absent")), "must be a text that is not empty")
        for name in _REQUIRED
        if not isinstance(fields.get(name), str) or not fields[name]
    ]
    version = fields.get("specversion", "null")
    if version != VERSION:
        found.insert(0, Problem("specversion", shown(version), f"must be {VERSION}"))
    content = [name for name in ("data", _ENCODED) if name in fields]
    if len(content) != 1:
        told = "both" if content else "absent"
        found.append(Problem("data", told, f"is required, or {_ENCODED} in its place"))
    elif content == [_ENCODED] and not _is_base64(fields[_ENCODED]):
        found.append(Problem(_ENCODED, shown(fields[_ENCODED]), "must be Base64"))
    return found


def _is_base64(value: object) -> bool:
    try:
        base64.b64decode(value if isinstance(value, str) else "?", validate=True)
    except ValueError:
        return False
    return True
