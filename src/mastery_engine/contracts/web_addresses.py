"""Networks and origins, as settings name them."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_ORIGIN: Final = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?")
_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~-]{1,100}){0,10}")
_ALREADY_SAID: Final = (("http://", ":80"), ("https://", ":443"))


def network(text: str) -> Network:
    """A network, from `10.0.0.0/8` or one address.

    Raises:
        ValueError: It is none, or an address in a network where the network was to be named, or that of all addresses.
    """
    try:
        found = ipaddress.ip_network(text)
    except ValueError:
        raise ValueError(f"{text!r} is no network; write it like 10.0.0.0/8, or one address") from None
    if found.prefixlen == 0:
        raise ValueError(f"{text!r} is everybody; name the network of those who are meant, like 10.0.0.0/8")
    return found


def origin(text: str) -> str:
    """An origin as a browser writes it: scheme, host in lower case, and the port where it is not the scheme's own.

    Raises:
        ValueError: It is none, or a pattern.
    """
    usual = any(text.startswith(scheme) and text.endswith(port) for scheme, port in _ALREADY_SAID)
    if usual or _ORIGIN.fullmatch(text) is None:
        raise ValueError(
            f"{text!r} is no origin; write each one like https://school.example, no * and no path"
        )
    return text


def public_address(text: str) -> str:
    """An address of a service, which an origin begins and a path may end; without a slash at its end, or nothing.

    Raises:
        ValueError: It is none. What was given is not told: it may hold a password.
    """
    address = text.rstrip("/")
    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    try:
        origin(f"{scheme}://{host}")
    except ValueError:
        host = ""
    if address and (not host or _PATH.fullmatch(slash + path) is None):
        raise ValueError(
            "is no address of a service; write it like https://mastery.school.example or https://school.example/mastery, "
            "the host in lower case, without user, query, fragment and the scheme's own port"
        )
    return address
