"""Bodies: bounded while they stream in, JSON only, and read strictly into the request models."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, Final, TypeVar, cast

import msgspec
from fastapi import Request
from msgspec import Struct

from mastery_engine.api.errors import Refusal
from mastery_engine.contracts.strict_json import decode_strictly
from mastery_engine.domain.errors import InvalidInput, Problem

MOST_BYTES: Final = 1 << 20
MOST_INGEST_BYTES: Final = 5 << 20
MOST_SECONDS: Final = 30.0
"""A body that trickles in would keep a connection and its memory for as long as the sender likes."""
_SHOWN: Final = 100
Model = TypeVar("Model", bound=Struct)


class CallerGone(Exception):
    """The caller hung up before the body had come whole; there is nobody to answer."""


async def read_json(request: Request, most_bytes: int = MOST_BYTES) -> object:
    """Read and decode a body.

    Args:
        request: Whose body.
        most_bytes: Most bytes; no more than that is ever held.

    Raises:
        Refusal: The body is too large, too slow, or says that it is no plain JSON.
        InvalidInput: It is no JSON, or JSON of a kind that is refused.
        CallerGone: It did not come whole.
    """
    _check_media_type(request)
    try:
        async with asyncio.timeout(MOST_SECONDS):
            body = await _read(request, most_bytes)
    except TimeoutError:
        message = f"the body did not come within {MOST_SECONDS:g} seconds"
        raise Refusal("VALIDATION_ERROR", message, headers={"Connection": "close"}) from None
    return decode_strictly(body)


async def read_model(request: Request, model: type[Model]) -> Model:
    """Read a body into a request model; see `read_json`.

    Raises:
        InvalidInput: Every field that breaks its rule, unknown fields included.
    """
    value = await read_json(request)
    if not isinstance(value, dict):
        raise InvalidInput.of(Problem("", _shown(value), "must be a JSON object"))
    problems = tuple(_problems(cast("dict[str, Any]", value), model, ""))
    if problems:
        raise InvalidInput.of(*problems)
    return msgspec.convert(value, model)


def _check_media_type(request: Request) -> None:
    media_type, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    charset = parameters.strip().replace('"', "")
    encoding = request.headers.get("content-encoding", "identity").lower()
    if (
        media_type.strip() != "application/json"
        or charset not in {"", "charset=utf-8"}
        or encoding != "identity"
    ):
        message = "send Content-Type: application/json, UTF-8, without Content-Encoding"
        raise Refusal("UNSUPPORTED_MEDIA_TYPE", message)


async def _read(request: Request, most: int) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > most:
        raise _too_large(most)
    body = bytearray()
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise CallerGone
        body += message.get("body", b"")
        if len(body) > most:
            raise _too_large(most)
        more = message.get("more_body", False)
    return bytes(body)


def _too_large(most: int) -> Refusal:
    return Refusal("PAYLOAD_TOO_LARGE", f"a body has at most {most} bytes here; send less at once")


def _problems(fields: dict[str, Any], model: type[Struct], prefix: str) -> Iterator[Problem]:
    known = {field.encode_name: field for field in msgspec.structs.fields(model)}
    for name, value in fields.items():
        if name not in known:
            yield Problem(
                f"{prefix}{name}"[:_SHOWN], _shown(value), f"is not known; known are {', '.join(known)}"
            )
    for name, field in known.items():
        if name not in fields:
            if field.required:
                yield Problem(f"{prefix}{name}", "absent", "is required")
            continue
        value: object = fields[name]
        inner: object = field.type
        if isinstance(value, dict) and isinstance(inner, type) and issubclass(inner, Struct):
            yield from _problems(cast("dict[str, Any]", value), inner, f"{prefix}{name}.")
            continue
        try:
            msgspec.convert(value, inner)
        except msgspec.ValidationError as error:
            rule = str(error)
            yield Problem(f"{prefix}{name}", _shown(cast("object", value)), rule[0].lower() + rule[1:])


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
