"""A day is dropped with only a moment's lock: the long part locks nobody out of it."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"

_DROP_DAY: Final = """
CREATE OR REPLACE FUNCTION {schema}.archive_drop_day(tenant integer, dropped date) RETURNS bigint
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
  SELECT min(tenant_no), max(tenant_no) INTO first, last FROM {schema}.archived_events WHERE day = dropped;
  IF first IS NULL OR (first = tenant AND last = tenant) THEN
    -- The long part, while others write and read the day as they like.
    DELETE FROM {schema}.archived_ids AS ids USING {schema}.archived_events AS events
      WHERE events.day = dropped AND ids.tenant_no = events.tenant_no
      AND ids.student_id = events.student_id AND ids.event_id = events.event_id;
    BEGIN
      -- Less than what the server waits before it looks for a deadlock: rather this than an add gives way.
      PERFORM set_config('lock_timeout', '500ms', true);
      EXECUTE format('LOCK TABLE %s IN EXCLUSIVE MODE', part);
      SELECT min(tenant_no), max(tenant_no), count(*) INTO first, last, gone
        FROM {schema}.archived_events WHERE day = dropped;
      IF first IS NULL OR (first = tenant AND last = tenant) THEN
        -- The few that came meanwhile.
        DELETE FROM {schema}.archived_ids AS ids USING {schema}.archived_events AS events
          WHERE events.day = dropped AND ids.tenant_no = events.tenant_no
          AND ids.student_id = events.student_id AND ids.event_id = events.event_id;
        EXECUTE format('DROP TABLE %s', part);
        RETURN gone;
      END IF;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      -- Somebody reads all days for long, or writes this one: its rows go now, the empty partition another time.
      NULL;
    END;
  END IF;
  WITH old AS (
    DELETE FROM {schema}.archived_events WHERE day = dropped AND tenant_no = tenant
    RETURNING tenant_no, student_id, event_id
  ), old_ids AS (
    DELETE FROM {schema}.archived_ids AS ids USING old
      WHERE ids.tenant_no = old.tenant_no AND ids.student_id = old.student_id AND ids.event_id = old.event_id
  )
  SELECT count(*) INTO gone FROM old;
  RETURN gone;
END
$function$
"""


def upgrade() -> None:
    """Put the function in the place of the older one; who may call it stays."""
    name: str = op.get_bind().execute(sa.text("SELECT current_schema()")).scalar_one()
    schema = '"' + name.replace('"', '""') + '"'
    literal = "'" + name.replace("'", "''") + "'"
    op.execute(sa.text(_DROP_DAY.format(schema=schema, literal=literal).replace(":", r"\:")))
