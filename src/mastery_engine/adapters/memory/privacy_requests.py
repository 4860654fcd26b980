"""Requests about data in a dictionary."""

from __future__ import annotations

from itertools import islice

from mastery_engine.contracts.privacy_request import PrivacyRequest, RequestKind, RequestState
from mastery_engine.ports import OpenRequests


class MemoryPrivacyRequests:
    """Requests by id."""

    def __init__(self) -> None:
        """Start empty."""
        self._requests: dict[str, PrivacyRequest] = {}

    async def add(self, request: PrivacyRequest) -> bool:
        return self._requests.setdefault(request.request_id, request) is request

    async def get(self, request_id: str) -> PrivacyRequest | None:
        return self._requests.get(request_id)

    async def replace(self, request: PrivacyRequest, expected: PrivacyRequest) -> bool:
        if self._requests.get(request.request_id) != expected:
            return False
        self._requests[request.request_id] = request
        return True

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
    ) -> list[PrivacyRequest]:
        found = (
            one
            for one in sorted(self._requests.values(), key=_place, reverse=newest_first)
            if tenant_id in {None, one.tenant_id}
            and kind in {None, one.kind}
            and state in {None, one.state}
            and subject in {None, one.subject}
            and (after is None or (_place(one) < after if newest_first else _place(one) > after))
        )
        return list(islice(found, limit))

    async def open_requests(self) -> list[OpenRequests]:
        asked: dict[RequestKind, list[int]] = {}
        for one in self._requests.values():
            if one.state == "open":
                asked.setdefault(one.kind, []).append(one.asked_ms)
        return [OpenRequests(kind, len(times), min(times)) for kind, times in sorted(asked.items())]

    async def close(self) -> None:
        return


def _place(request: PrivacyRequest) -> tuple[int, str]:
    return request.asked_ms, request.request_id
