"""Seals on the ends of the audit chains, and what is searched for beside subjects."""

from __future__ import annotations

import json
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0005"
down_revision: Final = "0004"

_ROWS: Final = 1_000
_READ: Final = sa.text(
    "SELECT chain, sequence, entry FROM audit_records WHERE (chain, sequence) > (:chain, :sequence) "
    "ORDER BY chain, sequence LIMIT :rows"
)
_WRITE: Final = sa.text(
    "INSERT INTO audit_subjects (chain, subject, sequence) VALUES (:chain, :subject, :sequence) ON CONFLICT DO NOTHING"
)


def upgrade() -> None:
    """Add the columns, and the terms of the records that are there."""
    op.add_column("audit_chains", sa.Column("day", sa.Integer))
    op.add_column("audit_chains", sa.Column("seal", sa.Text(collation="C")))
    connection = op.get_bind()
    place = {"chain": -1, "sequence": 0}
    while rows := connection.execute(_READ, {**place, "rows": _ROWS}).all():
        terms = [
            {"chain": chain, "subject": term.replace("\\", "\\\\").replace("\0", "\\0"), "sequence": sequence}
            for chain, sequence, entry in rows
            for term in _terms(json.loads(entry))
        ]
        connection.execute(_WRITE, terms)
        place = {"chain": rows[-1][0], "sequence": rows[-1][1]}


def _terms(entry: dict[str, Any]) -> list[str]:
    told = [f"actor:{entry['actor']}", f"action:{entry['action']}", f"request:{entry['request_id']}"]
    return told if entry["allowed"] else [*told, "refused"]
