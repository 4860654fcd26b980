"""Events of erased students kept out of an archive that knows students by their ids, and its ledger by their hashes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, final

from mastery_engine.contracts.erasure import Erasure, ErasureStep, erasures
from mastery_engine.contracts.keys import Pseudonyms
from mastery_engine.ports import ArchivedEvent, DeadLetter

_by_student: Final = itemgetter(0, 1)


@final
class StudentHashes:
    """Keyed hashes of the students of some events."""

    def __init__(self, pseudonyms: Pseudonyms, events: Iterable[ArchivedEvent]) -> None:
        """Hash each student once."""
        students = {(event.tenant_id, event.student_id) for event in events}
        self._hashes = {student: pseudonyms.of(*student) for student in students}

    @property
    def hashes(self) -> list[str]:
        """All of them, sorted."""
        return sorted(self._hashes.values())

    def unerased(
        self, events: Sequence[ArchivedEvent], latest: Mapping[str, Erasure]
    ) -> Sequence[ArchivedEvent]:
        """The events that no erasure refuses.

        Args:
            events: Those whose students were hashed.
            latest: The latest erasure of each student who has one, by hash.
        """
        if not latest:
            return events
        return [event for event in events if not self._is_refused(event, latest)]

    def _is_refused(self, event: ArchivedEvent, latest: Mapping[str, Erasure]) -> bool:
        erasure = latest.get(self._hashes[event.tenant_id, event.student_id])
        return erasure is not None and erasure.refuses(min(event.timestamp, event.appended_ms))


def owner_hashes(pseudonyms: Pseudonyms, letters: Iterable[DeadLetter]) -> list[str]:
    """Keyed hashes of the students of some dead letters, sorted."""
    return sorted({pseudonyms.of(*owner) for letter in letters if (owner := letter.owner) is not None})


def unerased_letters(
    pseudonyms: Pseudonyms, letters: Sequence[DeadLetter], latest: Mapping[str, Erasure]
) -> Sequence[DeadLetter]:
    """The letters that no erasure refuses.

    Args:
        pseudonyms: By which the erasures know students.
        letters: Any.
        latest: The latest erasure of each of their students who has one, by hash.
    """

    def is_kept(letter: DeadLetter) -> bool:
        owner = letter.owner
        erasure = None if owner is None else latest.get(pseudonyms.of(*owner))
        return erasure is None or not erasure.refuses(letter.failed_at_ms)

    return [letter for letter in letters if is_kept(letter)] if latest else letters


def latest_of(rows: Iterable[Sequence[Any]]) -> dict[str, Erasure]:
    """The latest erasure by student, from rows of tenant, student and the fields of `ErasureStep`, in any order."""
    found: dict[str, Erasure] = {}
    for (tenant_id, student), steps in groupby(sorted(rows, key=_by_student), key=_by_student):
        found[student] = erasures(tenant_id, student, [ErasureStep(*row[2:]) for row in steps])[-1]
    return found


def in_turn(rows: Iterable[Sequence[Any]]) -> list[Erasure]:
    """The erasures that such rows begin, in the order of the rows."""
    return [erasures(row[0], row[1], [ErasureStep(*row[2:])])[0] for row in rows]
