"""Requests of persons and schools about the data held on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from mastery_engine.contracts.privacy_request import PrivacyRequest, RequestKind, RequestState


class OpenRequests(NamedTuple):
    """Requests of a kind that are not done.

    Attributes:
        number: How many.
        oldest_ms: When the oldest of them was asked for.
    """

    kind: RequestKind
    number: int
    oldest_ms: int


class PrivacyRequests(Protocol):
    """Requests by id, kept for good: they know students and those who ask by keyed hashes alone."""

    async def add(self, request: PrivacyRequest) -> bool:
        """Keep a new request; False, and nothing changed, if its id is there already."""
        ...

    async def get(self, request_id: str) -> PrivacyRequest | None:
        """The request of that id, of whatever tenant."""
        ...

    async def replace(self, request: PrivacyRequest, expected: PrivacyRequest) -> bool:
        """Put `request` in place of `expected` (same id); False if it is no longer like that."""
        ...

    async def find(
        self,
        *,
        tenant_id: str | None = None,
        kind: RequestKind | None = None,
        state: RequestState | None = None,
        subject: str | None = None,
        after: tuple[int, str] | None = None,
        newest_first: bool = False,
        limit: int = 100,
    ) -> Sequence[PrivacyRequest]:
        """Requests in the order of (asked_ms, request_id), or against it; None of a filter means any.

        Args:
            tenant_id: Of this tenant.
            kind: Of this kind.
            state: In this state.
            subject: About this student.
            after: The place behind which to begin, in the order asked for.
            newest_first: Whether the order is turned round.
            limit: Most of them.
        """
        ...

    async def open_requests(self) -> list[OpenRequests]:
        """What is open, by kind, over all tenants; kinds without any are not in it."""
        ...

    async def close(self) -> None:
        """Let go of everything; idempotent."""
        ...
