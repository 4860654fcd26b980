"""Whether a server may be trusted with a state."""

from __future__ import annotations

from typing import Any, Final

from redis.exceptions import NoPermissionError

from mastery_engine.adapters.redis.servers import Servers
from mastery_engine.domain.errors import ConfigurationError, DependencyDown
from mastery_engine.ports import Clock

MOST_SKEW_MS: Final = 60_000
"""Times to live are counted from this machine's clock, and end by the server's."""
_KEEPS_EVERYTHING: Final = "noeviction"


async def check_server(servers: Servers, clock: Clock, where: str, setting: str) -> str | None:
    """See that it answers, keeps what it is given, and knows what time it is.

    Returns:
        Why it may lose what it has answered, when it is killed or its machine goes down; None if it does not, or does not say.

    Args:
        servers: Asked.
        clock: Of this machine.
        where: The servers as they may be shown.
        setting: Variable that names them.

    Raises:
        RedisError: It does not answer, or refuses.
        ConfigurationError: It removes keys when its memory is full.
        DependencyDown: It takes no writes, or its clock or ours is wrong.
    """
    skew = abs(await servers.time_ms() - clock.now_ms())
    if skew > MOST_SKEW_MS:
        raise DependencyDown(
            f"the clock of {where} and this machine's are {skew / 1_000:,.0f} s apart; set them, by NTP for instance"
        )
    try:
        told = await servers.info()
    except NoPermissionError:
        # A user of an ACL may be without that right; it folds all the same.
        return None
    reasons = [_check(one, where, setting) for one in told]
    return next(filter(None, reasons), None)


def _check(info: dict[str, Any], where: str, setting: str) -> str | None:
    policy = info.get("maxmemory_policy", _KEEPS_EVERYTHING)
    if policy != _KEEPS_EVERYTHING:
        raise ConfigurationError(
            f"{where} removes keys when its memory is full (maxmemory-policy {policy}), and students with them; "
            f"set it to {_KEEPS_EVERYTHING}, or name another server in {setting}"
        )
    if info.get("role") == "slave":
        raise DependencyDown(f"{where} is a replica and takes no writes; name the primary, or its sentinels")
    if info.get("loading"):
        raise DependencyDown(f"{where} is still reading its data; this passes by itself")
    if info.get("connected_slaves"):
        return None
    if not info.get("aof_enabled", 1):
        return "appendonly is no: set it to yes, with appendfsync always, or have replicas"
    return None
