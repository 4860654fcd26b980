"""The calls of the API, a function each; a client sends what it returns.

Arguments are checked by the service, which tells every broken rule; here only what a URL needs is done.
"""

from mastery_engine.client.calls.classes import cohort, cohorts, delete_cohort, import_cohorts, put_cohort
from mastery_engine.client.calls.events import ingest, ingest_bytes, ingests
from mastery_engine.client.calls.jobs import cancel_job, job, read_batch, replay
from mastery_engine.client.calls.operating import (
    accesses,
    audit,
    audit_verification,
    dead_letter,
    dead_letters,
    discard_letter,
    fix_letter,
    reprocess_letters,
    revoke_subject,
    revoke_token,
)
from mastery_engine.client.calls.privacy import (
    erase,
    export_schema,
    export_student,
    lift_erasure,
    privacy_request,
    privacy_requests,
    restrict,
    unrestrict,
)
from mastery_engine.client.calls.service import health, info, ready
from mastery_engine.client.calls.students import (
    batch,
    calculation,
    comparison,
    forecast,
    history,
    learning_path,
    mastery,
    profile,
    recommendations,
    stream_ticket,
    trajectory,
    what_if,
)

__all__ = [
    "accesses",
    "audit",
    "audit_verification",
    "batch",
    "calculation",
    "cancel_job",
    "cohort",
    "cohorts",
    "comparison",
    "dead_letter",
    "dead_letters",
    "delete_cohort",
    "discard_letter",
    "erase",
    "export_schema",
    "export_student",
    "fix_letter",
    "forecast",
    "health",
    "history",
    "import_cohorts",
    "info",
    "ingest",
    "ingest_bytes",
    "ingests",
    "job",
    "learning_path",
    "lift_erasure",
    "mastery",
    "privacy_request",
    "privacy_requests",
    "profile",
    "put_cohort",
    "read_batch",
    "ready",
    "recommendations",
    "replay",
    "reprocess_letters",
    "restrict",
    "revoke_subject",
    "revoke_token",
    "stream_ticket",
    "trajectory",
    "unrestrict",
    "what_if",
]
