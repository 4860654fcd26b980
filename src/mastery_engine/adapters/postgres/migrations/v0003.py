"""The erasure ledger."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0003"
down_revision: Final = "0002"

_WORD: Final = sa.Text(collation="C")
_APPEND_ONLY: Final = """
CREATE FUNCTION {schema}.erasures_are_append_only() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
BEGIN
  RAISE EXCEPTION 'the erasure ledger is append-only' USING ERRCODE = 'restrict_violation';
END
$function$
"""


def upgrade() -> None:
    """Make it."""
    op.create_table(
        "erasures",
        sa.Column("student", _WORD, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", _WORD, primary_key=True),
        sa.Column("tenant_id", _WORD, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("actor", _WORD),
        # Hashes, and never an id.
        sa.CheckConstraint("student ~ '^[0-9a-f]{32}$' AND actor ~ '^[0-9a-f]{32}$'", "erasures_hold_hashes"),
    )
    name: str = op.get_bind().execute(sa.text("SELECT current_schema()")).scalar_one()
    schema = '"' + name.replace('"', '""') + '"'
    op.execute(sa.text(_APPEND_ONLY.format(schema=schema).replace(":", r"\:")))
    op.execute(
        "CREATE TRIGGER erasures_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON erasures "
        "FOR EACH STATEMENT EXECUTE FUNCTION erasures_are_append_only()"
    )
