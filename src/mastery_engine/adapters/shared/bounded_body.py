"""Reading what a foreign server answers: no more than is wanted, and nothing that could grow while it is unpacked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import httpx

UNCOMPRESSED: Final = {"Accept-Encoding": "identity"}
"""Header of the request: a few bytes could become very many before anybody counts them."""
MOST_PARTS: Final = 1_000
"""Parts cost the same however short they are: as many as bytes would keep the loop from everything else for seconds."""


class UnfitBody(Exception):
    """What came is compressed, longer than it may be, or in pieces that are too many; its words say which."""


async def bounded_body(answer: httpx.Response, most_bytes: int) -> bytes:
    """The body of an answer that is read as it comes.

    Args:
        answer: Its head, of a request with `UNCOMPRESSED`.
        most_bytes: Longest body; no more than one part beyond that is ever held.

    Raises:
        UnfitBody: It is compressed all the same, longer, or in more than `MOST_PARTS` parts.
    """
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise UnfitBody("compressed")
    body = bytearray()
    parts = 0
    async for part in answer.aiter_raw():
        body += part
        parts += 1
        if parts > MOST_PARTS:
            raise UnfitBody(f"more than {MOST_PARTS} parts")
        # What has come already is read without a pause, and no time-out would be heard meanwhile.
        await asyncio.sleep(0)
        if len(body) > most_bytes:
            raise UnfitBody(f"more than {most_bytes} bytes")
    return bytes(body)
