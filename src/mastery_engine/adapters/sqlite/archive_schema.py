"""Tables of `archive.db`: archive, dead letters, audit trail, rosters, erasure ledger, tenants, requests."""

from __future__ import annotations

from typing import Final

from mastery_engine.adapters.sqlite.schema import Schema

_ARCHIVE: Final = (
    # Tenants and topic ids, so that a row holds two small numbers in their place.
    "CREATE TABLE names (no INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    # A student's events lie together: who reads one reads all, and event ids in an order of their own would
    # make each batch write nearly every page of their index.
    """CREATE TABLE events (
        tenant_no INTEGER NOT NULL REFERENCES names, student_id TEXT NOT NULL,
        event_id BLOB NOT NULL, day INTEGER NOT NULL, timestamp INTEGER NOT NULL,
        topic_no INTEGER NOT NULL REFERENCES names, partition INTEGER NOT NULL,
        record_offset INTEGER NOT NULL, appended_ms INTEGER NOT NULL, value BLOB NOT NULL, corrected_by BLOB,
        PRIMARY KEY (tenant_no, student_id, event_id)
    ) WITHOUT ROWID""",
)
_DEAD_LETTERS: Final = (
    """CREATE TABLE dead_letters (
        letter_id TEXT PRIMARY KEY, tenant_id TEXT, status TEXT NOT NULL, body BLOB NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX dead_letters_by_status ON dead_letters (status, tenant_id)",
)
_AUDIT: Final = (
    """CREATE TABLE audit_chains (
        chain INTEGER PRIMARY KEY, tenant_id TEXT NOT NULL UNIQUE,
        sequence INTEGER NOT NULL, hash BLOB NOT NULL
    )""",
    """CREATE TABLE audit_records (
        chain INTEGER NOT NULL REFERENCES audit_chains, sequence INTEGER NOT NULL, previous BLOB NOT NULL,
        hash BLOB NOT NULL, entry BLOB NOT NULL, PRIMARY KEY (chain, sequence)
    ) WITHOUT ROWID""",
    """CREATE TABLE audit_subjects (
        chain INTEGER NOT NULL REFERENCES audit_chains, subject TEXT NOT NULL, sequence INTEGER NOT NULL,
        PRIMARY KEY (chain, subject, sequence)
    ) WITHOUT ROWID""",
    """CREATE TRIGGER audit_records_are_not_changed BEFORE UPDATE ON audit_records
        BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END""",
    """CREATE TRIGGER audit_records_are_not_deleted BEFORE DELETE ON audit_records
        BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END""",
)
_ROSTERS: Final = (
    """CREATE TABLE cohorts (
        tenant_id TEXT NOT NULL, cohort_id TEXT NOT NULL, body BLOB NOT NULL,
        PRIMARY KEY (tenant_id, cohort_id)
    ) WITHOUT ROWID""",
    """CREATE TABLE cohort_teachers (
        tenant_id TEXT NOT NULL, teacher_id TEXT NOT NULL, cohort_id TEXT NOT NULL,
        PRIMARY KEY (tenant_id, teacher_id, cohort_id),
        FOREIGN KEY (tenant_id, cohort_id) REFERENCES cohorts ON DELETE CASCADE
    ) WITHOUT ROWID""",
    "CREATE INDEX cohort_teachers_by_cohort ON cohort_teachers (tenant_id, cohort_id)",
)
_ERASURES: Final = (
    # Hashes, and never an id.
    """CREATE TABLE erasures (
        student TEXT NOT NULL CHECK (length(student) = 32 AND student NOT GLOB '*[^0-9a-f]*'),
        number INTEGER NOT NULL, kind TEXT NOT NULL, tenant_id TEXT NOT NULL, at_ms INTEGER NOT NULL,
        actor TEXT CHECK (length(actor) = 32 AND actor NOT GLOB '*[^0-9a-f]*'),
        PRIMARY KEY (student, number, kind)
    ) WITHOUT ROWID""",
    """CREATE TRIGGER erasures_are_not_changed BEFORE UPDATE ON erasures
        BEGIN SELECT RAISE(ABORT, 'the erasure ledger is append-only'); END""",
    """CREATE TRIGGER erasures_are_not_deleted BEFORE DELETE ON erasures
        BEGIN SELECT RAISE(ABORT, 'the erasure ledger is append-only'); END""",
)
_TENANTS: Final = ("CREATE TABLE tenants (tenant_id TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",)
_AUDIT_SEALS: Final = (
    "ALTER TABLE audit_chains ADD COLUMN day INTEGER",
    "ALTER TABLE audit_chains ADD COLUMN seal TEXT",
    # What is searched for beside subjects stands in the same index.
    """INSERT OR IGNORE INTO audit_subjects (chain, subject, sequence)
        SELECT chain, 'actor:' || json_extract(CAST(entry AS TEXT), '$.actor'), sequence FROM audit_records""",
    """INSERT OR IGNORE INTO audit_subjects (chain, subject, sequence)
        SELECT chain, 'action:' || json_extract(CAST(entry AS TEXT), '$.action'), sequence FROM audit_records""",
    """INSERT OR IGNORE INTO audit_subjects (chain, subject, sequence)
        SELECT chain, 'request:' || json_extract(CAST(entry AS TEXT), '$.request_id'), sequence FROM audit_records""",
    """INSERT OR IGNORE INTO audit_subjects (chain, subject, sequence)
        SELECT chain, 'refused', sequence FROM audit_records
        WHERE NOT json_extract(CAST(entry AS TEXT), '$.allowed')""",
    """CREATE TRIGGER audit_subjects_are_not_changed BEFORE UPDATE ON audit_subjects
        BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END""",
    """CREATE TRIGGER audit_subjects_are_not_deleted BEFORE DELETE ON audit_subjects
        BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END""",
)
_REQUESTS: Final = (
    """CREATE TABLE privacy_requests (
        request_id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL,
        subject TEXT CHECK (length(subject) = 32 AND subject NOT GLOB '*[^0-9a-f]*'),
        asked_ms INTEGER NOT NULL, body BLOB NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX privacy_requests_by_time ON privacy_requests (tenant_id, asked_ms, request_id)",
    "CREATE INDEX privacy_requests_by_state ON privacy_requests (state, asked_ms)",
)
_PRIVACY: Final = (
    "CREATE TABLE tenant_privacy (tenant_id TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",
)
ARCHIVE_SCHEMA: Final = Schema(
    steps=(
        (*_ARCHIVE, *_DEAD_LETTERS, *_AUDIT, *_ROSTERS),
        _ERASURES,
        _TENANTS,
        _AUDIT_SEALS,
        _REQUESTS,
        _PRIVACY,
    )
)
