"""The service about itself; these need no token."""

from __future__ import annotations

from mastery_engine.client.call import Call, enveloped
from mastery_engine.contracts.service import Health, Readiness, ServiceInfo


def info() -> Call[ServiceInfo]:
    """What answers there."""
    return Call("GET", "/", enveloped(ServiceInfo))


def health() -> Call[Health]:
    """Whether the process lives."""
    return Call("GET", "/health", enveloped(Health))


def ready() -> Call[Readiness]:
    """Whether all that it needs answers, else DependencyDown is raised after the usual tries."""
    return Call("GET", "/ready", enveloped(Readiness))
