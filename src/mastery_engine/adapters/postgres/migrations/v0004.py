"""Tenants' settings, so that they outlive the state store."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0004"
down_revision: Final = "0003"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "tenants",
        sa.Column("tenant_id", sa.Text(collation="C"), primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )
