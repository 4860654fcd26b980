"""The parts of the export of a school, and their JSON Schema."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from mastery_engine.contracts import student_export as form
from mastery_engine.contracts.privacy_request import PrivacyRequest
from mastery_engine.contracts.tenant import Tenant
from mastery_engine.contracts.tenant_privacy import TenantPrivacy
from mastery_engine.domain.cohort import Cohort
from mastery_engine.domain.events import LearningEvent
from mastery_engine.ports import AuditRecord

KIND: Final = "tenant"
SETTINGS: Final = "tenant.json"
CLASSES: Final = "classes.jsonl"
STUDENTS: Final = "students.jsonl"
AUDIT: Final = "audit.jsonl"
REQUESTS: Final = "requests.jsonl"
_SCHEMA_ID: Final = "urn:com.learnflow.mastery.v1:tenant-export"


class ExportedTenant(Struct, frozen=True, kw_only=True):
    """A school's settings, and what it says of the processing."""

    tenant: Tenant
    privacy: TenantPrivacy


class ExportedPupil(Struct, frozen=True, kw_only=True):
    """A student of the school; `pseudonym` stands for them in the audit trail and in requests."""

    pseudonym: str
    held: form.ExportedStudent


PART_TYPES: Final[dict[str, Any]] = {
    form.MANIFEST: form.ExportManifest,
    SETTINGS: ExportedTenant,
    CLASSES: Cohort,
    STUDENTS: ExportedPupil,
    form.EVENTS: LearningEvent,
    form.LETTERS: form.ExportedLetter,
    AUDIT: AuditRecord,
    REQUESTS: PrivacyRequest,
}
"""Type of a JSON file, or of each line of a file of JSON lines."""


def tenant_export_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of all JSON in it: `parts` names the definition of each file, or of each of its lines."""
    return form.schema_of(PART_TYPES, _SCHEMA_ID, "Everything held on a school")
