"""Taking back what a write that ended late has written of students who were erased meanwhile.

A process may be stopped between the look at its deadline and the write itself, and go on when an eraser has waited for it and
swept. It knows by its clock that it was late. What it has written of others stands: they are folded on from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import structlog

from mastery_engine.contracts import keys
from mastery_engine.contracts.document import TOMBSTONE
from mastery_engine.contracts.erasure import refused_until
from mastery_engine.engine.step import MOST_CONFLICTS, Work, never_at_rest
from mastery_engine.ports import StateStore, Write

_log: Final = structlog.get_logger(__name__)


async def take_back(store: StateStore, written: Iterable[tuple[Work, str]]) -> None:
    """Remove the keys of those who are erased, or whose erasure was lifted, since their documents were read.

    Args:
        store: Where they were written.
        written: Keys, each with whom it is about.

    Raises:
        DependencyDown: The store does not answer.
    """
    of_work: dict[bytes, tuple[Work, list[str]]] = {}
    for work, key in written:
        of_work.setdefault(work.learner.pseudonym, (work, []))[1].append(key)
    markers = await store.get_many([keys.erased(pseudonym.hex()) for pseudonym in of_work])
    gone: list[str] = []
    for (work, names), marker in zip(of_work.values(), markers, strict=True):
        until = refused_until(None if marker is None else marker.value)
        if until is None or until > work.document.refused_until:
            gone += names
    if gone:
        _log.warning("a late write was taken back: its students are erased", keys=len(gone))
        await _remove(store, gone)


async def _remove(store: StateStore, names: list[str]) -> None:
    for _ in range(MOST_CONFLICTS):
        entries = await store.get_many(names)
        writes: Mapping[str, Write] = {
            name: Write(name, None, entry.version)
            for name, entry in zip(names, entries, strict=True)
            if entry is not None and entry.value != TOMBSTONE
        }
        if not writes:
            return
        removed = await store.write_many(list(writes.values()))
        names = [name for name, done in zip(writes, removed, strict=True) if not done]
        if not names:
            return
    raise never_at_rest()
