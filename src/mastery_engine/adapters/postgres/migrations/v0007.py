"""What schools say of the processing of their students' data."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0007"
down_revision: Final = "0006"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "tenant_privacy",
        sa.Column("tenant_id", sa.Text(collation="C"), primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )
