"""Schools as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from mastery_engine.contracts.tenant import Tenant
from mastery_engine.contracts.tenant_privacy import TenantPrivacy
from mastery_engine.domain.calendar import moment_of


def tenants_table(found: Sequence[Tenant]) -> Table:
    """A list."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("School", "Retention", "Time zone", "Formula", "Made"):
        table.add_column(name)
    for tenant in found:
        retention = "none" if tenant.retention_days is None else f"{tenant.retention_days} days"
        made = moment_of(tenant.created_ms).date().isoformat() if tenant.created_ms else "always there"
        table.add_row(tenant.tenant_id, retention, tenant.time_zone, tenant.formula, made)
    return table


def privacy_view(privacy: TenantPrivacy) -> Table:
    """What a school says of the processing of its students' data."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    rows = {
        "Legal basis": privacy.legal_basis.replace("_", " "),
        "Purposes": "\n".join(privacy.purposes),
        "Controller": privacy.controller or "not told",
        "Data protection officer": privacy.dpo or "not told",
    }
    for name, value in rows.items():
        table.add_row(name, Text(value))
    return table
