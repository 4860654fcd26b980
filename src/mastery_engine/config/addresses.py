"""Addresses of servers: which are on this machine, and how they may be shown."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

EMBEDDED_LOG: Final = "embedded"
KAFKA_SCHEME: Final = "kafka://"
POSTGRES_SCHEME: Final = "postgresql://"
REDIS_SCHEMES: Final = tuple(
    f"redis{tls}{kind}://" for tls in ("", "s") for kind in ("", "+sentinel", "+cluster")
)
"""An own primary, one that sentinels name, a cluster; each also by TLS."""
DAPR_SCHEME: Final = "dapr://"
# After a user's name and a colon a password may hold anything, also what it should not: up to the last @.
_USER: Final = re.compile(r"\A([^:/?#@]*:/{0,2})(?:[^/?#:@]*:.*|[^/?#]*)@", re.DOTALL)
_QUERY: Final = re.compile(r"\?.*", re.DOTALL)


def is_loopback(host: str) -> bool:
    """Whether a host, by address or name, is this machine and cannot be reached from another one."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def without_secrets(url: str) -> str:
    """A URL as it may be shown: without user, password and whatever its query holds."""
    return _QUERY.sub("?***", _USER.sub(r"\1***@", url))
