"""What the state store holds, decoded for people."""

from __future__ import annotations

import re
from typing import Any, Final
from uuid import UUID

import msgspec

from mastery_engine.cli.session import Session, operator
from mastery_engine.contracts import keys
from mastery_engine.contracts.document import TOMBSTONE, decode_document
from mastery_engine.contracts.document_view import document_view, plain
from mastery_engine.contracts.processed import read_processed
from mastery_engine.domain.errors import NotFound

_SCHOOL: Final = re.compile(r"school:(?P<tenant>[^:]+):")
_LEARNER: Final = re.compile(r"(?:school:[^:]+:)?(?:replay:[^:]+:)?student:(?P<student>[^:]+):")
_PROCESSED: Final = re.compile(r"(?:school:[^:]+:)?processed:(?P<event>[0-9a-f-]{36})\Z")
_REPLAYED: Final = re.compile(r"(?:school:[^:]+:)?replay:[^:]+:slice:[0-9]+\Z")
_DOCUMENT: Final = ":profile:current_mastery"


async def stored(session: Session, key: str) -> dict[str, Any]:
    """The value under a key, once the look is on record: of a student's key as one at the student.

    Others may name students too, such as jobs and their results, and what they are is known only once they are read.

    Raises:
        NotFound: There is no such key.
    """
    engine = session.engine
    learner, school = _LEARNER.match(key), _SCHOOL.match(key)
    caller = operator(keys.DEFAULT_TENANT if school is None else school["tenant"])
    students = [] if learner is None else [learner["student"]]
    await engine.access.record(caller, "state.read", students, allowed=True)
    entry = (await engine.adapters.store.get_many([key]))[0]
    if entry is None:
        raise NotFound(f"the state store has no key {key[:200]!r}")
    return {
        "key": key,
        "version": entry.version,
        "bytes": len(entry.value),
        "value": _decoded(key, entry.value),
    }


def _decoded(key: str, value: bytes) -> object:
    if value == TOMBSTONE:
        return "erased"
    if key.endswith(_DOCUMENT):
        return document_view(decode_document(value))
    processed = _PROCESSED.match(key)
    if processed:
        record = read_processed(UUID(processed["event"]).bytes, value)
        return {"damaged": value.hex()} if record is None else plain(record)
    if _REPLAYED.match(key):
        # It names students whose data nobody has asked for.
        return "the report on a slice; told by: mastery replay --resume"
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {"hex": value.hex()}
