"""The first schema: archive, dead letters, audit trail, rosters."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None

_WORD: Final = sa.Text(collation="C")

# Names are put in with %I, and nothing is looked up on a path that another user could bend.
_MAKE_DAYS: Final = """
CREATE FUNCTION {schema}.archive_make_days(days date[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
  one date;
  part text;
BEGIN
  -- Makers one after another; the lock ends with the transaction.
  PERFORM pg_advisory_xact_lock(1835103092, 1);
  FOREACH one IN ARRAY days LOOP
    part := 'archived_events_' || to_char(one, 'YYYYMMDD');
    IF to_regclass(format('%I.%I', {literal}, part)) IS NULL THEN
      -- Made apart and attached: unlike PARTITION OF, that holds up neither readers nor writers.
      EXECUTE format('CREATE TABLE %1$I.%2$I (LIKE %1$I.archived_events INCLUDING ALL)', {literal}, part);
      EXECUTE format('ALTER TABLE %1$I.archived_events ATTACH PARTITION %1$I.%2$I FOR VALUES FROM (%3$L) TO (%4$L)',
        {literal}, part, one, one + 1);
    END IF;
  END LOOP;
END
$function$
"""
_DROP_DAY: Final = """
CREATE FUNCTION {schema}.archive_drop_day(tenant integer, dropped date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
  part text := format('%I.%I', {literal}, 'archived_events_' || to_char(dropped, 'YYYYMMDD'));
  first integer;
  last integer;
  gone bigint;
BEGIN
  -- Droppers one after another; the lock ends with the transaction.
  PERFORM pg_advisory_xact_lock(1835103092, 2);
  IF to_regclass(part) IS NULL THEN
    RETURN 0;
  END IF;
  BEGIN
    SELECT min(tenant_no), max(tenant_no) INTO first, last FROM {schema}.archived_events WHERE day = dropped;
    IF first IS NULL OR (first = tenant AND last = tenant) THEN
      -- Less than what the server waits before it looks for a deadlock: rather this than an add gives way.
      PERFORM set_config('lock_timeout', '500ms', true);
      EXECUTE format('LOCK TABLE %s IN EXCLUSIVE MODE', part);
      SELECT min(tenant_no), max(tenant_no) INTO first, last FROM {schema}.archived_events WHERE day = dropped;
      IF first IS NULL OR (first = tenant AND last = tenant) THEN
        DELETE FROM {schema}.archived_ids AS ids USING {schema}.archived_events AS events
          WHERE events.day = dropped AND ids.tenant_no = events.tenant_no
          AND ids.student_id = events.student_id AND ids.event_id = events.event_id;
        GET DIAGNOSTICS gone = ROW_COUNT;
        EXECUTE format('DROP TABLE %s', part);
        RETURN gone;
      END IF;
    END IF;
  EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
    -- Somebody reads all days for long, or writes this one: its rows go now, the empty partition another time.
    NULL;
  END;
  WITH old AS (
    DELETE FROM {schema}.archived_events WHERE day = dropped AND tenant_no = tenant
    RETURNING tenant_no, student_id, event_id
  )
  DELETE FROM {schema}.archived_ids AS ids USING old
    WHERE ids.tenant_no = old.tenant_no AND ids.student_id = old.student_id AND ids.event_id = old.event_id;
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END
$function$
"""
_APPEND_ONLY: Final = """
CREATE FUNCTION {schema}.audit_is_append_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
BEGIN
  RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'restrict_violation';
END
$function$
"""


def upgrade() -> None:
    """Make everything."""
    _archive()
    _dead_letters()
    _audit()
    _rosters()
    connection = op.get_bind()
    name: str = connection.execute(sa.text("SELECT current_schema()")).scalar_one()
    schema = '"' + name.replace('"', '""') + '"'
    literal = "'" + name.replace("'", "''") + "'"
    for function in (_MAKE_DAYS, _DROP_DAY, _APPEND_ONLY):
        op.execute(sa.text(function.format(schema=schema, literal=literal).replace(":", r"\:")))
    op.execute("REVOKE ALL ON FUNCTION archive_make_days, archive_drop_day FROM PUBLIC")
    for table in ("audit_records", "audit_subjects"):
        op.execute(
            f"CREATE TRIGGER {table}_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
        )


def _archive() -> None:
    op.create_table(
        "archive_names",
        sa.Column("no", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column("name", _WORD, nullable=False, unique=True),
    )
    op.create_table(
        "archived_ids",
        sa.Column("tenant_no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("student_id", _WORD, primary_key=True),
        sa.Column("event_id", sa.Uuid, primary_key=True),
        sa.Column("day", sa.Date, nullable=False),
    )
    op.create_table(
        "archived_events",
        sa.Column("timestamp_ms", sa.BigInteger, nullable=False),
        sa.Column("record_offset", sa.BigInteger, nullable=False),
        sa.Column("appended_ms", sa.BigInteger, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("tenant_no", sa.Integer, nullable=False),
        sa.Column("topic_no", sa.Integer, nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("student_id", _WORD, nullable=False),
        sa.Column("event_text", sa.Text),
        sa.Column("corrected_by", sa.Text),
        sa.Column("value", sa.LargeBinary, nullable=False),
        postgresql_partition_by="RANGE (day)",
    )
    op.create_index("archived_events_by_student", "archived_events", ["tenant_no", "student_id"])


def _dead_letters() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("letter_id", _WORD, primary_key=True),
        sa.Column("tenant_id", _WORD),
        sa.Column("student_id", _WORD),
        sa.Column("status", _WORD, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("dead_letters_by_status", "dead_letters", ["status", "tenant_id"])
    op.create_index("dead_letters_by_student", "dead_letters", ["tenant_id", "student_id"])


def _audit() -> None:
    op.create_table(
        "audit_chains",
        sa.Column("chain", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column("tenant_id", _WORD, nullable=False, unique=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        # Each append updates its chain's row: in place, where there is room.
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "audit_records",
        sa.Column(
            "chain", sa.Integer, sa.ForeignKey("audit_chains.chain"), primary_key=True, autoincrement=False
        ),
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("previous", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("entry", sa.Text, nullable=False),
    )
    op.create_table(
        "audit_subjects",
        sa.Column(
            "chain", sa.Integer, sa.ForeignKey("audit_chains.chain"), primary_key=True, autoincrement=False
        ),
        sa.Column("subject", _WORD, primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    )


def _rosters() -> None:
    op.create_table(
        "cohorts",
        sa.Column("tenant_id", _WORD, primary_key=True),
        sa.Column("cohort_id", _WORD, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "cohort_teachers",
        sa.Column("tenant_id", _WORD, primary_key=True),
        sa.Column("teacher_id", _WORD, primary_key=True),
        sa.Column("cohort_id", _WORD, primary_key=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "cohort_id"], ["cohorts.tenant_id", "cohorts.cohort_id"], ondelete="CASCADE"
        ),
    )
    op.create_index("cohort_teachers_by_cohort", "cohort_teachers", ["tenant_id", "cohort_id"])
