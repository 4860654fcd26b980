"""Who may come in by the doors that are for the Dapr sidecar only."""

from __future__ import annotations

import ipaddress
from hmac import compare_digest
from typing import Final

from fastapi import Request

from mastery_engine.api.errors import Refusal, no_such_route
from mastery_engine.api.parts import parts_of
from mastery_engine.bootstrap.dapr_doors import doors_of

HEADER: Final = "dapr-api-token"
CHALLENGE: Final = 'DaprApiToken realm="mastery-engine"'


async def check_sidecar(request: Request) -> None:
    """Refuse who is not the sidecar; where nobody could be, as if there were no such route.

    Raises:
        Refusal: The token is not the sidecar's; or none is set, and the caller is elsewhere or this is production.
    """
    if doors_of(parts_of(request).engine.settings) == "closed":
        raise no_such_route()
    await check_bringer(request)


async def check_bringer(request: Request) -> None:
    """The same, refusing as if the token were wrong: what is answered with 404, a sidecar takes as done and drops."""
    settings = parts_of(request).engine.settings
    if settings.dapr_app_token is not None:
        given = request.headers.getlist(HEADER)
        known = settings.dapr_app_token.get_secret_value().encode()
        is_sidecar = len(given) == 1 and compare_digest(given[0].encode("latin-1"), known)
    else:
        # A page that a browser on this machine shows has an origin, whatever name it has got this address under.
        is_here = _is_of_this_machine(request) and "origin" not in request.headers
        is_sidecar = doors_of(settings) == "machine" and is_here
    if not is_sidecar:
        raise Refusal(
            "AUTH_ERROR", "this route is for the Dapr sidecar", headers={"WWW-Authenticate": CHALLENGE}
        )


def _is_of_this_machine(request: Request) -> bool:
    try:
        address = ipaddress.ip_address(request.client.host if request.client else "")
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
