"""Requests about data: a row each, beside the erasure ledger."""

from __future__ import annotations

import sqlite3
from typing import Final

from mastery_engine.adapters.sqlite.database import Lease
from mastery_engine.adapters.sqlite.rows import Row
from mastery_engine.contracts.privacy_request import (
    PrivacyRequest,
    RequestKind,
    RequestState,
    decode_request,
    encode_request,
)
from mastery_engine.ports import OpenRequests

_INSERT: Final = (
    "INSERT INTO privacy_requests (request_id, tenant_id, kind, state, subject, asked_ms, body) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_UPDATE: Final = (
    "UPDATE privacy_requests SET tenant_id = ?, kind = ?, state = ?, subject = ?, asked_ms = ?, body = ? "
    "WHERE request_id = ?"
)
_OPEN: Final = "SELECT kind, count(*), min(asked_ms) FROM privacy_requests WHERE state = 'open' GROUP BY kind ORDER BY kind"


class SqlitePrivacyRequests(Lease):
    """Requests by id."""

    async def add(self, request: PrivacyRequest) -> bool:
        row = _row(request)
        return await self._database.write(lambda connection: connection.execute(_INSERT, row).rowcount > 0)

    async def get(self, request_id: str) -> PrivacyRequest | None:
        return await self._database.read(lambda connection: _get(connection, request_id))

    async def replace(self, request: PrivacyRequest, expected: PrivacyRequest) -> bool:
        def job(connection: sqlite3.Connection) -> bool:
            if _get(connection, request.request_id) != expected:
                return False
            request_id, *values = _row(request)
            connection.execute(_UPDATE, (*values, request_id))
            return True

        return await self._database.write(job)

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
        conditions = {
            "tenant_id = ?": tenant_id,
            "kind = ?": kind,
            "state = ?": state,
            "subject = ?": subject,
        }
        given: dict[str, object] = {
            condition: value for condition, value in conditions.items() if value is not None
        }
        where, values = list(given), list(given.values())
        if after is not None:
            where.append(f"(asked_ms, request_id) {'<' if newest_first else '>'} (?, ?)")
            values += after
        chosen = f"WHERE {' AND '.join(where)}" if where else ""
        way = "DESC" if newest_first else "ASC"
        select = (
            f"SELECT body FROM privacy_requests {chosen} ORDER BY asked_ms {way}, request_id {way} LIMIT ?"  # noqa: S608
        )
        rows = await self._database.read(
            lambda connection: connection.execute(select, (*values, limit)).fetchall()
        )
        return [decode_request(body) for (body,) in rows]

    async def open_requests(self) -> list[OpenRequests]:
        rows = await self._database.read(lambda connection: connection.execute(_OPEN).fetchall())
        return [OpenRequests(*row) for row in rows]


def _row(request: PrivacyRequest) -> Row:
    return (
        request.request_id,
        request.tenant_id,
        request.kind,
        request.state,
        request.subject,
        request.asked_ms,
        encode_request(request),
    )


def _get(connection: sqlite3.Connection, request_id: str) -> PrivacyRequest | None:
    select = "SELECT body FROM privacy_requests WHERE request_id = ?"
    row = connection.execute(select, (request_id,)).fetchone()
    return None if row is None else decode_request(row[0])
