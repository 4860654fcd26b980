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

import msgspec

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mastery_engine.api.openapi import document, examples  # noqa: E402 - the line above comes first
from mastery_engine.api.operation import JSON  # noqa: E402 - as above
from mastery_engine.api.table import OPERATIONS  # noqa: E402 - as above
from mastery_engine.config import PREFIX  # noqa: E402 - as above
from mastery_engine.contracts import keys  # noqa: E402 - as above
from mastery_engine.contracts.dead_letter import DeadLetter  # noqa: E402 - as above
from mastery_engine.contracts.job import Job, Listed  # noqa: E402 - as above
from mastery_engine.contracts.privacy_request import PrivacyRequest  # noqa: E402 - as above
from mastery_engine.contracts.sealed_id import seal  # noqa: E402 - as above
from mastery_engine.engine.batch_jobs import KIND, BatchAsked  # noqa: E402 - as above
from tests.api.school import DAY_MS, NOW, NOW_MS, School, open_school, quiz  # noqa: E402 - as above

EXAMPLES: Final = ROOT / "src/mastery_engine/api/examples.json"
PAGE: Final = ROOT / "docs/reference/api.md"
BEGIN: Final = "<!-- generated: tools/api_reference.py -->"
END: Final = "<!-- end of the generated part -->"
SHOWN_POSITION: Final = "kwHZJDVmMGM0YzM2LTI1ZTAtNGVhYi05YzYyLWU0MmE1MWUxMTU5YoEFAQ"
"""The topic's id is another one in each run."""

BATCH: Final = "0b6f3d1f4c5e4a8f9d2a7c1e5b3f6a70"
LETTERS: Final = ("3f0c6a52-7d41-5a8e-9c37-2b1f0e5d9a10", "3f0c6a52-7d41-5a8e-9c37-2b1f0e5d9a11")
ERASED: Final = "5d0d2d8e-1c0f-5b0e-9a41-d2b7c3a4e6f1"
CANCELLED: Final = "0b6f3d1f4c5e4a8f9d2a7c1e5b3f6a71"
SHOWN_HASH: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_HASH: Final = re.compile("[0-9a-f]{64}")
SHOWN_JOB: Final = "0b6f3d1f4c5e4a8f9d2a7c1e5b3f6a72"
"""The id of a job that is asked for is another one in each run."""
PARAMETERS: Final[dict[str, dict[str, str]]] = {
    "accesses": {"student_id": "amal"},
    "export_student": {"student_id": "amal"},
    "restrict": {"student_id": "cleo"},
    "unrestrict": {"student_id": "cleo"},
    "read_batch": {"batch_id": BATCH, "limit": "1"},
    "read_job": {"job_id": BATCH},
    "cancel_job": {"job_id": CANCELLED},
    "mastery": {"student_id": "amal", "course_id": "python-1", "date": "2026-03-02"},
    "put_cohort": {"cohort_id": "8b"},
    "cohorts": {"limit": "10"},
    "cohort": {"cohort_id": "8b"},
    "delete_cohort": {"cohort_id": "8b"},
    "dead_letters": {"status": "open", "limit": "1"},
    "dead_letter": {"letter_id": LETTERS[0]},
    "fix_letter": {"letter_id": LETTERS[0]},
    "discard_letter": {"letter_id": LETTERS[1]},
    "erase": {"student_id": "leaver"},
    "privacy_requests": {"limit": "1"},
    "privacy_request": {"request_id": ERASED},
    "lift_erasure": {"request_id": ERASED},
}
"""Of path and query, by the name of the operation."""
REQUESTS: Final[dict[str, object]] = {
    "ingest": [
        quiz(event_id="6a1f0c1e-3f0a-4f62-9a57-0d6f3c1b2a01", course_id="python-1", confidence_score=0.9),
        {
            "event_id": "6a1f0c1e-3f0a-4f62-9a57-0d6f3c1b2a02",
            "event_type": "exercise.completion.submitted",
            "timestamp": "2026-03-02T09:30:00Z",
            "student_id": "amal",
            "course_id": "python-1",
            "source": "exercise-agent",
            "exercise_id": "loops-3",
            "total_exercises": 20,
            "completed_exercises": 12,
            "difficulty": "intermediate",
            "time_taken": 900,
        },
        quiz(event_id="6a1f0c1e-3f0a-4f62-9a57-0d6f3c1b2a03", correct_answers=11),
    ],
    "query": {"student_id": "amal", "include_components": True},
    "calculate": {"student_id": "amal", "components": {"completion": 0.8, "quiz": 0.9}},
    "batch": {"student_ids": ["amal", "nobody"]},
    "replay": {"student_id": "amal"},
    "next_week": {"student_id": "amal"},
    "trajectory": {"student_id": "amal", "days": 7, "ahead": 2},
    "adaptive": {"student_id": "amal", "limit": 1},
    "learning_path": {"student_id": "amal", "goal": "improve_mastery", "daily_minutes": 45},
    "mastery_history": {"student_id": "amal", "start": "2026-02-23", "aggregation": "weekly"},
    "compare": {"cohort_id": "7a", "metric": "score"},
    "put_cohort": {
        "name": "Python for beginners",
        "teachers": [{"person_id": "ms-yun"}],
        "students": [{"person_id": "amal", "start": "2026-02-01"}, {"person_id": "bo", "end": "2026-06-30"}],
    },
    "fix_letter": {"event": quiz(event_id="6a1f0c1e-3f0a-4f62-9a57-0d6f3c1b2a05")},
    "reprocess_letters": {"letter_ids": [LETTERS[0]], "dry_run": True},
    "discard_letter": {"reason": "a test of the sender's"},
    "revoke_tokens": {"subject": "bo"},
    "process": {"intent": "recommend", "payload": {"student_id": "amal", "limit": 1}},
    "learning": {
        "specversion": "1.0",
        "id": "quiz-agent-7",
        "source": "quiz-agent",
        "type": "com.dapr.event.sent",
        "datacontenttype": "application/json",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "data": quiz(event_id="6a1f0c1e-3f0a-4f62-9a57-0d6f3c1b2a04", correct_answers=9),
    },
}
SHOWN_TOKEN: Final = "eyJ..."  # noqa: S105 - none
"""Of the student in a request through Dapr; another one in each run too."""


