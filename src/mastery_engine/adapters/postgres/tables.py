"""What lies where: the tables as SQLAlchemy knows them; `migrations` makes them.

Texts are compared byte by byte (`C`), which is the order of their characters in Python too. Two functions of the database,
`archive_make_days` and `archive_drop_day`, make and drop the archive's partitions with the rights of the tables' owner, so that
the service itself needs no right to change tables.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    Uuid,
)


class Word(TypeDecorator[str]):
    """Any text, also with the character NUL, which PostgreSQL's texts cannot hold: a broken record's ids may have one."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Write a backslash as two, NUL as a backslash and a zero."""
        del dialect
        return None if value is None else escaped(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Undo it."""
        del dialect
        return None if value is None else "\\".join(part.replace("\\0", "\0") for part in value.split("\\\\"))


def escaped(text: str) -> str:
    """A text without NUL; different ones stay different."""
    return text.replace("\\", "\\\\").replace("\0", "\\0")


WORD: Final = Word(collation="C")
_ASCII: Final = Text(collation="C")

METADATA: Final = MetaData()

VERSION: Final = Table("mastery_schema", METADATA, Column("version_num", String(32), primary_key=True))

NAMES: Final = Table(
    "archive_names",
    METADATA,
    Column("no", Integer, Identity(always=True), primary_key=True),
    Column("name", _ASCII, nullable=False, unique=True),
)
IDS: Final = Table(
    "archived_ids",
    METADATA,
    Column("tenant_no", Integer, primary_key=True, autoincrement=False),
    Column("student_id", _ASCII, primary_key=True),
    Column("event_id", Uuid(as_uuid=False), primary_key=True),
    Column("day", Date, nullable=False),
)
EVENTS: Final = Table(
    "archived_events",
    METADATA,
    # Wide ones first: no bytes between them are lost.
    Column("timestamp_ms", BigInteger, nullable=False),
    Column("record_offset", BigInteger, nullable=False),
    Column("appended_ms", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    Column("tenant_no", Integer, nullable=False),
    Column("topic_no", Integer, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("event_id", Uuid(as_uuid=False), nullable=False),
    Column("student_id", _ASCII, nullable=False),
    Column("event_text", Text),
    Column("corrected_by", Text),
    Column("value", LargeBinary, nullable=False),
    Index("archived_events_by_student", "tenant_no", "student_id"),
    postgresql_partition_by="RANGE (day)",
)
LETTERS: Final = Table(
    "dead_letters",
    METADATA,
    Column("letter_id", WORD, primary_key=True),
    Column("tenant_id", WORD),
    Column("student_id", WORD),
    Column("status", _ASCII, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("dead_letters_by_status", "status", "tenant_id"),
    Index("dead_letters_by_student", "tenant_id", "student_id"),
)
CHAINS: Final = Table(
    "audit_chains",
    METADATA,
    Column("chain", Integer, Identity(always=True), primary_key=True),
    Column("tenant_id", WORD, nullable=False, unique=True),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("day", Integer),
    Column("seal", _ASCII),
)
RECORDS: Final = Table(
    "audit_records",
    METADATA,
    Column("chain", Integer, ForeignKey(CHAINS.c.chain), primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("entry", Text, nullable=False),
)
SUBJECTS: Final = Table(
    "audit_subjects",
    METADATA,
    Column("chain", Integer, ForeignKey(CHAINS.c.chain), primary_key=True, autoincrement=False),
    Column("subject", WORD, primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
)
ERASURES: Final = Table(
    "erasures",
    METADATA,
    Column("student", _ASCII, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", _ASCII, primary_key=True),
    Column("tenant_id", _ASCII, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor", _ASCII),
)
TENANTS: Final = Table(
    "tenants",
    METADATA,
    Column("tenant_id", _ASCII, primary_key=True),
    Column("body", Text, nullable=False),
)
REQUESTS: Final = Table(
    "privacy_requests",
    METADATA,
    Column("request_id", _ASCII, primary_key=True),
    Column("tenant_id", _ASCII, nullable=False),
    Column("kind", _ASCII, nullable=False),
    Column("state", _ASCII, nullable=False),
    Column("subject", _ASCII),
    Column("asked_ms", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("privacy_requests_by_time", "tenant_id", "asked_ms", "request_id"),
    Index("privacy_requests_by_state", "state", "asked_ms"),
)
PRIVACY: Final = Table(
    "tenant_privacy",
    METADATA,
    Column("tenant_id", _ASCII, primary_key=True),
    Column("body", Text, nullable=False),
)
COHORTS: Final = Table(
    "cohorts",
    METADATA,
    Column("tenant_id", WORD, primary_key=True),
    Column("cohort_id", WORD, primary_key=True),
    Column("body", Text, nullable=False),
)
TEACHERS: Final = Table(
    "cohort_teachers",
    METADATA,
    Column("tenant_id", WORD, primary_key=True),
    Column("teacher_id", WORD, primary_key=True),
    Column("cohort_id", WORD, primary_key=True),
    ForeignKeyConstraint(
        ["tenant_id", "cohort_id"], [COHORTS.c.tenant_id, COHORTS.c.cohort_id], ondelete="CASCADE"
    ),
    Index("cohort_teachers_by_cohort", "tenant_id", "cohort_id"),
)
