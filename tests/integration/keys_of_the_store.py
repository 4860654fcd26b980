"""The table of the state's keys, as the specification has it, and what a Redis holds, as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from redis import Redis

SECOND: Final = 1_000
DAY: Final = 86_400 * SECOND
_SCHOOL: Final = r"(?:school:(?P<school>[a-z0-9][a-z0-9_-]{0,49}):)?"
_STUDENT: Final = r"student:(?P<student>[A-Za-z0-9_-]{1,50})"
_DATE: Final = r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
_UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
TABLE: Final = {
    "document": rf"{_SCHOOL}{_STUDENT}:profile:current_mastery",
    "day": rf"{_SCHOOL}{_STUDENT}:mastery:{_DATE}",
    "component": rf"{_SCHOOL}{_STUDENT}:mastery:{_DATE}:(?P<component>completion|quiz|quality|consistency)",
    "activity": rf"{_SCHOOL}{_STUDENT}:activity:recent",
    "processed": rf"{_SCHOOL}processed:(?P<event>{_UUID})",
    "tenant": r"tenant:(?P<made>[a-z0-9][a-z0-9_-]{0,49})",
    "witness": r"audit-witness:(?:[a-z0-9][a-z0-9_-]{0,49})?",
}
"""Patterns by kind, of the kinds that somebody writes today."""
OF_A_REPLAY: Final = {
    "run": rf"{_SCHOOL}replay:unfinished",
    "slice": rf"{_SCHOOL}replay:{_UUID}:slice:[0-9]+",
    "rebuilt": rf"{_SCHOOL}replay:{_UUID}:{_STUDENT}:profile:current_mastery",
}
"""What is there while a replay runs, and a week at most."""


class Raw(NamedTuple):
    """A key as the server has it.

    Attributes:
        key: Its name.
        kind: As a table calls it; empty for what no table knows.
        told: What the name says, by part.
        type: Of the value.
        fields: Of the HASH.
        expires_ms: When it expires, Unix milliseconds; None for never.
    """

    key: str
    kind: str
    told: dict[str, str]
    type: str
    fields: dict[bytes, bytes]
    expires_ms: int | None

    @property
    def school(self) -> str:
        return self.told.get("school") or "default"

    @property
    def value(self) -> bytes:
        return self.fields[b"data"]


def raw_keys(url: str) -> list[Raw]:
    """Every key of the database, by name; in one thread and at once, so that a callback may ask."""
    client: Any = Redis.from_url(url)
    with client:
        found = [_raw(client, name) for name in sorted(client.keys("*"))]
    return [one for one in found if one is not None]


def _raw(client: Any, name: bytes) -> Raw | None:
    key = name.decode()
    kind, told = _known(key)
    sort = client.type(name).decode()
    expires = client.execute_command("PEXPIRETIME", name)
    if sort == "none":
        return None
    fields: dict[bytes, bytes] = client.hgetall(name) if sort == "hash" else {}
    return Raw(key, kind, told, sort, fields, None if expires < 0 else expires)


def _known(key: str) -> tuple[str, dict[str, str]]:
    for kind, pattern in {**TABLE, **OF_A_REPLAY}.items():
        match = re.fullmatch(pattern, key)
        if match is not None:
            return kind, {name: one for name, one in match.groupdict().items() if one is not None}
    return "", {}


def of_kind(kind: str, found: Iterable[Raw]) -> list[Raw]:
    return [one for one in found if one.kind == kind]
