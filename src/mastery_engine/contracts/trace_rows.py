"""Rows of tables that mention students: those that a sweep takes away, and those that somebody else's words are in.

An erasure waits until nothing of the first kind is left. The second kind is told in its report and keeps nothing open: a class
or a course may be named like a student, an event of one student may mention another in `metadata`, and what is on record stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from mastery_engine.contracts.event_json import identity
from mastery_engine.contracts.traces import Person, Traces, tenant_of

_OWNED: Final = frozenset(("events", "archived_events"))
_KEYED: Final = frozenset(("records", "entries"))
_BODIES: Final = frozenset(("dead_letters", "cohorts"))
# They hold keyed hashes, or what a school says of itself.
_UNSWEPT_KEYS: Final = ("tenant:", "erased:", "erasing", "restricted:", "revoked:", "privacy:")


class Mentioned(NamedTuple):
    """Whom a row mentions.

    Attributes:
        theirs: Whose row it is, or who is in it as a sweep would find: it is to go.
        elsewhere: Of whom there are words in a row that stays.
    """

    theirs: set[Person]
    elsewhere: set[Person]


def mentioned_in_row(
    table: str, row: Mapping[str, Any], tenant_id: str | None, traces: Traces, *, ours: bool = True
) -> Mentioned:
    """Whom a row mentions.

    Args:
        table: Its table's name.
        row: Values by column.
        tenant_id: Whose row it is; None where that is not known.
        traces: Of the students.
        ours: Whether it is a table of ours; in one of somebody else's, whole values may be ids.
    """
    theirs: set[Person] = set()
    if table in _OWNED:
        theirs = set(traces.people & {(tenant_id or "", str(row.get("student_id")))})
    elif table in _KEYED:
        theirs = _keyed(_text(row.get("key")), _bytes(row.get("value")), traces)
    elif table in _BODIES:
        theirs = traces.of_persons(_bytes(row.get("body")), tenant_id)
        theirs |= traces.people & {(tenant_id or "", str(row.get("student_id")))}
    return Mentioned(theirs, _words(row.values(), tenant_id, traces, ours=ours) - theirs)


def _keyed(key: str, value: bytes, traces: Traces) -> set[Person]:
    named = traces.of_key(key)
    if named is not None:
        return {named}
    if "student:" in key:
        told, student_id, _ = identity(value) if traces.might(value) else (None, None, None)
        return set(traces.people & {(told or "", student_id or "")})
    if key.startswith(_UNSWEPT_KEYS):
        return set()
    return traces.of_persons(value, tenant_of(key))


def _words(values: Iterable[Any], tenant_id: str | None, traces: Traces, *, ours: bool) -> set[Person]:
    found: set[Person] = set()
    for value in values:
        if isinstance(value, str | bytes):
            found |= traces.in_bytes(_bytes(value), tenant_id)
            if not ours:
                found |= traces.of_value(_bytes(value), tenant_id) | traces.of_text(str(value), tenant_id)
    return found


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value or "").encode()


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
