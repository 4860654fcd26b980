# ruff: noqa: S608 - statements without a value from outside
"""A trail, and what somebody who can write its database but has not the key does to it."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import psycopg

from mastery_engine.adapters.clock import SystemClock
from mastery_engine.adapters.memory import MemoryStateStore
from mastery_engine.adapters.postgres.records import open_postgres
from mastery_engine.adapters.sqlite.home import SqliteHome
from mastery_engine.contracts.audit_chain import FIRST_PREVIOUS, link
from mastery_engine.contracts.audit_seals import DAY_MS, AuditSeals
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.engine.audit import ChainReport
from mastery_engine.engine.audit_verify import check_trail
from mastery_engine.engine.audit_witness import WitnessedTrail, Witnesses
from mastery_engine.ports import AuditEntry, AuditTrail

PSEUDONYMS = Pseudonyms(b"k" * 32)
SEALS = AuditSeals(PSEUDONYMS)
Execute = Callable[..., list[Any]]


class Place(NamedTuple):
    """A trail, its database as somebody with all rights sees it, and the store of its witnesses."""

    trail: AuditTrail
    sql: Execute
    store: MemoryStateStore
    on_server: bool


def witnessed(trail: AuditTrail, sql: Execute, *, on_server: bool) -> Place:
    store = MemoryStateStore(SystemClock())
    return Place(WitnessedTrail(trail, store, SEALS), sql, store, on_server)


@asynccontextmanager
async def in_files(folder: Path) -> AsyncGenerator[Place]:
    home = SqliteHome(folder, SystemClock())
    trail = await home.audit(PSEUDONYMS)

    def sql(statement: str, *values: object) -> list[Any]:
        with closing(sqlite3.connect(folder / "archive.db", isolation_level=None)) as connection:
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            return connection.execute(statement, values).fetchall()

    try:
        yield witnessed(trail, sql, on_server=False)
    finally:
        await trail.close()
        await home.close()


@asynccontextmanager
async def on_a_server(url: str) -> AsyncGenerator[Place]:
    records = await open_postgres(url, SystemClock(), PSEUDONYMS)

    def sql(statement: str, *values: object) -> list[Any]:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            done = connection.execute(statement.replace("?", "%s").encode(), values)
            return done.fetchall() if done.description else []

    try:
        yield witnessed(records.audit, sql, on_server=True)
    finally:
        await records.close()


def entry(day: int, number: int, tenant: str) -> AuditEntry:
    return AuditEntry(
        tenant_id=tenant,
        at_ms=(20_000 + day) * DAY_MS + number,
        actor="ms-yun",
        role="teacher",
        action="mastery.read",
        subjects=("a" * 32,),
        allowed=number % 2 == 0,
        request_id=f"r{day}{number}",
    )


NORTH = "(SELECT chain FROM audit_chains WHERE tenant_id = 'north')"
SOUTH = "(SELECT chain FROM audit_chains WHERE tenant_id = 'south')"
HEADS = "(SELECT chain FROM audit_chains WHERE tenant_id = '')"


async def found(place: Place) -> dict[str, ChainReport]:
    """What the trail's own database shows not to hold, by school; the register under the empty name."""
    reports = await check_trail(place.trail, SEALS)
    return {report.tenant_id: report for report in reports if not report.holds}


async def missed(place: Place, *made: str) -> dict[str, ChainReport]:
    """The same with what witnesses saw, and which schools are known to be made."""
    reports = await check_trail(place.trail, SEALS, witnesses=Witnesses(place.store), made=made)
    return {report.tenant_id: report for report in reports if not report.holds}


def rechain(place: Place, tenant: str, first: int, change: Callable[[AuditEntry], AuditEntry]) -> None:
    """Write a chain anew from a record on, consistently, its noted end too; only the key is missing."""
    (chain,) = place.sql("SELECT chain FROM audit_chains WHERE tenant_id = ?", tenant)[0]
    previous = FIRST_PREVIOUS
    rows = place.sql("SELECT sequence, entry FROM audit_records WHERE chain = ? ORDER BY sequence", chain)
    for sequence, raw in rows:
        one = msgspec.json.decode(raw, type=AuditEntry)
        changed = change(one) if sequence >= first else one
        digest = link(previous, sequence, changed)
        encoded = msgspec.json.encode(changed)
        place.sql(
            "UPDATE audit_records SET previous = ?, hash = ?, entry = ? WHERE chain = ? AND sequence = ?",
            bytes.fromhex(previous),
            bytes.fromhex(digest),
            encoded if isinstance(raw, bytes) else encoded.decode(),
            chain,
            sequence,
        )
        previous = digest
    place.sql("UPDATE audit_chains SET hash = ? WHERE chain = ?", bytes.fromhex(previous), chain)


def cut(place: Place, chain: str, after: int) -> None:
    """Cut records off the end, with their lines of the index, and let the noted end agree."""
    place.sql(f"DELETE FROM audit_records WHERE chain = {chain} AND sequence > {after}")
    place.sql(f"DELETE FROM audit_subjects WHERE chain = {chain} AND sequence > {after}")
    place.sql(
        f"UPDATE audit_chains SET sequence = {after}, hash = (SELECT hash FROM audit_records "
        f"WHERE chain = {chain} AND sequence = {after}) WHERE chain = {chain}"
    )