async def record() -> dict[str, Any]:
    """Send each example for real, at a fixed time, and keep what came back."""
    recorded: dict[str, Any] = {}
    async with open_school() as school:
        await _jobs(school)
        await school.teach("amal", *(quiz(timestamp=NOW_MS - day * DAY_MS) for day in range(1, 4)))
        await school.engine.adapters.dead_letters.add([_letter(one) for one in LETTERS])
        await _erasure(school)
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
            answer = await school.http.request(
                operation.method, path, params=query, json=sent, headers=headers
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
            if operation.name == "replay":
                shown["data"]["job_id"] = SHOWN_JOB
            recorded[operation.name] = {
                **({"parameters": parameters} if parameters else {}),
                **({} if shown_body is None else {"request": shown_body}),
                "answer": shown,
            }
    return recorded


async def _erasure(school: School) -> None:
    """An erasure that is done, under an id that is known."""
    engine = school.engine
    subject, by = (engine.pseudonyms.of("default", one) for one in ("gone", "head"))
    request = PrivacyRequest(
        request_id=ERASED,
        tenant_id="default",
        kind="erasure",
        subject=subject,
        asked_ms=NOW_MS - 120_000,
        asked_by=by,
        changed_ms=NOW_MS,
        sealed=seal(engine.pseudonyms, ERASED, "gone"),
    )
    await school.teach("gone", quiz(event_id="6a1f0c1e-3f0a-4f62-9a57-0d6f3c1b2a09"))
    await engine.adapters.privacy_requests.add(request)
    async with engine.eraser(0) as eraser:
        await eraser.run_once()


async def _jobs(school: School) -> None:
    """A batch that is done, and one that waits, under ids that are known."""
    asked = BatchAsked(["amal", "nobody"], None, NOW.date())
    book, open_ = school.engine.jobs.book, keys.open_jobs()
    for job_id in (BATCH, CANCELLED):
        job = Job(
            job_id=job_id,
            tenant_id="default",
            kind=KIND,
            subject="head",
            role="admin",
            request_id="example",
            payload=msgspec.msgpack.encode(asked),
            created_ms=NOW_MS,
            total=2,
        )
        await book.add(job)
        if job_id == BATCH:
            await school.teach("amal", quiz(event_id="6a1f0c1e-3f0a-4f62-9a57-0d6f3c1b2a00"))
            await book.change(open_, lambda listed: [*listed, Listed("default", BATCH, NOW_MS, 1, "")])
            await school.engine.job_runner.drain()


def _letter(letter_id: str) -> DeadLetter:
    """One of an event that breaks a rule."""
    return DeadLetter(
        letter_id=letter_id,
        topic="learning.events",
        topic_id="5f0c4c36-25e0-4eab-9c62-e42a51e1159b",
        partition=0,
        offset=LETTERS.index(letter_id),
        key=b"amal",
        headers=(),
        payload=json.dumps(
            quiz(event_id="6a1f0c1e-3f0a-4f62-9a57-0d6f3c1b2a05", correct_answers=11)
        ).encode(),
        kind="validation",
        reason="invalid",
        message="correct_answers = 11: must not be more than total_questions = 10",
        attempts=1,
        failed_at_ms=NOW_MS - DAY_MS,
        tenant_id="default",
        student_id="amal",
        event_id="6a1f0c1e-3f0a-4f62-9a57-0d6f3c1b2a05",
    )


def render(described: dict[str, Any]) -> str:
    """The generated part of the page."""
    lines = ["## Routes", "", "| route | does | answers |", "|---|---|---|"]
    paths: dict[str, dict[str, Any]] = described["paths"]
    for path, methods in paths.items():
        for method, operation in methods.items():
            statuses = ", ".join(sorted(operation["responses"]))
            lines.append(f"| `{method.upper()} {path}` | {operation['description']} | {statuses} |")
    schemas: dict[str, Any] = described["components"]["schemas"]
    events = {part["$ref"].rpartition("/")[2] for part in schemas["LearningEvent"]["oneOf"]}
    for name, schema in schemas.items():
        if name in events or "success" in schema.get("properties", {"success": None}):
            continue
        lines += ["", f"## {name}", "", schema.get("description", ""), "", *_fields(schema)]
    wanted = ["QueryRequest", "CalculateRequest", "ComponentValues", "Profile", "Calculation", "IngestAnswer"]
    wanted += ["ItemResult", "ErrorBody", "Detail", "PredictRequest", "RecommendRequest", "SecurityContext"]
    for name in [*wanted, "RevokeToken", "RevokeSubject", "Revocation", "Subscription", "DeliveryAnswer"]:
        lines += ["", f"## {name}", "", schemas[name].get("description", ""), "", *_fields(schemas[name])]
    lines += ["", "## Events", ""]
    for name in (part["$ref"].rpartition("/")[2] for part in schemas["LearningEvent"]["oneOf"]):
        event = schemas[name]
        tag = event["properties"]["event_type"]["enum"][0]
        lines += [f"### `{tag}`", "", event.get("description", ""), "", *_fields(event), ""]
    return "\n".join(lines).rstrip() + "\n"


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
