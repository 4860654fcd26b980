"""Who sends token after token that does not hold is not looked at for a while."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections import OrderedDict
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final, final

from fastapi import Request

from mastery_engine.adapters.memory import MemoryLimits
from mastery_engine.api.errors import Refusal
from mastery_engine.domain.errors import NotAuthenticated
from mastery_engine.ports import WINDOW_SECONDS, Clock

MOST_KNOWN: Final = 20_000
MOST_ADDRESSES: Final = 20_000
_DIGEST_BYTES: Final = 16
_NETWORK_OF_ONE: Final = 64
"""Bits of an IPv6 address that name who has it; the others are its own to choose."""


@final
class Guessers:
    """Counts tokens that do not hold, by the address that sent them, in this process.

    From an address with too many of them, a token that held before is still taken: a whole school may stand behind one
    address, and one pupil must not lock it out. Others are refused unread until a minute has passed.
    """

    def __init__(self, clock: Clock, most: int) -> None:
        """Nobody has guessed yet.

        Args:
            clock: Its monotonic seconds count.
            most: Most tokens of an address that do not hold, in any 60 seconds.
        """
        self._failures = MemoryLimits(clock, MOST_ADDRESSES)
        self._most = most
        self._key = secrets.token_bytes(_DIGEST_BYTES)
        self._held: OrderedDict[bytes, None] = OrderedDict()

    @contextmanager
    def watched(self, request: Request, token: str) -> Generator[None]:
        """Verify a token within this.

        Raises:
            Refusal: The address has sent too many that did not hold, and this one is not known.
        """
        address = network_of(request)
        known = self._digest(token)
        standing = self._failures.look(address, self._most)
        if not standing.passed and known not in self._held:
            raise Refusal(
                "RATE_LIMITED",
                f"{self._most} tokens from this address did not hold in {WINDOW_SECONDS} seconds; come again later",
                headers={"Retry-After": str(-(-standing.wait_ms // 1_000))},
            )
        try:
            yield
        except NotAuthenticated:
            self._held.pop(known, None)
            self._failures.count(address, self._most)
            raise
        self._held[known] = None
        self._held.move_to_end(known)
        if len(self._held) > MOST_KNOWN:
            self._held.popitem(last=False)

    def _digest(self, token: str) -> bytes:
        # With a key of this process: what is in memory tells nobody a token, nor whether two processes saw the same one.
        return hashlib.blake2b(
            token.encode("utf-8", "replace"), key=self._key, digest_size=_DIGEST_BYTES
        ).digest()


def network_of(request: Request) -> str:
    """The address of the caller; of IPv6 the network that one subscriber has."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), _NETWORK_OF_ONE), strict=False))
