"""Requests of persons and schools about their data."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0006"
down_revision: Final = "0005"

_WORD: Final = sa.Text(collation="C")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "privacy_requests",
        sa.Column("request_id", _WORD, primary_key=True),
        sa.Column("tenant_id", _WORD, nullable=False),
        sa.Column("kind", _WORD, nullable=False),
        sa.Column("state", _WORD, nullable=False),
        sa.Column("subject", _WORD),
        sa.Column("asked_ms", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        # A hash, and never an id.
        sa.CheckConstraint("subject ~ '^[0-9a-f]{32}$'", "privacy_requests_hold_hashes"),
    )
    op.create_index("privacy_requests_by_time", "privacy_requests", ["tenant_id", "asked_ms", "request_id"])
    op.create_index("privacy_requests_by_state", "privacy_requests", ["state", "asked_ms"])
