"""Dead letters of record."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final, get_args

import msgspec

from mastery_engine.adapters.sqlite.database import Database, Lease
from mastery_engine.adapters.sqlite.erasures import unerased_of
from mastery_engine.adapters.sqlite.rows import Row, insert
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.ports import DeadLetter, LetterStatus

_LETTER: Final = msgspec.msgpack.Decoder(DeadLetter)


class SqliteDeadLetters(Lease):
    """Dead letters by id."""

    def __init__(self, database: Database, pseudonyms: Pseudonyms | None = None) -> None:
        """Use a database with `ARCHIVE_SCHEMA`.

        Args:
            database: Open.
            pseudonyms: By which the erasure ledger knows students; without them it is not asked.
        """
        super().__init__(database)
        self._pseudonyms = pseudonyms

    async def add(self, letters: Sequence[DeadLetter]) -> int:
        def job(connection: sqlite3.Connection) -> int:
            kept = letters
            if self._pseudonyms is not None:
                kept = unerased_of(connection, self._pseudonyms, letters)
            return insert(
                connection,
                "INSERT INTO dead_letters (letter_id, tenant_id, status, body)",
                [_row(letter) for letter in kept],
                "ON CONFLICT DO NOTHING",
            )

        return await self._database.write(job)

    async def get(self, letter_id: str) -> DeadLetter | None:
        return await self._database.read(lambda connection: _get(connection, letter_id))

    async def find(
        self,
        *,
        tenant_id: str | None = None,
        status: LetterStatus | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> list[DeadLetter]:
        conditions = {"letter_id > ?": after, "tenant_id = ?": tenant_id, "status = ?": status}
        given = {condition: value for condition, value in conditions.items() if value is not None}
        where = f"WHERE {' AND '.join(given)}" if given else ""
        select = f"SELECT body FROM dead_letters {where} ORDER BY letter_id LIMIT ?"  # noqa: S608
        rows = await self._database.read(
            lambda connection: connection.execute(select, (*given.values(), limit)).fetchall()
        )
        return [_LETTER.decode(body) for (body,) in rows]

    async def replace(self, letter: DeadLetter, expected: DeadLetter) -> bool:
        def job(connection: sqlite3.Connection) -> bool:
            if _get(connection, letter.letter_id) != expected:
                return False
            if self._pseudonyms is not None and not unerased_of(connection, self._pseudonyms, [letter]):
                return False
            letter_id, *values = _row(letter)
            connection.execute(
                "UPDATE dead_letters SET tenant_id = ?, status = ?, body = ? WHERE letter_id = ?",
                (*values, letter_id),
            )
            return True

        return await self._database.write(job)

    async def remove(self, letter_ids: Sequence[str]) -> int:
        def job(connection: sqlite3.Connection) -> int:
            delete = "DELETE FROM dead_letters WHERE letter_id = ?"
            return sum(connection.execute(delete, (letter_id,)).rowcount for letter_id in letter_ids)

        return await self._database.write(job) if letter_ids else 0

    async def counts(self) -> dict[LetterStatus, int]:
        rows = await self._database.read(
            lambda connection: connection.execute(
                "SELECT status, count(*) FROM dead_letters GROUP BY status"
            ).fetchall()
        )
        return {**dict.fromkeys(get_args(LetterStatus), 0), **dict(rows)}


def _row(letter: DeadLetter) -> Row:
    return (letter.letter_id, letter.tenant_id, letter.status, msgspec.msgpack.encode(letter))


def _get(connection: sqlite3.Connection, letter_id: str) -> DeadLetter | None:
    row = connection.execute("SELECT body FROM dead_letters WHERE letter_id = ?", (letter_id,)).fetchone()
    return None if row is None else _LETTER.decode(row[0])
