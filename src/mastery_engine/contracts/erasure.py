"""The erasure of a student as the ledger keeps it: steps that follow each other, under keyed hashes alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

import msgspec
from msgspec import Struct

from mastery_engine.domain.errors import InvalidInput, Problem

ErasureState = Literal["asked", "done", "lifted"]
_KEYED_HASH: Final = re.compile(r"[0-9a-f]{32}")


class ErasureStep(NamedTuple):
    """An entry of the ledger; none ever changes.

    Attributes:
        number: Of the erasure, counted from 1 for each student.
        by: Keyed hash of who asked for it or lifted it; None for a step that nobody asks for.
    """

    number: int
    kind: ErasureState
    at_ms: int
    by: str | None


class Erasure(Struct, frozen=True, kw_only=True):
    """An erasure of a student.

    Attributes:
        tenant_id: The student's tenant.
        student: Keyed hash of the student.
        number: Counts the student's erasures from 1.
        asked_ms: When it was asked for: from then on its marker is in force.
        asked_by: Keyed hash of who asked.
        done_ms: When everything had been removed, None before.
        lifted_ms: When its marker was lifted, None while it is in force.
        lifted_by: Keyed hash of who lifted it.
    """

    tenant_id: str
    student: str
    number: int
    asked_ms: int
    asked_by: str
    done_ms: int | None = None
    lifted_ms: int | None = None
    lifted_by: str | None = None

    @property
    def state(self) -> ErasureState:
        """How far it is."""
        if self.lifted_ms is not None:
            return "lifted"
        return "asked" if self.done_ms is None else "done"

    def refuses(self, timestamp_ms: int) -> bool:
        """Whether an event of the student with that time is kept out: any, and once lifted those not newer than the asking."""
        return self.lifted_ms is None or timestamp_ms <= self.asked_ms


class Marker(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the state store tells those who fold of a student's latest erasure; its key is `erased:{hash}`.

    Attributes:
        asked_ms: When the erasure was asked for.
        lifted: Whether it was lifted: events that are not newer than the asking stay refused.
        v: Version of this layout.
    """

    asked_ms: int
    lifted: bool = False
    v: int = 1


_WHOLE: Final = Marker(asked_ms=0)
_marker_decoder: Final = msgspec.json.Decoder(Marker)


def marker_of(erasure: Erasure) -> bytes:
    """Value of the marker of a student whose latest erasure this is."""
    lifted = erasure.lifted_ms is not None
    told = {"v": 1, "asked_ms": erasure.asked_ms}
    return msgspec.json.encode({**told, "lifted": True} if lifted else told)


def refused_until(marker: bytes | None) -> int | None:
    """The time up to which a marker keeps events out: 0 without one, None where it keeps out all, as a damaged one does."""
    if marker is None:
        return 0
    try:
        read = _marker_decoder.decode(marker)
    except (msgspec.DecodeError, UnicodeDecodeError):
        read = _WHOLE
    return read.asked_ms if read.lifted else None


def is_refused(until: int | None, timestamp_ms: int, appended_ms: int) -> bool:
    """Whether an event is kept out.

    Args:
        until: What `refused_until` told.
        timestamp_ms: The event's own time.
        appended_ms: When it entered the log; one that had entered before the asking is not newer, whatever it says.
    """
    return until is None or min(timestamp_ms, appended_ms) <= until


def erasures(tenant_id: str, student: str, steps: Iterable[ErasureStep]) -> list[Erasure]:
    """A student's erasures, in order, from the entries of the ledger in any order."""
    by_number: dict[int, dict[ErasureState, ErasureStep]] = {}
    for step in steps:
        by_number.setdefault(step.number, {})[step.kind] = step
    found: list[Erasure] = []
    for number, kinds in sorted(by_number.items()):
        asked, done, lifted = kinds["asked"], kinds.get("done"), kinds.get("lifted")
        found.append(
            Erasure(
                tenant_id=tenant_id,
                student=student,
                number=number,
                asked_ms=asked.at_ms,
                asked_by=asked.by or "",
                done_ms=None if done is None else done.at_ms,
                lifted_ms=None if lifted is None else lifted.at_ms,
                lifted_by=None if lifted is None else lifted.by,
            )
        )
    return found


def next_step(latest: Erasure | None, kind: ErasureState, at_ms: int, by: str | None) -> ErasureStep | None:
    """The entry that brings a student's latest erasure to a state; None where it has no place, or is there already.

    An erasure begins where none is in force, is done once, and lifted once it is done.
    """
    state = None if latest is None else latest.state
    number = 0 if latest is None else latest.number
    if kind == "asked":
        return ErasureStep(number + 1, kind, at_ms, by) if state in {None, "lifted"} else None
    before = "asked" if kind == "done" else "done"
    return ErasureStep(number, kind, at_ms, by) if state == before else None


def steps_to_learn(here: Erasure | None, there: Erasure) -> list[ErasureStep]:
    """The entries by which a ledger takes over what a copy of it knows of a student; none where it knows as much.

    A ledger that is behind has come back from earlier days, and what the erasure had removed has come back with it. So an
    erasure that it does not know begins anew: it is carried out once more, and takes a lift over when it is done.

    Args:
        here: The student's latest erasure in the ledger, None without any.
        there: The latest one in the copy.
    """
    if here is None or here.number < there.number:
        return [ErasureStep(there.number, "asked", there.asked_ms, there.asked_by)]
    if here.number == there.number and here.state == "done" and there.lifted_ms is not None:
        return [ErasureStep(there.number, "lifted", there.lifted_ms, there.lifted_by)]
    return []


def check_hash(name: str, told: str) -> None:
    """Refuse whatever is no keyed hash, a student's id above all; it is not repeated.

    Raises:
        InvalidInput: It is none.
    """
    if not _KEYED_HASH.fullmatch(told):
        raise InvalidInput.of(Problem(name, "", "must be a keyed hash, 32 hexadecimal digits"))
