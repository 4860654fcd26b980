"""Who really asks, where proxies stand before the service: believed of those that the settings name, and of nobody else."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final, final

from mastery_engine.api.asgi import App, Receive, Scope, Send
from mastery_engine.contracts.web_addresses import Address, Network

_FOR: Final = b"x-forwarded-for"
_PROTO: Final = b"x-forwarded-proto"
_SCHEMES: Final = frozenset({"http", "https"})


@final
class Proxies:
    """Puts in the place of a trusted proxy the caller that it names, and how that one came to it.

    Each proxy adds whom it was asked by at the end of `X-Forwarded-For`, so the list is read from its end, for as long as
    whoever has written the entry is trusted. What stands before that, anybody may have written.
    """

    def __init__(self, app: App, trusted: Sequence[Network]) -> None:
        """Wrap an application.

        Args:
            app: What answers.
            trusted: Networks of the proxies.
        """
        self._app = app
        self._trusted = tuple(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        client: tuple[str, int] | None = scope.get("client")
        if scope["type"] == "http" and client is not None and self._trusts(_address(client[0])):
            hops = _listed(scope, _FOR)
            came, known = client[0], 0
            for hop in reversed(hops):
                address = _address(hop)
                if address is None:
                    break
                came, known = str(address), known + 1
                if not self._trusts(address):
                    break
            scope = {**scope, "client": (came, 0 if known else client[1])}
            scheme = _scheme(_listed(scope, _PROTO), len(hops), known)
            if scheme is not None:
                scope["scheme"] = scheme
        await self._app(scope, receive, send)

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(
            address.version == network.version and address in network for network in self._trusted
        )


def _listed(scope: Scope, name: bytes) -> list[str]:
    """The entries of a header that may stand more than once, in their order."""
    lines = (value.decode("latin-1") for one, value in scope["headers"] if one == name)
    return [entry.strip() for line in lines for entry in line.split(",")]


def _scheme(told: list[str], hops: int, known: int) -> str | None:
    """How the caller came to the proxy that named it; where only one scheme is told, that is the nearest proxy's word."""
    if not told:
        return None
    at = known if known and len(told) == hops else 1
    scheme = told[-at].lower()
    return scheme if scheme in _SCHEMES else None


def _address(text: str) -> Address | None:
    """An address, with a port or without, as proxies write it."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
