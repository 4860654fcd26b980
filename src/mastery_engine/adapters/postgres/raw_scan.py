"""Every row of every table, whoever made it: those in which the id stands anywhere are fetched and looked at closely."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select, text

from mastery_engine.adapters.postgres.archive_sql import LONG, LONG_SECONDS
from mastery_engine.adapters.postgres.database import Lease, cut_off, driver_of
from mastery_engine.adapters.postgres.tables import METADATA, NAMES
from mastery_engine.contracts.trace_rows import Mentioned, mentioned_in_row
from mastery_engine.contracts.traces import Person, Traces
from mastery_engine.ports import Leftover

# Parts of a table are read through the whole.
_COLUMNS: Final = text(
    "SELECT relname, attname, atttypid = 'bytea'::regtype FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid "
    "WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition "
    "AND attnum > 0 AND NOT attisdropped ORDER BY relname, attnum"
)
_BATCH: Final = 1_000


class PostgresRawScan(Lease):
    """Scans the schema that the archive is in."""

    async def leftovers(self, traces: Traces) -> list[Leftover]:
        """See `RawScan`."""
        found: Counter[tuple[Person, str, bool]] = Counter()
        async with self._database.stream() as connection:
            driver = await driver_of(connection)
            with cut_off(driver, LONG_SECONDS):
                await connection.execute(LONG)
                tables: dict[str, list[tuple[str, bool]]] = {}
                for table, column, binary in await connection.execute(_COLUMNS):
                    tables.setdefault(table, []).append((column, binary))
                names: dict[int, str] = {}
                for number, name in await connection.execute(select(NAMES.c.no, NAMES.c.name)):
                    names[number] = name  # noqa: PERF403 - a comprehension is told to be `dict()`, which takes no rows
                quote = connection.dialect.identifier_preparer.quote_identifier
            ids = sorted({student_id for _, student_id in traces.people})
            for table, columns in tables.items():
                where = " OR ".join(
                    f"position(convert_to(one, 'UTF8') IN {quote(name)}) > 0"
                    if binary
                    else f"strpos({quote(name)}::text, one) > 0"
                    for name, binary in columns
                )
                # Names of the catalogue, quoted.
                asked = f"SELECT 1 FROM unnest(CAST(:ids AS text[])) AS ids(one) WHERE {where}"  # noqa: S608
                chosen = f"SELECT * FROM {quote(table)} WHERE EXISTS ({asked})"  # noqa: S608
                with cut_off(driver, LONG_SECONDS):
                    rows = await connection.stream(
                        text(chosen).bindparams(ids=ids), execution_options={"max_row_buffer": _BATCH}
                    )
                try:
                    while True:
                        with cut_off(driver, LONG_SECONDS):
                            part: Sequence[Any] = await rows.fetchmany(_BATCH)
                        if not part:
                            break
                        for row in part:
                            # SQLAlchemy's rows know their columns.
                            told = mentioned(table, row._mapping, names, traces)  # noqa: SLF001
                            found.update((person, table, False) for person in told.theirs)
                            found.update((person, table, True) for person in told.elsewhere)
                finally:
                    await rows.close()
        return [
            Leftover(*person, f"postgresql {table}", number, stays)
            for (person, table, stays), number in found.items()
        ]


def mentioned(table: str, row: Mapping[str, Any], names: Mapping[int, str], traces: Traces) -> Mentioned:
    """Whom a row mentions."""
    tenant_id: str | None = row.get("tenant_id") or names.get(row.get("tenant_no", -1))
    return mentioned_in_row(table, row, tenant_id, traces, ours=table in METADATA.tables)
