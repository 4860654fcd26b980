"""Bodies: bounded while they stream in, JSON only, and read strictly into the request models."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec
from fastapi import Request

from mastery_engine.api.errors import Refusal
from mastery_engine.contracts.request_fields import Model, model_of
from mastery_engine.contracts.strict_json import decode_strictly
from mastery_engine.domain.errors import InvalidInput, Problem

MOST_BYTES: Final = 1 << 20
MOST_INGEST_BYTES: Final = 5 << 20
MOST_SECONDS: Final = 20.0
"""A body that trickles in would keep a connection and its memory for as long as the sender likes."""
_JSON: Final = "application/json"


class CallerGone(Exception):
    """The caller hung up before the body had come whole; there is nobody to answer."""


async def read_json(request: Request, wanted: str, most_bytes: int = MOST_BYTES) -> object:
    """Read and decode a body; see `read_body`.

    Raises:
        InvalidInput: It is empty, no JSON, or JSON of a kind that is refused.
    """
    return decode_strictly(await read_body(request, most_bytes, wanted))


async def read_body(request: Request, most_bytes: int, wanted: str, known: Sequence[str] = (_JSON,)) -> bytes:
    """Read a body of JSON, or of other media types.

    Args:
        request: Whose body.
        most_bytes: Most bytes; no more than that is ever held.
        wanted: What belongs into it, told to who sends nothing.
        known: Media types that are taken.

    Raises:
        Refusal: The body is too large, too slow, or says that it is no plain JSON.
        InvalidInput: It is empty.
        CallerGone: It did not come whole.
    """
    if not _is_said_to_be_empty(request):
        check_media_type(request, known)
    try:
        async with asyncio.timeout(MOST_SECONDS):
            body = await _read(request, most_bytes)
    except TimeoutError:
        raise too_slow() from None
    if not body:
        rule = f"the body is empty; send {wanted}"
        raise InvalidInput(rule, (Problem("", "", rule),))
    return body


def _is_said_to_be_empty(request: Request) -> bool:
    """Whether neither a body nor a media type was sent: who forgot both is told of the body first."""
    headers = request.headers
    absent = headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers
    return absent and "content-type" not in headers


async def read_model(request: Request, model: type[Model]) -> Model:
    """Read a body into a request model; see `read_json`.

    Raises:
        InvalidInput: Every field that breaks its rule, unknown fields included.
    """
    required = [field.encode_name for field in msgspec.structs.fields(model) if field.required]
    wanted = "a JSON object" + (f" with {', '.join(required)}" if required else ", as in: {}")
    return model_of(await read_json(request, wanted), model)


def check_media_type(
    request: Request, known: Sequence[str] = (_JSON,), *, any_encoding: bool = False
) -> None:
    """Refuse a body that says it is something else.

    Args:
        request: Whose body.
        known: Media types that are taken.
        any_encoding: Pass over `Content-Encoding`.

    Raises:
        Refusal: It says so.
    """
    media_type, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    charset = parameters.strip().replace('"', "")
    encoding = "identity" if any_encoding else request.headers.get("content-encoding", "identity").lower()
    if media_type.strip() not in known or charset not in {"", "charset=utf-8"} or encoding != "identity":
        message = f"send Content-Type: {known[0]}, UTF-8, without Content-Encoding"
        raise Refusal("UNSUPPORTED_MEDIA_TYPE", message)


async def _read(request: Request, most: int) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > most:
        raise too_large(most)
    body = bytearray()
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise CallerGone
        body += message.get("body", b"")
        if len(body) > most:
            raise too_large(most)
        more = message.get("more_body", False)
    return bytes(body)


def too_slow() -> Refusal:
    """The answer to a body that trickles in."""
    message = f"the body did not come within {MOST_SECONDS:g} seconds"
    return Refusal("VALIDATION_ERROR", message, headers={"Connection": "close"})


def too_large(most: int) -> Refusal:
    """The answer to a body of more than so many bytes."""
    return Refusal("PAYLOAD_TOO_LARGE", f"a body has at most {most} bytes here; send less at once")
