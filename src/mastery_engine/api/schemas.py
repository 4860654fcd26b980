"""JSON Schemas of everything that the API takes and answers, generated from the types themselves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import Any, Final, TypeVar, cast

import msgspec

from mastery_engine.api.models import MOST_EVENTS
from mastery_engine.api.table import TYPES
from mastery_engine.domain.events import EVENT_CLASSES

REF: Final = "#/components/schemas/"
_ATTRIBUTE: Final = re.compile(r"^    (\w+): ((?:.|\n(?!    \w+: ))*)", re.MULTILINE)
_SECTION: Final = re.compile(r"\n(Attributes|Raises):\n")
_UUID: Final = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
Node = TypeVar("Node")


def reference(name: str) -> dict[str, str]:
    """A reference to a schema of the document."""
    return {"$ref": REF + name}


def parameters(model: type[msgspec.Struct], path: str) -> list[dict[str, Any]]:
    """What the document tells of the parameters of path and query.

    Args:
        model: A field for each.
        path: Template, which names those of the path.
    """
    schema = msgspec.json.schema_components([model], ref_template=REF + "{name}")[1][model.__name__]
    described = _tidy(schema, {})
    required = set(described.get("required", ()))
    found: list[dict[str, Any]] = []
    for name, field in cast("dict[str, dict[str, Any]]", described["properties"]).items():
        in_path = f"{{{name}}}" in path
        words = field.pop("description", "")
        found.append(
            {
                "name": name,
                "in": "path" if in_path else "query",
                "description": words,
                "required": in_path or name in required,
                "schema": _of_a_text(field),
            }
        )
    return found


def _of_a_text(field: dict[str, Any]) -> dict[str, Any]:
    """Nothing in a query is null: what may be left out is so by standing nowhere."""
    field.pop("default", None)
    options = [one for one in field.get("anyOf", ()) if one != {"type": "null"}]
    return options[0] if len(options) == 1 else field


def all_schemas() -> dict[str, Any]:
    """Every schema by its name."""
    types = [*TYPES.values(), *EVENT_CLASSES]
    roots, components = msgspec.json.schema_components(types, ref_template=REF + "{name}")
    names = {
        cast("str", root["$ref"]).removeprefix(REF): name for root, name in zip(roots, TYPES, strict=False)
    }
    found = {names.get(name, name): _tidy(schema, names) for name, schema in components.items()}
    for cls in EVENT_CLASSES:
        _as_sent(found[cls.__name__])
    _need_one(found["ComponentValues"])
    events = [reference(cls.__name__) for cls in EVENT_CLASSES]
    tags = {str(cls.__struct_config__.tag): REF + cls.__name__ for cls in EVENT_CLASSES}
    found["LearningEvent"] = {
        "description": "One learning event; fields that are not known are ignored.",
        "oneOf": events,
        "discriminator": {"propertyName": "event_type", "mapping": tags},
    }
    found["IngestRequest"] = {
        "description": f"One event, or a list of up to {MOST_EVENTS}.",
        "anyOf": [
            reference("LearningEvent"),
            {"type": "array", "minItems": 1, "maxItems": MOST_EVENTS, "items": reference("LearningEvent")},
        ],
    }
    found["RosterFile"] = {
        "description": "A CSV file in UTF-8: cohort_id, name, role, person_id, start, end.",
        "type": "string",
    }
    found["RevokeRequest"] = {
        "description": "One token, or all of somebody's.",
        "anyOf": [reference("RevokeToken"), reference("RevokeSubject")],
    }
    found |= _of_the_sidecar()
    for name, schema in found.items():
        schema["title"] = name
    return dict(sorted(found.items()))


def _of_the_sidecar() -> dict[str, Any]:
    """What its doors take and answer, put together from the schemas of the others."""
    payloads = {
        "ingest": "IngestRequest",
        "query_mastery": "QueryRequest",
        "calculate": "CalculateRequest",
        "predict": "PredictRequest",
        "trajectory": "TrajectoryRequest",
        "what_if": "WhatIfRequest",
        "recommend": "RecommendRequest",
        "learning_path": "PathRequest",
        "mastery_history": "HistoryRequest",
        "compare": "ComparisonRequest",
    }
    answers = (
        "QueryAnswer",
        "CalculateAnswer",
        "PredictAnswer",
        "PredictTrajectoryAnswer",
        "WhatIfAnswer",
        "RecommendAnswer",
        "LearningPathAnswer",
        "HistoryAnswer",
        "CompareAnswer",
    )
    text = {"type": "string", "minLength": 1}
    return {
        "ProcessRequest": {
            "description": "A use case by name, what it is to work on, and for whom a service asks.",
            "oneOf": [_intent(intent, payload) for intent, payload in payloads.items()],
        },
        "ProcessAnswer": {
            "description": "The answer of the route that does the same.",
            "anyOf": [*map(reference, answers)],
        },
        "Subscriptions": {
            "description": "What the sidecar is to bring.",
            "type": "array",
            "items": reference("Subscription"),
        },
        "CloudEvent": {
            "description": "A learning event in its envelope; other attributes are kept with a dead letter.",
            "type": "object",
            "required": ["specversion", "id", "source", "type"],
            "properties": {
                "specversion": {"const": "1.0"},
                "id": text,
                "source": text,
                "type": text,
                "datacontenttype": {"type": "string", "description": "JSON, where `data` is used"},
                "traceparent": {"type": "string", "description": "Goes with the event to its outputs"},
                "data": reference("LearningEvent"),
                "data_base64": {"type": "string", "description": "In the place of `data`: its bytes"},
            },
            "oneOf": [{"required": ["data"]}, {"required": ["data_base64"]}],
        },
    }


def _intent(intent: str, payload: str) -> dict[str, Any]:
    context = {"anyOf": [reference("SecurityContext"), {"type": "null"}]}
    return {
        "type": "object",
        "required": ["intent", "payload"],
        "properties": {
            "intent": {"const": intent},
            "payload": reference(payload),
            "security_context": context,
        },
        "additionalProperties": False,
    }


def _need_one(components: dict[str, Any]) -> None:
    """At least one property has to be a value and not null."""
    components["anyOf"] = [
        {"required": [name], "properties": {name: {"type": "number"}}} for name in components["properties"]
    ]


def _as_sent(event: dict[str, Any]) -> None:
    """Events over HTTP are read more leniently than they are kept."""
    properties = event["properties"]
    properties["timestamp"] = {
        "description": "When the student did it: ISO 8601 with an offset, or integer Unix milliseconds",
        "anyOf": [{"type": "string", "format": "date-time"}, properties["timestamp"]],
    }
    properties["event_id"]["pattern"] = _UUID
    properties["tenant_id"].pop("default")
    properties["tenant_id"]["description"] = "School; left out it is the token's, and another one is refused"


def _tidy(node: Node, names: dict[str, str]) -> Node:
    """The same in JSON Schema's own dialect of patterns, with the document's names and field descriptions."""
    if isinstance(node, dict):
        tidied = {key: _tidy(value, names) for key, value in cast("dict[str, Any]", node).items()}
        if isinstance(tidied.get("pattern"), str):
            tidied["pattern"] = tidied["pattern"].replace(r"\Z", "$")
        target = tidied.get("$ref")
        if isinstance(target, str):
            short = target.removeprefix(REF)
            tidied["$ref"] = REF + names.get(short, short)
        if tidied.get("items") is False and "maxItems" in tidied:
            # It says what `maxItems` says, and makers of clients that know no schema but an object stumble over it.
            del tidied["items"]
        _describe(tidied)
        return cast("Node", tidied)
    if isinstance(node, list | tuple):
        return cast("Node", [_tidy(value, names) for value in cast("Sequence[Any]", node)])
    return node


def _describe(schema: dict[str, Any]) -> None:
    """Move what a docstring says of attributes to the properties."""
    text = schema.get("description")
    properties = cast("dict[str, Any]", schema.get("properties", {}))
    if not isinstance(text, str):
        return
    sections = _SECTION.split(inspect.cleandoc(text))
    schema["description"] = " ".join(sections[0].split())
    for title, body in zip(sections[1::2], sections[2::2], strict=True):
        if title == "Attributes":
            for name, words in _ATTRIBUTE.findall(body):
                target = cast("dict[str, Any] | None", properties.get(name))
                # Beside a $ref a description is allowed since OpenAPI 3.1.
                if target is not None:
                    target.setdefault("description", " ".join(words.split()))
