"""Requests about data: a row each, beside the erasure ledger."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from mastery_engine.adapters.postgres.database import Lease
from mastery_engine.adapters.postgres.tables import REQUESTS
from mastery_engine.contracts.privacy_request import (
    PrivacyRequest,
    RequestKind,
    RequestState,
    decode_request,
    encode_request,
)
from mastery_engine.ports import OpenRequests


class PostgresPrivacyRequests(Lease):
    """Requests by id."""

    async def add(self, request: PrivacyRequest) -> bool:
        adding = insert(REQUESTS).values(_row(request)).on_conflict_do_nothing()
        async with self._database.write() as connection:
            return await connection.scalar(adding.returning(REQUESTS.c.request_id)) is not None

    async def get(self, request_id: str) -> PrivacyRequest | None:
        async with self._database.read() as connection:
            body = await connection.scalar(select(REQUESTS.c.body).where(REQUESTS.c.request_id == request_id))
        return None if body is None else decode_request(body)

    async def replace(self, request: PrivacyRequest, expected: PrivacyRequest) -> bool:
        this = REQUESTS.c.request_id == request.request_id
        async with self._database.write() as connection:
            body = await connection.scalar(select(REQUESTS.c.body).where(this).with_for_update())
            if body is None or decode_request(body) != expected:
                return False
            await connection.execute(update(REQUESTS).where(this).values(_row(request)))
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
        place = (REQUESTS.c.asked_ms, REQUESTS.c.request_id)
        conditions = {"tenant_id": tenant_id, "kind": kind, "state": state, "subject": subject}
        chosen = select(REQUESTS.c.body).where(
            *(REQUESTS.c[name] == value for name, value in conditions.items() if value is not None)
        )
        if after is not None:
            behind = tuple_(*place) < after if newest_first else tuple_(*place) > after
            chosen = chosen.where(behind)
        order = [column.desc() if newest_first else column.asc() for column in place]
        async with self._database.read() as connection:
            bodies = (await connection.scalars(chosen.order_by(*order).limit(limit))).all()
        return [decode_request(body) for body in bodies]

    async def open_requests(self) -> list[OpenRequests]:
        kind = REQUESTS.c.kind
        counted = select(kind, func.count(), func.min(REQUESTS.c.asked_ms)).where(REQUESTS.c.state == "open")
        async with self._database.read() as connection:
            rows = await connection.execute(counted.group_by(kind).order_by(kind))
            return [OpenRequests(cast("RequestKind", row[0]), row[1], row[2]) for row in rows]


def _row(request: PrivacyRequest) -> dict[str, Any]:
    return {
        "request_id": request.request_id,
        "tenant_id": request.tenant_id,
        "kind": request.kind,
        "state": request.state,
        "subject": request.subject,
        "asked_ms": request.asked_ms,
        "body": encode_request(request).decode(),
    }
