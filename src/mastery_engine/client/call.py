"""A call as data: what is sent, and what its answer is. Nothing here sends anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Generic, Literal, Protocol, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Struct

Data = TypeVar("Data")
Data_co = TypeVar("Data_co", covariant=True)
Item_co = TypeVar("Item_co", covariant=True)
Method = Literal["GET", "POST", "PUT", "DELETE"]
JSON: Final = "application/json"
API: Final = "/api/v1"
POSITION: Final = "X-Mastery-Position"
MOST_ANSWERED: Final = 64 << 20
"""Bytes; far more than any answer in JSON has."""


class _Envelope(Struct, Generic[Data], frozen=True):
    data: Data


@dataclass(frozen=True, slots=True)
class Call(Generic[Data_co]):
    """One call of the API.

    Attributes:
        method: HTTP method.
        path: From the root of the service, with its parameters in place, quoted.
        decode: Makes the answer of the body of a good one.
        query: Parameters after the path; those that are None are left out.
        body: What is sent, already encoded; None sends nothing.
        media_type: Of the body.
        headers: Further ones.
        repeatable: Whether sending it twice does what sending it once does, so that it is sent again where an answer was lost.
        most_bytes: Longest answer that is read, unpacked.
    """

    # Of the rest nothing is shown: it holds students' ids.
    method: Method
    path: str = field(repr=False)
    decode: Callable[[bytes], Data_co]
    query: Mapping[str, str | int | None] = field(default_factory=dict[str, str | int | None], repr=False)
    body: bytes | None = field(default=None, repr=False)
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    repeatable: bool = True
    most_bytes: int = MOST_ANSWERED

    def after(self, cursor: str) -> Call[Data_co]:
        """The same for the page that a cursor leads to."""
        return replace(self, query={**self.query, "cursor": cursor})

    def once(self) -> Call[Data_co]:
        """The same, not sent again where an answer was lost."""
        return replace(self, repeatable=False)


@dataclass(frozen=True, slots=True)
class Reply(Generic[Data_co]):
    """An answer with what stood around it.

    Attributes:
        data: The answer itself.
        status: HTTP status.
        headers: By name in lower case.
    """

    data: Data_co
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


class Paged(Protocol[Item_co]):
    """A part of a list, with whatever stands around it."""

    @property
    def items(self) -> Sequence[Item_co]:
        """In order."""
        ...

    @property
    def next_cursor(self) -> str | None:
        """Leads to the next part; None at the end."""
        ...


def enveloped(kind: Any) -> Callable[[bytes], Any]:
    """What decodes the `data` of an envelope to a type."""
    decoder = msgspec.json.Decoder(_Envelope[kind])
    return lambda body: decoder.decode(body).data


def nothing(body: bytes) -> None:
    """What decodes an answer of which nothing is wanted."""
    del body


def path(template: str, *names: str) -> str:
    """A path of the API, with names in the place of each `{}`."""
    return API + template.format(*(quote(name, safe="") for name in names))


def asking(where: str, asked: Mapping[str, Any], kind: Any, position: str | None = None) -> Call[Any]:
    """A question in a body; what is None is left out.

    Args:
        where: Path below that of the API.
        asked: Fields of the body.
        kind: Type of the answer's `data`.
        position: `position` of an ingest whose events the answer is to rest on.
    """
    body = msgspec.json.encode({name: value for name, value in asked.items() if value is not None})
    headers = {} if position is None else {POSITION: position}
    return Call("POST", API + where, enveloped(kind), body=body, headers=headers)
