"""Statements of the archive."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ARRAY, Integer, Select, Text, bindparam, cast, column, func, literal, select, text
from sqlalchemy.dialects.postgresql import insert

from mastery_engine.adapters.postgres.archive_rows import EPOCH
from mastery_engine.adapters.postgres.tables import EVENTS, IDS
from mastery_engine.ports import ArchivedEvent

LONG_SECONDS: Final = 600
"""Of the first rows of a whole tenant, which are sorted first; and of a day that is dropped."""

# A day's partition cannot be dropped before the transaction ends; the parent alone is locked, not each of its days.
HOLD: Final = text("LOCK TABLE ONLY archived_events IN ROW EXCLUSIVE MODE")
PARTS: Final = text(
    "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
    "WHERE inhparent = CAST('archived_events' AS regclass) AND relname = ANY(:parts)"
)
OLD_DAYS: Final = text(
    "SELECT to_date(right(relname, 8), 'YYYYMMDD') AS day FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
    "WHERE inhparent = CAST('archived_events' AS regclass) AND right(relname, 8) < to_char(CAST(:day AS date), 'YYYYMMDD') "
    "ORDER BY 1"
)
# From one student to the next in the index; the events of each are leapt over.
STUDENTS: Final = text(
    "WITH RECURSIVE one(student_id) AS ("
    "(SELECT student_id FROM archived_ids WHERE tenant_no = :tenant_no ORDER BY student_id LIMIT 1) UNION ALL "
    "SELECT (SELECT ids.student_id FROM archived_ids AS ids WHERE ids.tenant_no = :tenant_no "
    "AND ids.student_id > one.student_id ORDER BY ids.student_id LIMIT 1) FROM one WHERE one.student_id IS NOT NULL) "
    "SELECT student_id FROM one WHERE student_id IS NOT NULL"
)
LONG: Final = text(
    f"SELECT set_config('statement_timeout', '{LONG_SECONDS}s', true), "
    "set_config('idle_in_transaction_session_timeout', '0', true), "
    "set_config('cursor_tuple_fraction', '1', true), set_config('work_mem', '64MB', true)"
)
# Numbers and UUIDs go as one text each, which costs a tenth of a list.
_BATCH: Final = (
    func.unnest(
        cast(bindparam("tenants", type_=Text), ARRAY(Integer)),
        bindparam("students", type_=ARRAY(Text)),
        cast(bindparam("ids", type_=Text), ARRAY(IDS.c.event_id.type)),
        cast(bindparam("days", type_=Text), ARRAY(Integer)),
    )
    .table_valued(
        column("tenant_no", Integer),
        column("student_id", Text),
        column("event_id", IDS.c.event_id.type),
        column("day", Integer),
        with_ordinality="place",
    )
    .render_derived(name="batch")
)
CLAIM: Final = (
    insert(IDS)
    .from_select(
        [IDS.c.tenant_no, IDS.c.student_id, IDS.c.event_id, IDS.c.day],
        # In one order by all writers, so that no two wait for each other.
        select(
            _BATCH.c.tenant_no, _BATCH.c.student_id, _BATCH.c.event_id, literal(EPOCH) + _BATCH.c.day
        ).order_by(_BATCH.c.tenant_no, _BATCH.c.student_id.collate("C"), _BATCH.c.event_id),
    )
    .on_conflict_do_nothing()
    .execution_options(preserve_rowcount=True)
)
CLAIMED: Final[Select[int]] = (
    select(_BATCH.c.place)
    .select_from(_BATCH)
    .join(
        IDS,
        (IDS.c.tenant_no == _BATCH.c.tenant_no)
        & (IDS.c.student_id == _BATCH.c.student_id)
        & (IDS.c.event_id == _BATCH.c.event_id),
    )
    # Rows that this transaction wrote.
    .where(text("archived_ids.xmin = CAST(pg_current_xact_id() AS xid)"))
)


def events() -> Select[*tuple[Any, ...]]:
    """Every column that an event is made of again, of any event."""
    return select(
        cast(EVENTS.c.event_id, Text),
        EVENTS.c.event_text,
        EVENTS.c.student_id,
        EVENTS.c.day - EPOCH,
        EVENTS.c.timestamp_ms,
        EVENTS.c.topic_no,
        EVENTS.c.partition,
        EVENTS.c.record_offset,
        EVENTS.c.appended_ms,
        EVENTS.c.value,
        EVENTS.c.corrected_by,
    )


def archived(rows: Any, tenant_id: str, numbers: dict[str, int]) -> list[ArchivedEvent]:
    """Events of a tenant from rows of `events`, by the numbers of its names."""
    names = {number: name for name, number in numbers.items()}
    return [
        ArchivedEvent(
            tenant_id,
            event_id if event_text is None else event_text,
            student,
            day,
            timestamp,
            names[topic],
            partition,
            offset,
            appended,
            value,
            corrected,
        )
        for event_id, event_text, student, day, timestamp, topic, partition, offset, appended, value, corrected in rows
    ]
