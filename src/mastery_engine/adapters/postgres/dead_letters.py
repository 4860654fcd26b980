"""Dead letters of record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, get_args

import msgspec
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from mastery_engine.adapters.postgres.database import Database, Lease
from mastery_engine.adapters.postgres.erasures import unerased_of
from mastery_engine.adapters.postgres.tables import LETTERS
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.ports import DeadLetter, LetterStatus

_LETTER: Final = msgspec.msgpack.Decoder(DeadLetter)
_ADD_BATCH: Final = 1_000


class PostgresDeadLetters(Lease):
    """Dead letters by id."""

    def __init__(self, database: Database, pseudonyms: Pseudonyms | None = None) -> None:
        """Use a database.

        Args:
            database: Its schema must be this release's.
            pseudonyms: By which the erasure ledger knows students; without them it is not asked.
        """
        super().__init__(database)
        self._pseudonyms = pseudonyms

    async def add(self, letters: Sequence[DeadLetter]) -> int:
        added = 0
        async with self._database.write() as connection:
            if self._pseudonyms is not None and letters:
                letters = await unerased_of(connection, self._pseudonyms, letters)
            # In one order by all writers; of one id the first comes first, as the sort keeps their order.
            rows = [_row(letter) for letter in sorted(letters, key=lambda letter: letter.letter_id)]
            for start in range(0, len(rows), _ADD_BATCH):
                adding = insert(LETTERS).values(rows[start : start + _ADD_BATCH]).on_conflict_do_nothing()
                added += len((await connection.scalars(adding.returning(LETTERS.c.letter_id))).all())
        return added

    async def get(self, letter_id: str) -> DeadLetter | None:
        async with self._database.read() as connection:
            body = await connection.scalar(select(LETTERS.c.body).where(LETTERS.c.letter_id == letter_id))
        return None if body is None else _LETTER.decode(body)

    async def find(
        self,
        *,
        tenant_id: str | None = None,
        status: LetterStatus | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> list[DeadLetter]:
        chosen = select(LETTERS.c.body).order_by(LETTERS.c.letter_id).limit(limit)
        if tenant_id is not None:
            chosen = chosen.where(LETTERS.c.tenant_id == tenant_id)
        if status is not None:
            chosen = chosen.where(LETTERS.c.status == status)
        if after is not None:
            chosen = chosen.where(LETTERS.c.letter_id > after)
        async with self._database.read() as connection:
            return [_LETTER.decode(body) for body in (await connection.scalars(chosen)).all()]

    async def replace(self, letter: DeadLetter, expected: DeadLetter) -> bool:
        this = LETTERS.c.letter_id == letter.letter_id
        async with self._database.write() as connection:
            body = await connection.scalar(select(LETTERS.c.body).where(this).with_for_update())
            if body is None or _LETTER.decode(body) != expected:
                return False
            if self._pseudonyms is not None and not await unerased_of(connection, self._pseudonyms, [letter]):
                return False
            await connection.execute(update(LETTERS).where(this).values(_row(letter)))
            return True

    async def remove(self, letter_ids: Sequence[str]) -> int:
        gone = delete(LETTERS).where(LETTERS.c.letter_id.in_(sorted(letter_ids)))
        async with self._database.write() as connection:
            return (await connection.execute(gone)).rowcount

    async def counts(self) -> dict[LetterStatus, int]:
        async with self._database.read() as connection:
            rows = await connection.execute(select(LETTERS.c.status, func.count()).group_by(LETTERS.c.status))
            found: Sequence[tuple[LetterStatus, int]] = rows.all()
        return {**dict.fromkeys(get_args(LetterStatus), 0), **dict(found)}


def _row(letter: DeadLetter) -> dict[str, Any]:
    return {
        "letter_id": letter.letter_id,
        "tenant_id": letter.tenant_id,
        "student_id": letter.student_id,
        "status": letter.status,
        "body": msgspec.msgpack.encode(letter),
    }
