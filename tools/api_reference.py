"""Writes what the documentation shows of the API: the examples, and the generated part of its page.

Usage: python tools/api_reference.py [--check]
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from pathlib import Path
from typing import Any, Final, cast

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mastery_engine.api.openapi import document, examples  # noqa: E402 - the line above comes first
from mastery_engine.api.operation import JSON  # noqa: E402 - as above
from mastery_engine.api.table import OPERATIONS  # noqa: E402 - as above
from mastery_engine.config import PREFIX  # noqa: E402 - as above
from tests.api.school import open_school  # noqa: E402 - as above
from tools.api_examples import PARAMETERS, REQUESTS, prepare  # noqa: E402 - as above

EXAMPLES: Final = ROOT / "src/mastery_engine/api/examples.json"
PAGE: Final = ROOT / "docs/reference/api.md"
BEGIN: Final = "<!-- generated: tools/api_reference.py -->"
END: Final = "<!-- end of the generated part -->"
SHOWN_POSITION: Final = "kwHZJDVmMGM0YzM2LTI1ZTAtNGVhYi05YzYyLWU0MmE1MWUxMTU5YoEFAQ"
"""The topic's id is another one in each run."""

SHOWN_HASH: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_HASH: Final = re.compile("[0-9a-f]{64}")
SHOWN_JOB: Final = "0b6f3d1f4c5e4a8f9d2a7c1e5b3f6a72"
"""The id of a job that is asked for is another one in each run."""
SHOWN_TICKET: Final = "ticket-of-43-characters"
"""Another one in each run."""
SHOWN_TOKEN: Final = "eyJ..."  # noqa: S105 - none
"""Of the student in a request through Dapr; another one in each run too."""


async def record() -> dict[str, Any]:
    """Send each example for real, at a fixed time, and keep what came back."""
    recorded: dict[str, Any] = {}
    async with open_school() as school:
        await prepare(school)
        for operation in OPERATIONS:
            if operation.answer is None:
                continue
            headers = school.bearer("head", "admin") | {"X-Request-ID": "example"}
            shown_body = sent = REQUESTS.get(operation.name)
            if operation.name == "process":
                user = school.token("amal", "student")
                sent = {**cast("dict[str, object]", sent), "security_context": {"token": user}}
                shown_body = {**sent, "security_context": {"token": SHOWN_TOKEN}}
            if sent is not None:
                headers["Content-Type"] = operation.media_type
            parameters = PARAMETERS.get(operation.name, {})
            path = operation.path.format_map(parameters)
            query = {name: one for name, one in parameters.items() if f"{{{name}}}" not in operation.path}
            body = sent if isinstance(sent, str) else None if sent is None else json.dumps(sent)
            answer = await school.http.request(
                operation.method, path, params=query, content=body, headers=headers
            )
            if answer.status_code != operation.status:
                raise SystemExit(f"{operation.name}: {answer.status_code} {answer.text}")
            if JSON not in operation.answers_with or operation.name == "export_schema":
                # A file, which is told by its own page.
                recorded[operation.name] = {"parameters": parameters} if parameters else {}
                continue
            # Hashes of the trail cover ids that are others in each run.
            shown = json.loads(_HASH.sub(SHOWN_HASH, answer.text))
            if operation.name == "ingest":
                shown["data"]["position"] = SHOWN_POSITION
                await school.fold()
            if operation.name == "ticket":
                shown["data"]["ticket"] = SHOWN_TICKET
            if operation.name == "replay":
                shown["data"]["job_id"] = SHOWN_JOB
            recorded[operation.name] = {
                **({"parameters": parameters} if parameters else {}),
                **({} if shown_body is None else {"request": shown_body}),
                "answer": shown,
            }
    return recorded


def render(described: dict[str, Any]) -> str:
    """The generated part of the page."""
    lines = ["## Routes", "", "| route | does | answers |", "|---|---|---|"]
    paths: dict[str, dict[str, Any]] = described["paths"]
    for path, methods in paths.items():
        for method, operation in methods.items():
            statuses = ", ".join(sorted(operation["responses"]))
            lines.append(f"| `{method.upper()} {path}` | {operation['description']} | {statuses} |")
    schemas: dict[str, Any] = described["components"]["schemas"]
    lines += ["", "## What a route takes and answers", "", *_taken(described)]
    events = {part["$ref"].rpartition("/")[2] for part in schemas["LearningEvent"]["oneOf"]}
    for name, schema in schemas.items():
        if name in events or "success" in schema.get("properties", {"success": None}):
            continue
        lines += ["", f"## {name}", "", schema.get("description", ""), "", *_fields(schema)]
    lines += ["", "## Events", ""]
    for name in (part["$ref"].rpartition("/")[2] for part in schemas["LearningEvent"]["oneOf"]):
        event = schemas[name]
        tag = event["properties"]["event_type"]["enum"][0]
        lines += [f"### `{tag}`", "", event.get("description", ""), "", *_fields(event), ""]
    return "\n".join(lines).rstrip() + "\n"


