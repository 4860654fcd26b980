"""Exports of all that is held; imported where somebody asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastery_engine.engine.holdings import ExportPorts, Holdings
from mastery_engine.engine.student_export import StudentExports
from mastery_engine.engine.tenant_export import TenantExports

if TYPE_CHECKING:
    from mastery_engine.bootstrap.use_cases import UseCases


def student_exports_of(cases: UseCases) -> StudentExports:
    """Exports of an engine's students."""
    return StudentExports(
        export_ports(cases), cases.tenants, holdings_of(cases), cases.access, cases.pseudonyms
    )


def tenant_exports_of(cases: UseCases) -> TenantExports:
    """Exports of an engine's schools."""
    return TenantExports(
        export_ports(cases),
        cases.tenants,
        cases.settings_of_tenants,
        holdings_of(cases),
        cases.access,
        cases.pseudonyms,
    )


def holdings_of(cases: UseCases) -> Holdings:
    """What an engine holds on its students."""
    return Holdings(export_ports(cases), cases.settings_of_tenants, cases.choice, cases.pseudonyms)


def export_ports(cases: UseCases) -> ExportPorts:
    """Where an engine holds something on its students."""
    ours = cases.adapters
    return ExportPorts(
        store=ours.store,
        archive=ours.archive,
        dead_letters=ours.dead_letters,
        audit=ours.audit,
        rosters=ours.rosters,
        requests=ours.privacy_requests,
        clock=ours.clock,
    )
