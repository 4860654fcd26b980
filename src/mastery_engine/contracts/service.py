"""The service about itself."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class ServiceInfo(Struct, frozen=True, kw_only=True):
    """What answers here."""

    name: str
    version: str
    api: str
    openapi: str


class Health(Struct, frozen=True, kw_only=True):
    """The process lives."""

    status: Literal["ok"] = "ok"


class Dependency(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that the service needs; what is degraded it does without for a while, and is slower for it.

    Attributes:
        reason: Why it is degraded; in production, where the reason is told.
        since: When this process saw it degraded first, without a break until now.
    """

    name: str
    status: Literal["up", "degraded"]
    reason: str | None = None
    since: str | None = None


class Readiness(Struct, frozen=True, kw_only=True):
    """Everything that the service needs answers.

    Attributes:
        lag: Events in the log that are still to be folded, or of an archiver to be archived; null where nobody can tell.
    """

    status: Literal["ready"]
    dependencies: tuple[Dependency, ...]
    lag: int | None