def _taken(described: dict[str, Any]) -> list[str]:
    """Of each route its parameters, headers, the type of its body, and the type of `data` in its answer."""
    lines = [
        "`X-Request-ID` may be sent with each; a name in braces stands in the path, a type is described below.",
        "",
        "| route | parameters of path and query | headers | body | `data` of the answer |",
        "|---|---|---|---|---|",
    ]
    schemas = described["components"]["schemas"]
    for path, methods in cast("dict[str, dict[str, Any]]", described["paths"]).items():
        for method, operation in methods.items():
            told: dict[str, list[str]] = {"query": [], "header": [], "path": []}
            for one in operation.get("parameters", ()):
                if one["name"] != "X-Request-ID":
                    told[one["in"]].append(f"`{one['name']}` ({_type(one['schema'])})")
            queries = "; ".join([*told["path"], *told["query"]])
            headers = "; ".join(re.sub(r" \(.*", "", one) for one in told["header"])
            lines.append(
                f"| `{method.upper()} {path}` | {queries} | {headers} | {_content(operation.get('requestBody'), schemas)} "
                f"| {_answered(operation['responses'], schemas)} |"
            )
    return lines


def _answered(responses: dict[str, Any], schemas: dict[str, Any]) -> str:
    told = (_content(one, schemas) for status, one in sorted(responses.items()) if status < "300")
    return " or ".join(dict.fromkeys(one for one in told if one))


def _content(body: dict[str, Any] | None, schemas: dict[str, Any]) -> str:
    """What a body holds: for JSON the type, of an envelope that of its `data`; else the media type too."""
    told: list[str] = []
    for media_type, content in cast("dict[str, Any]", (body or {}).get("content", {})).items():
        schema = content.get("schema", {})
        named = schemas.get(str(schema.get("$ref", "")).rpartition("/")[2], {})
        data = named.get("properties", {}).get("data") if "success" in named.get("properties", {}) else None
        parts = cast("list[dict[str, Any]]", named.get("oneOf") or named.get("anyOf") or [])
        # Of nameless parts the name of the whole says more.
        choice: dict[str, Any] | None = (
            {"anyOf": parts} if parts and "object" not in map(_type, parts) else None
        )
        told.append(
            _type(data or choice or schema) if media_type == "application/json" else f"`{media_type}`"
        )
    return " or ".join(dict.fromkeys(told))


def page(text: str, described: dict[str, Any]) -> str:
    """A page with its generated part made anew."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{render(described)}\n{END}{rest.partition(END)[2]}"


def _fields(schema: dict[str, Any]) -> list[str]:
    required = set(schema.get("required", ()))
    rows = ["| field | type | required | |", "|---|---|---|---|"]
    for name, field in cast("dict[str, dict[str, Any]]", schema["properties"]).items():
        words = str(field.get("description", "")).replace("|", "\\|")
        rows.append(f"| `{name}` | {_type(field)} | {'yes' if name in required else ''} | {words} |")
    return rows


def _type(field: dict[str, Any]) -> str:
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if "anyOf" in field:
        return " or ".join(_type(part) for part in field["anyOf"])
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    kind = str(field.get("type", "any"))
    if "prefixItems" in field:
        return f"[{', '.join(_type(part) for part in field['prefixItems'])}]"
    if kind == "array":
        return f"list of {_type(field.get('items', {}))}"
    bounds = [f"{sign} {field[key]:,}" for sign, key in (("≥", "minimum"), ("≤", "maximum")) if key in field]
    shape = [f"`{field['pattern']}`"] if "pattern" in field else []
    return ", ".join([field.get("format", kind), *bounds, *shape]).replace("|", "\\|")


def main() -> None:
    """Write both, or say with `--check` that they are stale."""
    check = "--check" in sys.argv[1:]
    # The page is of the defaults, whatever this shell has set.
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    recorded = asyncio.run(record())
    if check:
        stale = recorded != examples() or page(PAGE.read_text("utf-8"), document()) != PAGE.read_text("utf-8")
        raise SystemExit("the API's documentation is stale: python tools/api_reference.py" if stale else 0)
    EXAMPLES.write_text(json.dumps(recorded, indent=2) + "\n", "utf-8")
    PAGE.write_text(page(PAGE.read_text("utf-8"), document()), "utf-8")


if __name__ == "__main__":
    main()
