"""A call as data: what is sent, and what its answer is. Nothing here sends anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Generic, Literal, TypeVar

import msgspec
from msgspec import Struct

Data = TypeVar("Data")
Method = Literal["GET", "POST", "PUT", "DELETE"]
JSON: Final = "application/json"


class _Envelope(Struct, Generic[Data], frozen=True):
    data: Data


@dataclass(frozen=True, slots=True)
class Call(Generic[Data]):
    """One call of the API.

    Attributes:
        method: HTTP method.
        path: With its parameters in place, quoted.
        decode: Makes the answer of the body of a good one.
        query: Parameters after the path; those that are None are left out.
        body: What is sent, already encoded; None sends nothing.
        media_type: Of the body.
        headers: Further ones.
        repeatable: Whether sending it twice does what sending it once does, so that it is sent again where an answer was lost.
    """

    method: Method
    path: str
    decode: Callable[[bytes], Data]
    query: Mapping[str, str | int | None] = field(default_factory=dict[str, str | int | None])
    body: bytes | None = None
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    repeatable: bool = True

    def after(self, cursor: str) -> Call[Data]:
        """The same for the page that a cursor leads to."""
        return replace(self, query={**self.query, "cursor": cursor})


@dataclass(frozen=True, slots=True)
class Reply(Generic[Data]):
    """An answer with what stood around it.

    Attributes:
        data: The answer itself.
        status: HTTP status.
        headers: By name in lower case.
    """

    data: Data
    status: int
    headers: Mapping[str, str]

    @property
    def request_id(self) -> str:
        """Id of the request, as the audit trail and the service's log have it."""
        return self.headers.get("x-request-id", "")

    @property
    def etag(self) -> str | None:
        """What tells this answer from a later one, where the route has it."""
        return self.headers.get("etag")


def enveloped(kind: Any) -> Callable[[bytes], Any]:
    """What decodes the `data` of an envelope to a type."""
    decoder = msgspec.json.Decoder(_Envelope[kind])
    return lambda body: decoder.decode(body).data


def nothing(body: bytes) -> None:
    """What decodes an answer of which nothing is wanted."""
    del body
