"""Exports of all that is held; imported where somebody asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastery_engine.engine.holdings import ExportPorts, Holdings
from mastery_engine.engine.student_export import StudentExports
from mastery_engine.engine.tenant_export import TenantExports

if TYPE_CHECKING:
    from mastery_engine.bootstrap.engine import Engine


def student_exports_of(engine: Engine) -> StudentExports:
    """Exports of an engine's students."""
    return StudentExports(
        export_ports(engine), engine.tenants, holdings_of(engine), engine.access, engine.pseudonyms
    )


def tenant_exports_of(engine: Engine) -> TenantExports:
    """Exports of an engine's schools."""
    return TenantExports(
        export_ports(engine),
        engine.tenants,
        engine.settings_of_tenants,
        holdings_of(engine),
        engine.access,
        engine.pseudonyms,
    )


def holdings_of(engine: Engine) -> Holdings:
    """What an engine holds on its students."""
    return Holdings(export_ports(engine), engine.settings_of_tenants, engine.choice, engine.pseudonyms)


def export_ports(engine: Engine) -> ExportPorts:
    """Where an engine holds something on its students."""
    ours = engine.adapters
    return ExportPorts(
        store=ours.store,
        archive=ours.archive,
        dead_letters=ours.dead_letters,
        audit=ours.audit,
        rosters=ours.rosters,
        requests=ours.privacy_requests,
        clock=ours.clock,
    )
