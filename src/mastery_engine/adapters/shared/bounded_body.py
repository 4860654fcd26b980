"""Reading what a foreign server answers: no more than is wanted, and nothing that could grow while it is unpacked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import httpx

UNCOMPRESSED: Final = {"Accept-Encoding": "identity"}
"""Header of the request: a few bytes could become very many before anybody counts them."""


class UnfitBody(Exception):
    """What came is compressed, or longer than it may be; its words say which."""


async def bounded_body(answer: httpx.Response, most_bytes: int) -> bytes:
    """The body of an answer that is read as it comes.

    Args:
        answer: Its head, of a request with `UNCOMPRESSED`.
        most_bytes: Longest body; no more than one part beyond that is ever held.

    Raises:
        UnfitBody: It is compressed all the same, or longer.
    """
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise UnfitBody("compressed")
    body = bytearray()
    async for part in answer.aiter_raw():
        body += part
        if len(body) > most_bytes:
            raise UnfitBody(f"more than {most_bytes} bytes")
    return bytes(body)
