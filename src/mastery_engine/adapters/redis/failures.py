"""What Redis's errors mean here, and what to do about each."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from redis import exceptions as errors

from mastery_engine.domain.errors import ConfigurationError, DependencyDown, MasteryError

# What an answer begins with; what follows it may tell keys, and with them students.
_ADVICE: Final = {
    "OOM": "is out of memory; give it more (maxmemory), or make room",
    "READONLY": "is a replica and takes no writes; name the primary, or its sentinels",
    "LOADING": "is still reading its data; this passes by itself",
    "MASTERDOWN": "is a replica that has lost its primary",
    "MISCONF": "cannot write its files and takes no changes; look at its disk and its log",
    "BUSY": "is busy with a script; this passes by itself, or look at its log",
    "CLUSTERDOWN": "is a cluster with slots that nobody serves",
    "NOREPLICAS": "has too few replicas for its own settings",
    "TRYAGAIN": "is moving slots; this passes by itself",
    "UNBLOCKED": "changed its role meanwhile",
}
_SETTINGS: Final = {
    "NOAUTH": "wants a password",
    "Authentication required": "wants a password",
    "WRONGPASS": "refuses user or password",
    "NOPERM": "does not let this user do that; it needs ~* +@read +@write +@scripting +@connection +wait +time +info",
    "DB index is out of range": "has no database of that number",
    "invalid DB index": "has no database of that number",
    "SELECT is not allowed in cluster mode": "is a cluster; write redis+cluster://",
    "This instance has cluster support disabled": "is no cluster; write redis://",
    "MOVED": "is a cluster; write redis+cluster://",
    "CROSSSLOT": "is a cluster; write redis+cluster://",
    "invalid username-password pair": "refuses user or password",
    "Client sent AUTH, but no password is set": "has no password, and one is given",
    "AUTH <password> called without any password": "has no password, and one is given",
    "Cluster mode is not enabled": "is no cluster; write redis://",
}
_LONGEST: Final = 200


@contextmanager
def redis_errors(where: str, setting: str) -> Generator[None]:
    """Turn what the outside did into our errors; a mistake of our own passes as it is.

    Args:
        where: The server as it may be shown.
        setting: Variable that names it.

    Raises:
        DependencyDown: It is silent, refuses for now, or did not do it.
        ConfigurationError: A setting is to blame.
    """
    try:
        yield
    except (errors.RedisError, errors.RedisClusterException) as error:
        raise meaning(error, where, setting) from None
    except (OSError, TimeoutError) as error:
        raise DependencyDown(
            f"{where} does not answer ({_reason(error)}); see that it runs there, or look at {setting}"
        ) from None


def meaning(error: Exception, where: str, setting: str) -> MasteryError:
    """The error as the engine knows it."""
    text = str(error)
    for sign, words in _SETTINGS.items():
        if sign in text or _begins(error, sign):
            return ConfigurationError(f"{where} {words}; look at {setting}")
    for sign, words in _ADVICE.items():
        if sign in text or _begins(error, sign):
            return DependencyDown(f"{where} {words}")
    match error:
        case errors.AuthenticationError():
            return ConfigurationError(f"{where} refuses user or password; look at {setting}")
        case errors.MaxConnectionsError():
            return DependencyDown(f"{where}: every connection of this process is busy; try again")
        case errors.ConnectionError() | errors.TimeoutError() | errors.RedisClusterException():
            return DependencyDown(
                f"{where} does not answer ({_reason(error)}); see that it runs there, or look at {setting}"
            )
        case _:
            return DependencyDown(f"{where} did not do it ({type(error).__name__})")


def _begins(error: Exception, sign: str) -> bool:
    """The client takes the first word off some answers and makes a class of it."""
    classes = {
        "OOM": errors.OutOfMemoryError,
        "READONLY": errors.ReadOnlyError,
        "LOADING": errors.BusyLoadingError,
        "MASTERDOWN": errors.MasterDownError,
        "CLUSTERDOWN": errors.ClusterDownError,
        "TRYAGAIN": errors.TryAgainError,
        "NOPERM": errors.NoPermissionError,
        "MOVED": errors.MovedError,
        "CROSSSLOT": errors.ClusterCrossSlotError,
    }
    return sign in classes and isinstance(error, classes[sign])


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:_LONGEST] or type(error).__name__
