"""Who may do what to whom, as data: roles, actions, and the one table of relations between them."""

from __future__ import annotations

from typing import Final, Literal

Role = Literal["student", "teacher", "admin", "service", "operator"]
ROLES: Final[tuple[Role, ...]] = ("student", "teacher", "admin", "service", "operator")
Relation = Literal["own", "taught", "tenant"]
Action = Literal[
    "mastery.read",
    "mastery.calculate",
    "mastery.follow",
    "history.read",
    "forecast.read",
    "recommendations.read",
    "cohort.compare",
    "cohorts.write",
    "batch.read",
    "events.ingest",
    "results.export",
    "replay.run",
    "jobs.read",
    "jobs.cancel",
    "cohorts.read",
    "dead_letters.read",
    "dead_letters.write",
    "archive.drop",
    "tenants.read",
    "tenants.write",
    "backup.create",
    "backup.restore",
    "audit.read",
    "audit.verify",
    "accesses.read",
    "tokens.revoke",
    "student.export",
    "tenant.export",
    "restriction.write",
    "privacy.erase",
    "privacy.erase_tenant",
    "privacy.read",
    "privacy.lift",
]

_OPERATIONS: Final[dict[Role, Relation]] = {"admin": "tenant", "operator": "tenant"}
_READS: Final[dict[Role, Relation]] = {"student": "own", "teacher": "taught", **_OPERATIONS}
TABLE: Final[dict[Action, dict[Role, Relation]]] = {
    "mastery.read": _READS,
    "mastery.calculate": {**_READS, "service": "tenant"},
    "mastery.follow": _READS,
    "history.read": _READS,
    "forecast.read": _READS,
    "recommendations.read": _READS,
    "cohort.compare": _READS,
    "batch.read": {"teacher": "taught", **_OPERATIONS},
    "events.ingest": {"service": "tenant", **_OPERATIONS},
    "results.export": _OPERATIONS,
    "replay.run": _OPERATIONS,
    # Beside the relation: one's own jobs, an admin those of the tenant (engine/jobs).
    "jobs.read": _READS,
    "jobs.cancel": _READS,
    "cohorts.read": {"teacher": "taught", **_OPERATIONS},
    "cohorts.write": _OPERATIONS,
    "dead_letters.read": _OPERATIONS,
    "dead_letters.write": _OPERATIONS,
    "archive.drop": _OPERATIONS,
    "tenants.read": _OPERATIONS,
    "tenants.write": {"operator": "tenant"},
    "backup.create": {"operator": "tenant"},
    "backup.restore": {"operator": "tenant"},
    "audit.read": _OPERATIONS,
    "audit.verify": _OPERATIONS,
    "accesses.read": {"student": "own", **_OPERATIONS},
    "tokens.revoke": _OPERATIONS,
    "student.export": {"student": "own", **_OPERATIONS},
    "tenant.export": {"operator": "tenant"},
    "restriction.write": _OPERATIONS,
    "privacy.erase": _OPERATIONS,
    "privacy.erase_tenant": {"operator": "tenant"},
    "privacy.read": _OPERATIONS,
    "privacy.lift": _OPERATIONS,
}
"""By action and role: the relation to a student that is needed; a role not named may not use the action."""

DESPITE_RESTRICTION: Final[frozenset[Action]] = frozenset(
    {
        "events.ingest",
        "replay.run",
        "jobs.cancel",
        "tokens.revoke",
        "cohorts.read",
        "cohorts.write",
        "dead_letters.read",
        "dead_letters.write",
        "archive.drop",
        "tenants.read",
        "tenants.write",
        "backup.create",
        "backup.restore",
        "audit.read",
        "audit.verify",
        "accesses.read",
        "student.export",
        "tenant.export",
        "restriction.write",
        "privacy.erase",
        "privacy.erase_tenant",
        "privacy.read",
        "privacy.lift",
    }
)
"""Actions that tell nobody a result. For all others a restricted student is there for nobody but themselves."""

DESPITE_ERASURE: Final[frozenset[Action]] = DESPITE_RESTRICTION - {"student.export"}
"""Those that go on between the asking for a student's erasure and its end: whatever else shows the student is shut at once."""
