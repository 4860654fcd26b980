"""Everything held on one student, as it is handed out: the parts of the zip, and their JSON Schema."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from mastery_engine.contracts.results_export import StudentResults
from mastery_engine.contracts.tenant_privacy import LegalBasis
from mastery_engine.domain.events import LearningEvent

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
STUDENT: Final = "student.json"
EVENTS: Final = "events.jsonl"
LETTERS: Final = "dead_letters.jsonl"
ACCESSES: Final = "accesses.jsonl"
KEYS: Final = "stored_keys.jsonl"
EVENT_TABLE: Final = "events.csv"
RESULT_TABLE: Final = "daily_results.csv"
PAGE: Final = "index.html"
SCHEMA: Final = "schema.json"
_SCHEMA_ID: Final = "urn:com.learnflow.mastery.v1:student-export"


class ExportedSchool(Struct, frozen=True, kw_only=True):
    """The school, how long it keeps personal data, and on which ground it processes it."""

    tenant_id: str
    retention_days: int | None
    time_zone: str
    formula: str
    legal_basis: LegalBasis
    purposes: tuple[str, ...]
    controller: str
    dpo: str


class ExportedMembership(Struct, frozen=True, kw_only=True):
    """A class that the student is or was a member of; an open end is null."""

    cohort_id: str
    name: str
    start: str | None
    end: str | None


class ExportedRequest(Struct, frozen=True, kw_only=True):
    """A request about the student's data: an erasure, an export, a restriction."""

    request_id: str
    kind: str
    state: str
    asked_at: str
    changed_at: str


class ExportedStudent(Struct, frozen=True, kw_only=True):
    """What is held on a student, save what has lines of its own.

    Attributes:
        format: Version of the whole export.
        made_at: ISO 8601 in UTC, as every time here.
        engine_version: Release that made it.
        restricted: Whether the processing of the data is restricted (GDPR, Article 18).
        profile: Results now, null without an event.
        document: The stored evidence, decoded; null without an event. Its layout may change with a release.
    """

    format: int
    student_id: str
    made_at: str
    engine_version: str
    school: ExportedSchool
    restricted: bool
    profile: StudentResults | None
    classes: list[ExportedMembership]
    requests: list[ExportedRequest]
    document: dict[str, Any] | None


class ExportedLetter(Struct, frozen=True, kw_only=True):
    """A record about the student that could not be counted; the bytes as Base64, as text too where they are UTF-8."""

    letter_id: str
    failed_at: str
    kind: str
    reason: str
    message: str
    status: str
    attempts: int
    topic: str
    payload: bytes
    payload_text: str | None
    original: bytes | None
    note: str | None


class ExportedAccess(Struct, frozen=True, kw_only=True):
    """Somebody's access to the student's data, allowed or refused, as the audit trail has it.

    Attributes:
        at: When.
        who: `the student`, `another student`, or the name under which a member of staff or a program acted.
        action: What for.
        others: How many other students the same answer was about.
    """

    at: str
    who: str
    role: str
    action: str
    allowed: bool
    others: int
    detail: dict[str, str]


class ExportedKey(Struct, frozen=True, kw_only=True):
    """A key of the state store beside the document: derived results, and what became of each event."""

    key: str
    value: Any


class ExportedPart(Struct, frozen=True, kw_only=True):
    """A file of the zip, its size in bytes and SHA-256 as hexadecimal digits."""

    name: str
    what: str
    bytes: int
    sha256: str


class ExportManifest(Struct, frozen=True, kw_only=True):
    """What the zip holds; the last file written."""

    format: int
    kind: str
    made_at: str
    engine_version: str
    document_version: int
    parts: list[ExportedPart]


PART_TYPES: Final[dict[str, Any]] = {
    MANIFEST: ExportManifest,
    STUDENT: ExportedStudent,
    EVENTS: LearningEvent,
    LETTERS: ExportedLetter,
    ACCESSES: ExportedAccess,
    KEYS: ExportedKey,
}
"""Type of a JSON file, or of each line of a file of JSON lines."""


def export_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of all JSON in the zip: `parts` names the definition of each file, or of each of its lines."""
    return schema_of(PART_TYPES, _SCHEMA_ID, "Everything held on a student")


def schema_of(part_types: dict[str, Any], schema_id: str, title: str) -> dict[str, Any]:
    """The same of other parts."""
    names, types = zip(*part_types.items(), strict=True)
    roots, definitions = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    text = json.dumps({"parts": dict(zip(names, roots, strict=True)), "$defs": definitions})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": schema_id,
        "title": title,
        **json.loads(text.replace("\\\\Z", "$")),
    }


def schema_text() -> str:
    """The same as the file that is published, and lies in each zip."""
    return json.dumps(export_schema(), indent=2, ensure_ascii=False) + "\n"


def iso(moment_ms: int) -> str:
    """A moment (Unix milliseconds) as ISO 8601 in UTC."""
    moment = datetime.fromtimestamp(moment_ms / 1_000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
