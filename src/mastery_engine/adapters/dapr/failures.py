"""What a sidecar's errors mean here, and what to do about each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from grpc import StatusCode

from mastery_engine.adapters.dapr.address import DaprAddress
from mastery_engine.adapters.dapr.sidecar import CALL_SECONDS, CallFailed
from mastery_engine.domain.errors import ConfigurationError, DependencyDown, MasteryError

TOKEN_SETTING: Final = "MASTERY_DAPR_API_TOKEN"  # noqa: S105 - its name
_NO_TOKEN: Final = f"refuses the call ({{reason}}); look at {TOKEN_SETTING} or DAPR_API_TOKEN"
_SETTINGS: Final = {
    StatusCode.UNAUTHENTICATED: _NO_TOKEN,
    StatusCode.PERMISSION_DENIED: _NO_TOKEN,
    StatusCode.RESOURCE_EXHAUSTED: "takes no message as large as one of ours ({reason}); "
    "start it with a larger --max-body-size",
    StatusCode.UNIMPLEMENTED: "does not offer that ({reason}); let it offer the API of state, version 1.0",
}
_SILENT: Final = {
    StatusCode.UNAVAILABLE: "does not answer ({reason}); see that it runs there, or look at MASTERY_STORE_URL",
    StatusCode.DEADLINE_EXCEEDED: f"took longer than {CALL_SECONDS:.0f} s; "
    "see whether the Redis of its component {component} answers",
}
_DID_NOT: Final = "did not do it ({code}: {reason}); see its log"
_MISSING: Final = (StatusCode.INVALID_ARGUMENT, StatusCode.FAILED_PRECONDITION, StatusCode.NOT_FOUND)
_NO_COMPONENT: Final = ("is not found", "not configured")
_LONGEST: Final = 200
_FIRST_WRITE: Final = "failed to set key"
_DISCARDED: Final = "EXECABORT"


def meaning(
    failed: CallFailed, address: DaprAddress, keys: Iterable[str] = (), *, was_there: bool = False
) -> MasteryError:
    """The error as the engine knows it.

    Args:
        failed: The call.
        address: The sidecar and the component.
        keys: Those of the call, which are not to be told.
        was_there: Whether the component has answered this process before.
    """
    where, component = address.shown, address.component
    reason = shortened(failed.details, keys)
    if failed.code in _MISSING and any(words in failed.details for words in _NO_COMPONENT):
        return missing(address, was_there=was_there)
    if failed.code is StatusCode.INTERNAL and _FIRST_WRITE in failed.details:
        return ConfigurationError(
            f"{where}: another program has written a key of ours to {component} with first-write, so that it cannot be "
            "replaced; find the HASH with a field first-write among our keys, and remove that field"
        )
    if _DISCARDED in failed.details:
        return DependencyDown(
            f"{where}: the Redis of its component {component} takes no writes; see whether it is full, or a replica"
        )
    if failed.code in _SETTINGS:
        return ConfigurationError(f"{where} {_SETTINGS[failed.code].format(reason=reason)}")
    words = _SILENT.get(failed.code, _DID_NOT)
    return DependencyDown(
        f"{where} {words.format(reason=reason, code=failed.code.name, component=component)}"
    )


def unknown_outcome(address: DaprAddress, details: str, keys: Iterable[str]) -> DependencyDown:
    """Of some writes nobody knows whether they were done."""
    return DependencyDown(
        f"{address.shown}: some writes may have failed ({shortened(details, keys)}); trying again"
    )


def wrong_type(address: DaprAddress, kind: str, known: str) -> ConfigurationError:
    """The component is of another type than the one whose ways with versions are known."""
    return ConfigurationError(
        f"{address.shown}: the component {address.component} is {kind}, and only {known} is known here; name another one"
    )


def missing(address: DaprAddress, *, was_there: bool) -> MasteryError:
    """The sidecar has no such component; one that was there is waited for, as its sidecar may be starting again."""
    kind = DependencyDown if was_there else ConfigurationError
    return kind(
        f"{address.shown} has no state store named {address.component}; look at MASTERY_STORE_URL and at the component's "
        "scopes, or restart the sidecar if the component's Redis was down when it started"
    )


def shortened(details: str, keys: Iterable[str] = ()) -> str:
    """The first line of an error, without the keys that it may tell."""
    line = details.partition("\n")[0]
    for key in sorted(keys, key=len, reverse=True):
        line = line.replace(key, "KEY")
    return " ".join(line.split())[:_LONGEST] or "no reason told"
